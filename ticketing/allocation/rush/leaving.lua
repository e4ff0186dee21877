-- Takes a student off the waiting list: the student leaves, or the council removes with a reason.
--
-- PARTS    common event waiting
-- KEYS     as event.lua says, with all zones
-- ARGV     as event.lua says, then: 1 student  2 'left' or 'removed'  3 actor  4 reason
--          5 code for a ticket of who moves up
-- RETURNS  'left' (also when it was so before), 'promoted', or 'unknown' for who never waited

local student, status, actor, reason = ARGV[OWN + 1], ARGV[OWN + 2], tonumber(ARGV[OWN + 3]), ARGV[OWN + 4]

local head, why = head_of(state, ARGV[1])
if not head then
    return {why}
end
local sale, mine = sale_of(), entry_of(student)
if not sale then
    return {'unavailable'}
end
if not mine then
    return {'unknown'}
end
if not ACTIVE[mine.status] then
    return {mine.status == 'promoted' and 'promoted' or 'left'}
end
if not knows_offer(mine) then
    return {'stale'}
end
local entry = begun('waiting')
end_entry(mine, status, head, sale, ARGV[OWN + 5], entry, actor, reason)
commit(stream, state, head, entry)
return {'left'}
