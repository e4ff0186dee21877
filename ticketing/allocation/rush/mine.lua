-- Tells what a student was answered last and still holds. Writes nothing.
--
-- PARTS    common event waiting
-- KEYS     as event.lua says, without zones
-- ARGV     as event.lua says, then: 1 student
-- RETURNS  'won' and the ticket; 'waitlisted', the entry and its position; 'offer_expired' and the entry; 'sold_out' and
--          the first arrival; or 'nothing'

local student = ARGV[OWN + 1]

local head, why = head_of(state, ARGV[1])
if not head then
    return {why}
end
local held = redis.call('HGET', live, student)
local line = held and redis.call('HGET', tickets, held)
if line and ticket_of(line).event == event then
    return {'won', line}
end
local before = redis.call('HGET', first, student)
local last = before and string.match(before, '[^|]*$')
if last == 'sold_out' then
    return {'sold_out', before}
end
local mine = last == 'waitlisted' and entry_of(student)
if mine and ACTIVE[mine.status] then
    return {'waitlisted', joined(ENTRY_PARTS, mine), text(redis.call('ZRANK', waiting, student) + 1)}
end
if mine and mine.status == 'lapsed' then
    return {'offer_expired', joined(ENTRY_PARTS, mine)}
end
return {'nothing'}
