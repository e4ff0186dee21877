-- Bars a student from an event and its waiting list, or lifts the bar.
--
-- PARTS    common event waiting
-- KEYS     as event.lua says, with all zones
-- ARGV     as event.lua says, then: 1 student  2 'bar' or 'lift'  3 actor  4 reason
--          5 code for a ticket of who moves up
-- RETURNS  'done', or 'nothing' when it was so before

local student, verb, actor, reason = ARGV[OWN + 1], ARGV[OWN + 2], tonumber(ARGV[OWN + 3]), ARGV[OWN + 4]

local head, why = head_of(state, ARGV[1])
if not head then
    return {why}
end
local sale = sale_of()
if not sale then
    return {'unavailable'}
end
local bar = verb == 'bar'
if (redis.call('SISMEMBER', barred, student) == 1) == bar then
    return {'nothing'}
end
local mine = entry_of(student)
local ends = bar and mine and ACTIVE[mine.status]
if ends and not knows_offer(mine) then
    return {'stale'}
end

local entry = begun(verb)
entry.bars = {{
    event = event, student = tonumber(student), actor = actor, reason = reason, lifted = not bar and head.now or nil,
}}
change(bar and 'SADD' or 'SREM', barred, student)
if ends then
    end_entry(mine, 'removed', head, sale, ARGV[OWN + 5], entry, actor, reason)
end
commit(stream, state, head, entry)
return {'done'}
