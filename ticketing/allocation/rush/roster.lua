-- Tells the sale what has changed in the roster, and which sessions have ended. A generation that was raised meanwhile
-- stays: only a roster that is built anew can bring an older one back.
--
-- KEYS   1 lease  2 students  3 ended  of the festival
-- ARGV   1 token  2 number of students, then pairs of student and generation|status ('' when gone),
--        then pairs of session and the time in ms when its pass ends anyway ('' for one that has not ended)
-- RETURNS  'done', or 'fenced' when a newer loop has written

if tonumber(redis.call('HGET', KEYS[1], 'token') or '0') > tonumber(ARGV[1]) then
    return {'fenced'}
end
redis.call('HSET', KEYS[1], 'token', ARGV[1])
local first_session = 3 + 2 * tonumber(ARGV[2])
for place = 3, first_session - 1, 2 do
    local student, line = ARGV[place], ARGV[place + 1]
    if line == '' then
        redis.call('HDEL', KEYS[2], student)
    else
        local present = string.match(redis.call('HGET', KEYS[2], student) or '', '^(%d+)|')
        local generation, status = string.match(line, '^(%d+)|(.*)$')
        if present and tonumber(present) > tonumber(generation) then
            line = present .. '|' .. status
        end
        redis.call('HSET', KEYS[2], student, line)
    end
end
for place = first_session, #ARGV, 2 do
    if ARGV[place + 1] == '' then
        redis.call('ZREM', KEYS[3], ARGV[place])
    else
        redis.call('ZADD', KEYS[3], ARGV[place + 1], ARGV[place])
    end
end
local time = redis.call('TIME')
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', '(' .. time[1] .. '000')
return {'done'}
