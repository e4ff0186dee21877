-- Applies what the council wants of an event's sale: times, pause, doors.
--
-- PARTS    common
-- KEYS   1 state  2 stream   of the limit group
--        3 conf              of the event
-- ARGV   1 epoch  2 event, then pairs of field and value
-- RETURNS  'done', or 'nothing' when it was so before; 'recovering' when the conf is lost

local head, why = head_of(KEYS[1], ARGV[1])
if not head then
    return {why}
end
if redis.call('EXISTS', KEYS[3]) == 0 then
    return {'recovering'}
end
local applied, changed = {}, false
for place = 3, #ARGV, 2 do
    local before = redis.call('HGET', KEYS[3], ARGV[place])
    changed = changed or before ~= ARGV[place + 1]
    applied[ARGV[place]] = ARGV[place + 1]
end
if not changed then
    return {'nothing'}
end
append(KEYS[2], head, {kind = 'sale', sales = {{event = ARGV[2], applied = applied}}})
save_head(KEYS[1], head)
redis.call('HSET', KEYS[3], unpack(ARGV, 3))
return {'done'}
