-- Gives the lowest free place of a zone by hand, past all who press and wait; it takes no arrival.
--
-- PARTS    common event waiting
-- KEYS     as event.lua says, with all zones
-- ARGV     as event.lua says, then: 1 zone  2 claim  3 code  4 student, '' for a guest  5 guest's name  6 actor
--          7 reason  8 code for a ticket of who moves up
-- RETURNS  'granted', 'sold_out', 'already_won', 'limit_reached', 'barred' or 'unknown'

local zone, claim, code, student = ARGV[OWN + 1], ARGV[OWN + 2], ARGV[OWN + 3], ARGV[OWN + 4]
local guest, actor, reason = ARGV[OWN + 5], ARGV[OWN + 6], ARGV[OWN + 7]

local head, why = head_of(state, ARGV[1])
if not head then
    return {why}
end
local sale = sale_of()
if not sale then
    return {'unavailable'}
end
local mine
if student ~= '' then
    local known = redis.call('HGET', students, student)
    if not known or string.match(known, '|(.*)$') == 'gone' then
        return {'unknown'}
    end
    local held = redis.call('HGET', live, student)
    if held then
        local its_event = ticket_of(redis.call('HGET', tickets, held)).event
        return {its_event == event and 'already_won' or 'limit_reached'}
    end
    if redis.call('SISMEMBER', barred, student) == 1 then
        return {'barred'}
    end
    mine = entry_of(student)
end
if not zones[zone] or (mine and not knows_offer(mine)) then
    return {'stale'}
end
local place = lowest(zone)
if not place then
    return {'sold_out'}
end

local entry = begun('grant')
local holder = {
    student = student ~= '' and student or 'guest:' .. claim, claim = claim, arrival = '', elapsed = '',
}
local ticket = give(holder, place, head, code, {guest = guest, granted_by = actor, grant_reason = reason})
entry.tickets[1] = told(ticket, group)
entry.places[1] = take(place)
if student ~= '' then
    entry.mails = {{kind = 'granted', claim = claim}}
end
if mine and ACTIVE[mine.status] then
    end_entry(mine, 'promoted', head, sale, ARGV[OWN + 8], entry, tonumber(actor), reason)
end
commit(stream, state, head, entry)
return {'granted'}
