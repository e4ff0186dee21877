-- Puts keys that were built aside in the place of the present ones, all at once.
--
-- KEYS   1 lease, then pairs of the new key and the present one   of the festival
-- ARGV   1 token
-- RETURNS  'done', or 'fenced' when a newer loop has written

if tonumber(redis.call('HGET', KEYS[1], 'token') or '0') > tonumber(ARGV[1]) then
    return {'fenced'}
end
redis.call('HSET', KEYS[1], 'token', ARGV[1])
for place = 2, #KEYS, 2 do
    redis.call('UNLINK', KEYS[place + 1])
    if redis.call('EXISTS', KEYS[place]) == 1 then
        redis.call('RENAME', KEYS[place], KEYS[place + 1])
    end
end
return {'done'}
