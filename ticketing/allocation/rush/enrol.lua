-- Puts the roster that was built aside in the place of the present one, with the logins that have ended meanwhile.
--
-- KEYS   1 lease  2 students  3 ended  4 students being built  5 ended being built  6 raised meanwhile
--        of the festival
-- ARGV   1 token
-- RETURNS  'done', or 'fenced' when a newer loop has written

if tonumber(redis.call('HGET', KEYS[1], 'token') or '0') > tonumber(ARGV[1]) then
    return {'fenced'}
end
if redis.call('EXISTS', KEYS[4], KEYS[5]) < 2 then
    return redis.error_reply('what was built is not there')
end
redis.call('HSET', KEYS[1], 'token', ARGV[1])
local raised = redis.call('HGETALL', KEYS[6])
for place = 1, #raised, 2 do
    local built, status = string.match(redis.call('HGET', KEYS[4], raised[place]) or '', '^(%d+)|(.*)$')
    if built and tonumber(built) < tonumber(raised[place + 1]) then
        redis.call('HSET', KEYS[4], raised[place], raised[place + 1] .. '|' .. status)
    end
end
redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[6])
redis.call('RENAME', KEYS[4], KEYS[2])
redis.call('RENAME', KEYS[5], KEYS[3])
return {'done'}
