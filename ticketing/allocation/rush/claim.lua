-- Decides one press: the lowest free place of the first wanted zone that has one for this student, else an entry of the
-- waiting list while there is room, or the first refusal that holds.
--
-- PARTS    common event waiting
-- KEYS     as event.lua says, with the wanted zones in order of preference
-- ARGV     as event.lua says, then: 1 student  2 session  3 generation  4 claim  5 code  6 early tries
--          7 tries in a window  8 window in ms  9 names of the wanted zones as JSON
--          10 lag of the rows in ms from which on a win could outlive its receipt
-- RETURNS  the word of the decision, the time in ms, then what belongs to the word (read by authority.py)

local student, session, generation = ARGV[OWN + 1], ARGV[OWN + 2], ARGV[OWN + 3]
local new_claim, code = ARGV[OWN + 4], ARGV[OWN + 5]

local head, why = head_of(state, ARGV[1])
if not head then
    return {why}
end
local now, sale = text(head.now), sale_of()
if not sale then
    return {'unavailable'}
end

-- Whose press is it, and what has this student already?
local its_generation, status = string.match(redis.call('HGET', students, student) or '', '^(%d+)|(.*)$')
if its_generation ~= generation or redis.call('ZSCORE', ended, session) then
    return {'session_ended', now}
end
local held = redis.call('HGET', live, student)
if held then
    local line = redis.call('HGET', tickets, held)
    if ticket_of(line).event == event then
        return {'already_won', now, line}
    end
    return {'limit_reached', now, ticket_of(line).event}
end
local before_it = entry_of(student)
if before_it and ACTIVE[before_it.status] then
    return {'waitlisted', now, joined(ENTRY_PARTS, before_it), text(redis.call('ZRANK', waiting, student) + 1)}
end
if redis.call('SISMEMBER', barred, student) == 1 then
    return {'barred', now}
end

-- For which of the wanted zones, and from when?
local opening_of, class = openings_for(student, status, sale)
local open, opening = {}, nil
for _, zone in ipairs(named) do
    local its_opening = opening_of(zone)
    if its_opening then
        opening = math.min(opening or its_opening, its_opening)
        if is_open(its_opening, head.now, sale) then
            open[#open + 1] = zone
        end
    end
end
if not opening then
    return {'not_eligible', now, status, class or ''}
end

local spent = redis.call('HMGET', tries, student .. ':early', student .. ':window')
if #open == 0 then
    local early = tonumber(spent[1] or '0')
    if early >= tonumber(ARGV[OWN + 6]) then
        return {'too_early_too_often', now, text(opening)}
    end
    redis.call('HSET', tries, student .. ':early', text(early + 1))
    return {'not_open', now, text(opening)}
end
if sale.paused == '1' then
    return {'paused', now}
end
if head.now >= tonumber(sale.closes) then
    return {'closed', now}
end
local since, count = string.match(spent[2] or '', '^(%d+)|(%d+)$')
if not since or tonumber(since) + tonumber(ARGV[OWN + 8]) <= head.now then
    since, count = now, '0'
end
if tonumber(count) >= tonumber(ARGV[OWN + 7]) then
    return {'too_many_requests', now, text(tonumber(since) + tonumber(ARGV[OWN + 8]))}
end
local window = since .. '|' .. text(tonumber(count) + 1)

-- A receipt must outlive the time in which its claim has no row.
if lag_of(head) >= tonumber(ARGV[OWN + 10]) then
    return {'unavailable'}
end

-- The lowest free place of the first wanted zone that has one, passing nobody who waits for it.
local place
for _, zone in ipairs(open) do
    local found, primed = lowest(zone)
    if not primed then
        return {'unavailable'}
    end
    if found and not others_want(zone, head.now, sale) then
        place = found
        break
    end
end
local joins = not place and redis.call('ZCARD', waiting) < tonumber(sale.waitlist)

local before = redis.call('HGET', first, student)
local opens = tonumber(sale.opens)
local elapsed = math.max(0, head.now - opens)
if not place and not joins and before then
    redis.call('HSET', tries, student .. ':window', window)
    return {'sold_out', now, before}
end

-- Decided.
head.arrival = head.arrival + 1
local answer = place and 'won' or joins and 'waitlisted' or 'sold_out'
local wanted = cjson.decode(ARGV[OWN + 9])
local entry = joins and begun('claim') or {kind = 'claim'}
entry.arrival = head.arrival
entry.claims = {{
    id = new_claim, event = event, group = group, student = tonumber(student), arrival = head.arrival, at = head.now,
    elapsed = elapsed, answer = answer, zones = wanted,
}}
if head.now >= opens and sale.opening ~= sale.opens then
    entry.openings = {{event = event, opening = opens}}
    change('HSET', conf, 'opening', sale.opens)
end
change('HSET', tries, student .. ':window', window)
local first_line = before and string.match(before, '^(.*|)[^|]*$') or
    table.concat({text(head.arrival), text(elapsed), now, ''}, '|')
change('HSET', first, student, first_line .. answer)

local mine = {
    student = student, status = 'waiting', claim = new_claim, event = event, arrival = text(head.arrival),
    elapsed = text(elapsed), since = now, zones = table.concat(named, ';'), offer_zone = '', offer_number = '',
    offer_generation = '', offer_until = '',
}
if place then
    local ticket = give(mine, place, head, code)
    entry.tickets, entry.places = {told(ticket, group)}, {take(place)}
    commit(stream, state, head, entry)
    return {'won', now, line_of(ticket)}
end
if joins then
    change('HSET', entries, student, joined(ENTRY_PARTS, mine))
    change('ZADD', waiting, mine.arrival, student)
    count_wants(mine, 1)
    entry.waiting = {told_entry(mine, head)}
    commit(stream, state, head, entry)
    return {'waitlisted', now, joined(ENTRY_PARTS, mine), text(redis.call('ZRANK', waiting, student) + 1)}
end
commit(stream, state, head, entry)
return {'sold_out', now, first_line .. answer}
