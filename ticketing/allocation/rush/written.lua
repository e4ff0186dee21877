-- Notes how far the rows of a limit group have followed its stream, and since when the next entry waits.
--
-- PARTS    common
-- KEYS     1 state  2 stream   of the limit group
-- ARGV     1 number of the last entry that has its rows
-- RETURNS  'done', or 'none' when the group has no state

if redis.call('EXISTS', KEYS[1]) == 0 then
    return {'none'}
end
local following = redis.call('XRANGE', KEYS[2], '(' .. ARGV[1] .. '-0', '+', 'COUNT', 1)[1]
local at = '0'
if following then
    -- An entry that no decision made may say no time: then it waits from now on.
    local before = redis.call('HGET', KEYS[1], 'since') or '0'
    at = string.match(following[2][2] or '', '"at":(%d%d%d%d%d%d%d%d%d%d%d%d%d)') or
        (before ~= '0' and before or redis.call('TIME')[1] .. '000')
end
redis.call('HSET', KEYS[1], 'written', ARGV[1], 'since', at)
return {'done'}
