-- Makes a ticket of an offer that still stands.
--
-- PARTS    common event waiting
-- KEYS     as event.lua says, without zones
-- ARGV     as event.lua says, then: 1 student  2 code for the ticket
-- RETURNS  the word, the time in ms, then: the ticket of 'won' and 'already_won', the other event of 'limit_reached'

local student, code = ARGV[OWN + 1], ARGV[OWN + 2]

local head, why = head_of(state, ARGV[1])
if not head then
    return {why}
end
local now = text(head.now)
local held = redis.call('HGET', live, student)
if held then
    local line = redis.call('HGET', tickets, held)
    if ticket_of(line).event == event then
        return {'already_won', now, line}
    end
    return {'limit_reached', now, ticket_of(line).event}
end
local mine = entry_of(student)
if not mine or (mine.status ~= 'offered' and mine.status ~= 'lapsed') then
    return {'no_offer', now}
end
if mine.status == 'lapsed' or head.now >= tonumber(mine.offer_until) then
    return {'offer_expired', now}
end
local entry = begun('waiting')
local number, generation = tonumber(mine.offer_number), tonumber(mine.offer_generation)
local place = {zone = mine.offer_zone, number = number, generation = generation}
local ticket = give(mine, place, head, code)
entry.tickets[1] = told(ticket, group)
entry.waiting[1] = settle(mine, 'promoted', head)
commit(stream, state, head, entry)
return {'won', now, line_of(ticket)}
