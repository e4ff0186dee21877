-- Ends logins at once: single sessions, and all of students whose generation was raised. A generation only goes up, so
-- that two who tell of one student need no order. While the roster is built anew, the new one is told too.
--
-- KEYS   1 students  2 ended  3 students being built  4 ended being built  5 raised meanwhile   of the festival
-- ARGV   1 number of students, then pairs of student and generation,
--        then pairs of session and the time in ms when its pass ends anyway
-- RETURNS  'done'

local building = redis.call('EXISTS', KEYS[3]) == 1
local first_session = 2 + 2 * tonumber(ARGV[1])
for place = 2, first_session - 1, 2 do
    local student, generation = ARGV[place], ARGV[place + 1]
    local present, status = string.match(redis.call('HGET', KEYS[1], student) or '', '^(%d+)|(.*)$')
    if present and tonumber(present) < tonumber(generation) then
        redis.call('HSET', KEYS[1], student, generation .. '|' .. status)
    end
    if building and tonumber(redis.call('HGET', KEYS[5], student) or '0') < tonumber(generation) then
        redis.call('HSET', KEYS[5], student, generation)
    end
end
for place = first_session, #ARGV, 2 do
    redis.call('ZADD', KEYS[2], ARGV[place + 1], ARGV[place])
    if building then
        redis.call('ZADD', KEYS[4], ARGV[place + 1], ARGV[place])
    end
end
return {'done'}
