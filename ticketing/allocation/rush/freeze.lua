-- Lets a limit group decide nothing under its present epoch while somebody compares it with its rows, or lets it go on.
-- A freeze ends by itself at its time. Only one that is held does not: whoever holds the lease of the priming loop
-- after its holder lifts it.
--
-- PARTS    common
-- KEYS     1 state   of the limit group
-- ARGV     1 epoch  2 'freeze', 'prolong', 'hold' or 'thaw'  3 token of the lease  4 for how many ms
-- RETURNS  'frozen' and the last entry; 'thawed'; 'lapsed' when somebody may have decided meanwhile; 'other' when this
--          epoch does not decide, decisions are lost, or somebody with a newer token has frozen it

local values = redis.call('HMGET', KEYS[1], 'mode', 'epoch', 'recovering', 'run', 'seq', 'frozen')
local verb, token = ARGV[2], tonumber(ARGV[3])
local its_token, till = string.match(values[6] or '', '^(%d+)|(%d*)$')
if its_token and tonumber(its_token) > token then
    return {'other'}
end
if verb == 'thaw' then
    redis.call('HDEL', KEYS[1], 'frozen')
    return {'thawed'}
end
local latched = values[3] and values[3] ~= ''
if values[1] ~= 'redis' or values[2] ~= ARGV[1] or latched or values[4] ~= own_run() then
    return {'other'}
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if verb ~= 'freeze' and (tonumber(its_token or '') ~= token or (till ~= '' and now >= tonumber(till))) then
    return {'lapsed'}
end
redis.call('HSET', KEYS[1], 'frozen', ARGV[3] .. '|' .. (verb == 'hold' and '' or text(now + tonumber(ARGV[4]))))
return {'frozen', values[5]}
