-- Writes a part of a key that is built aside, or takes what was built before away.
--
-- KEYS   1 lease   of the festival
--        then the key that is built, or those that go
-- ARGV   1 token  2 HSET, HDEL, ZADD or SADD, then its arguments; or UNLINK
-- RETURNS  'done', or 'fenced' when a newer loop has written

local AT_ONCE = 2000  -- Lua takes no more than 8,000 arguments from a table at once

if tonumber(redis.call('HGET', KEYS[1], 'token') or '0') > tonumber(ARGV[1]) then
    return {'fenced'}
end
redis.call('HSET', KEYS[1], 'token', ARGV[1])
if ARGV[2] == 'UNLINK' then
    redis.call('UNLINK', unpack(KEYS, 2))
    return {'done'}
end
for first = 3, #ARGV, AT_ONCE do
    redis.call(ARGV[2], KEYS[2], unpack(ARGV, first, math.min(first + AT_ONCE - 1, #ARGV)))
end
return {'done'}
