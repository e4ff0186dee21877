-- Tells the deciding clock: that of the server that has the keys (on a cluster each has its own), and never earlier than
-- the last decision. It answers whoever decides.
--
-- PARTS    common
-- KEYS     1 state   of the limit group
-- RETURNS  'now' and the time in ms

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
return {'now', text(math.max(now, tonumber(redis.call('HGET', KEYS[1], 'clock') or '0')))}
