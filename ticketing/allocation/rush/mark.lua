-- Marks a live ticket used by a scan, or takes a wrong use back: from then on it can, or cannot, be cancelled.
-- No entry is appended: the gate writes its rows itself, this only fences the student's cancel.
--
-- PARTS    common
-- KEYS   1 state  2 tickets   of the limit group
-- ARGV   1 epoch  2 code  3 'used' or 'held'  4 scan
-- RETURNS  'done' (also when it was so before, by the same scan), or 'refused' and the status that forbids it

local head, why = head_of(KEYS[1], ARGV[1])
if not head then
    return {why}
end
local line = redis.call('HGET', KEYS[2], ARGV[2])
local ticket = line and ticket_of(line)
if not ticket or not LIVE[ticket.status] then
    return {'refused', ticket and ticket.status or 'unknown'}
end
local status, scan = ARGV[3], ARGV[4]
if status == 'used' and ticket.status == 'used' and ticket.scan ~= scan then
    return {'refused', 'used'}
end
ticket.status, ticket.scan = status, status == 'used' and scan or ''
redis.call('HSET', KEYS[2], ARGV[2], line_of(ticket))
return {'done'}
