-- Bars a student from an event, or lifts the bar.
--
-- KEYS   1 state  2 stream   of the limit group
--        3 barred            of the event
-- ARGV   1 epoch  2 event  3 student  4 'bar' or 'lift'  5 actor  6 reason
-- RETURNS  'done', or 'nothing' when it was so before

local head, why = head_of(KEYS[1], ARGV[1])
if not head then
    return {why}
end
local bar = ARGV[4] == 'bar'
local barred = redis.call('SISMEMBER', KEYS[3], ARGV[3]) == 1
if barred == bar then
    return {'nothing'}
end
local change = {event = ARGV[2], student = tonumber(ARGV[3]), actor = tonumber(ARGV[5]), reason = ARGV[6]}
if not bar then
    change.lifted = head.now
end
append(KEYS[2], head, {kind = ARGV[4], bars = {change}})
save_head(KEYS[1], head)
redis.call(bar and 'SADD' or 'SREM', KEYS[3], ARGV[3])
return {'done'}
