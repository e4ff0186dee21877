-- Compares the run of the server that decides for a limit group with the one that its state names, or takes it over.
--
-- PARTS    common
-- KEYS     1 state   of the limit group
-- ARGV     1 epoch  2 'look' or 'adopt'
-- RETURNS  'same', 'adopted', 'none' (no such state in this epoch), or 'other' and for how long in ms this is known

local values = redis.call('HMGET', KEYS[1], 'epoch', 'run', 'noticed')
local run = own_run()
if values[1] ~= ARGV[1] then
    return {'none'}
end
if ARGV[2] == 'adopt' then
    redis.call('HSET', KEYS[1], 'run', run)
    redis.call('HDEL', KEYS[1], 'noticed')
    return {'adopted'}
end
if values[2] == run then
    return {'same'}
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local its_run, at = string.match(values[3] or '', '^(%x+)|(%d+)$')
if its_run ~= run then
    at = text(now)
    redis.call('HSET', KEYS[1], 'noticed', run .. '|' .. at)
end
return {'other', text(now - tonumber(at))}
