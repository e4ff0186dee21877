-- Decides one press: the lowest free place of the first wanted zone that has one, or the first refusal that holds.
--
-- KEYS   1 state  2 stream  3 live  4 tickets          of the limit group
--        5 conf  6 first  7 tries  8 barred  9 classes 10 openings     of the event
--        11 students  12 ended                         of the festival
--        then three for each wanted zone: state, freed, generations
-- ARGV   1 epoch  2 group  3 event  4 student  5 session  6 generation  7 claim  8 code
--        9 early tries  10 tries in a window  11 window in ms  12 names of the wanted zones as JSON
--        then the key of each wanted zone
-- RETURNS  the word of the decision, the time in ms, then what belongs to the word (read by authority.py)

local state, stream, live, tickets = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local conf, first, tries, barred, classes, openings = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local students, ended = KEYS[11], KEYS[12]
local group, event, student, session, generation = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local EVENT_KEYS, ZONE_KEYS, EVENT_ARGV = 12, 3, 12
local wanted = #ARGV - EVENT_ARGV

local head, why = head_of(state, ARGV[1])
if not head then
    return {why}
end
local now = text(head.now)
local sale = redis.call('HMGET', conf, 'opens', 'closes', 'paused', 'opening', 'rules')
if not sale[1] then
    return {'unavailable'}
end
local opens, closes = tonumber(sale[1]), tonumber(sale[2])

-- Whose press is it?
local known = redis.call('HGET', students, student)
local its_generation, status = string.match(known or '', '^(%d+)|(.*)$')
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
if redis.call('SISMEMBER', barred, student) == 1 then
    return {'barred', now}
end

-- For which of the wanted zones, and from when? With rules, a student is of a class, and the class has an opening for
-- each of its zones (zone=ms; zone= for the event's own opening); without rules every zone is for the enrolled.
local class = nil
if sale[5] == '1' then
    class = redis.call('HGET', openings, redis.call('HGET', classes, student) or '') or ''
end
local function opening_of(zone)
    if not class then
        return status == 'enrolled' and opens or nil
    end
    local _, last = string.find(class, ';' .. zone .. '=', 1, true)
    if not last then
        return nil
    end
    return tonumber(string.match(class, '^%d+', last + 1)) or opens
end
local open, opening = {}, nil
for place = 1, wanted do
    local its_opening = opening_of(ARGV[EVENT_ARGV + place])
    if its_opening then
        opening = math.min(opening or its_opening, its_opening)
        if head.now >= its_opening or (its_opening == opens and sale[4] == sale[1]) then
            open[#open + 1] = place
        end
    end
end
if not opening then
    return {'not_eligible', now, status, class or ''}
end

local spent = redis.call('HMGET', tries, student .. ':early', student .. ':window')
if #open == 0 then
    local early = tonumber(spent[1] or '0')
    if early >= tonumber(ARGV[9]) then
        return {'too_early_too_often', now, text(opening)}
    end
    redis.call('HSET', tries, student .. ':early', text(early + 1))
    return {'not_open', now, text(opening)}
end
if sale[3] == '1' then
    return {'paused', now}
end
if head.now >= closes then
    return {'closed', now}
end
local since, count = string.match(spent[2] or '', '^(%d+)|(%d+)$')
if not since or tonumber(since) + tonumber(ARGV[11]) <= head.now then
    since, count = now, '0'
end
if tonumber(count) >= tonumber(ARGV[10]) then
    return {'too_many_requests', now, text(tonumber(since) + tonumber(ARGV[11]))}
end
local window = since .. '|' .. text(tonumber(count) + 1)

-- The lowest free place of the first wanted zone that has one.
local zone, number, freed, place_generation
for _, place in ipairs(open) do
    local base = EVENT_KEYS + (place - 1) * ZONE_KEYS
    local range = redis.call('HMGET', KEYS[base + 1], 'top', 'next')
    if not range[1] then
        return {'unavailable'}
    end
    local lowest = redis.call('ZRANGE', KEYS[base + 2], 0, 0)[1]
    if lowest or tonumber(range[2]) <= tonumber(range[1]) then
        zone, freed = place, lowest ~= nil
        number = lowest or range[2]
        place_generation = tonumber(redis.call('HGET', KEYS[base + 3], number) or '0') + 1
        break
    end
end

local before = redis.call('HGET', first, student)
local elapsed = math.max(0, head.now - opens)
if not zone and before then
    redis.call('HSET', tries, student .. ':window', window)
    return {'sold_out', now, before}
end
if redis.call('HEXISTS', tickets, ARGV[8]) == 1 then
    return redis.error_reply('a ticket code was made twice')
end

-- Decided; from here on there are only writes, the entry first.
head.arrival = head.arrival + 1
local answer = zone and 'won' or 'sold_out'
local claim = {
    id = ARGV[7], event = event, group = group, student = tonumber(student), arrival = head.arrival, at = head.now,
    elapsed = elapsed, answer = answer, zones = cjson.decode(ARGV[12]),
}
local entry = {kind = 'claim', arrival = head.arrival, claims = {claim}}
local latched = head.now >= opens and sale[4] ~= sale[1]
if latched then
    entry.openings = {{event = event, opening = opens}}
end
local ticket
if zone then
    ticket = {
        holder = student, claim = ARGV[7], event = event, zone = ARGV[EVENT_ARGV + zone], number = number,
        generation = text(place_generation), code = ARGV[8], arrival = text(head.arrival), elapsed = text(elapsed),
        issued = now, status = 'held', scan = '', guest = '',
    }
    entry.tickets = {told(ticket, group)}
end
append(stream, head, entry)
save_head(state, head)
redis.call('HSET', tries, student .. ':window', window)
local first_line = before and string.match(before, '^(.*|)[^|]*$') or
    table.concat({text(head.arrival), text(elapsed), now, ''}, '|')
redis.call('HSET', first, student, first_line .. answer)
if latched then
    redis.call('HSET', conf, 'opening', sale[1])
end
if not zone then
    return {'sold_out', now, first_line .. answer}
end
local base = EVENT_KEYS + (zone - 1) * ZONE_KEYS
if freed then
    redis.call('ZREM', KEYS[base + 2], number)
else
    redis.call('HSET', KEYS[base + 1], 'next', text(tonumber(number) + 1))
end
redis.call('HSET', KEYS[base + 3], number, text(place_generation))
redis.call('HSET', tickets, ARGV[8], line_of(ticket))
redis.call('HSET', live, student, ARGV[8])
return {'won', now, line_of(ticket)}
