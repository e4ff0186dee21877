-- Looks for what a limit group should have in Redis and has not: what was made is written in its state, by name.
--
-- KEYS   1 state  2 stream  3 live  4 tickets                               of the limit group
--        5 students  6 ended                                                of the festival
--        then seven for each event: conf, barred, first, classes, openings, waiting, offers
--        then four for each zone: state, freed, removed, generations
-- ARGV   1 epoch  2 'look', or 'note' to take the difference between places taken and held as what it should be
--        3 number of events, then the events, then the zones
-- RETURNS  'other' (somebody else decides), 'latched', or 'seen', last entry, last arrival, number of lost keys,
--          their names, then the names of those that may be empty, or be lost

local state, stream, live, tickets, students, ended = unpack(KEYS, 1, 6)
local EVENT_KEYS, ZONE_KEYS = 7, 4
local events = tonumber(ARGV[3])
local lost, empty = {}, {}

local function is_there(key)
    return redis.call('EXISTS', key) == 1
end

local function should(there, name)
    if not there then
        lost[#lost + 1] = name
    end
end

local head = redis.call('HMGET', state, 'mode', 'epoch', 'recovering', 'seq', 'arrival', 'unheld', 'base')
if head[3] and head[3] ~= '' then
    return {'latched'}
end
if not head[4] then
    return {'seen', '0', '0', '1', 'state'}
end
if head[1] ~= 'redis' or head[2] ~= ARGV[1] then
    return {'other'}
end
local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
local reached = math.max(last and tonumber(string.match(last[1], '^%d+')) or 0, tonumber(head[7] or '0'))
should(reached >= tonumber(head[4]), 'stream')
should(redis.call('HEXISTS', students, '') == 1, 'students')
should(redis.call('ZSCORE', ended, ''), 'ended')

local holding = redis.call('HLEN', live)
should(holding == 0 or is_there(tickets), 'tickets')
local doubtful = {}
if holding == 0 then
    doubtful[1] = 'live'
end
for place = 1, events do
    local event, base = ARGV[3 + place], 6 + (place - 1) * EVENT_KEYS
    if redis.call('HEXISTS', state, 'event:' .. event) == 1 then
        should(is_there(KEYS[base + 1]), 'conf:' .. event)
        should(redis.call('SISMEMBER', KEYS[base + 2], '') == 1, 'barred:' .. event)
        if redis.call('HGET', KEYS[base + 1], 'rules') == '1' then
            should(is_there(KEYS[base + 4]), 'classes:' .. event)
            should(is_there(KEYS[base + 5]), 'openings:' .. event)
        end
        for number, name in pairs({[3] = 'first:', [6] = 'waiting:'}) do
            if not is_there(KEYS[base + number]) then
                empty[#empty + 1] = name .. event
            end
        end
        local offers = redis.call('ZCARD', KEYS[base + 7])
        holding = holding + offers
        if offers == 0 and is_there(KEYS[base + 6]) then
            doubtful[#doubtful + 1] = 'offers:' .. event
        end
    end
end

-- Each place that is taken is held by somebody; where not, a key is lost that says who, or which are free.
local taken = 0
for place = 1, #ARGV - 3 - events do
    local zone, base = ARGV[3 + events + place], 6 + events * EVENT_KEYS + (place - 1) * ZONE_KEYS
    if redis.call('HEXISTS', state, 'zone:' .. zone) == 1 then
        local following = tonumber(redis.call('HGET', KEYS[base + 1], 'next') or '')
        should(following, 'zone:' .. zone)
        local used = (following or 1) - 1
        should(used == 0 or is_there(KEYS[base + 4]), 'generations:' .. zone)
        local back = redis.call('ZCARD', KEYS[base + 2])
        taken = taken + used - back - redis.call('ZCOUNT', KEYS[base + 3], 1, used)
        if used > 0 and back == 0 then
            doubtful[#doubtful + 1] = 'freed:' .. zone
        end
        if used > 0 and not is_there(KEYS[base + 3]) then
            doubtful[#doubtful + 1] = 'removed:' .. zone
        end
    end
end
if ARGV[2] == 'note' then
    redis.call('HSET', state, 'unheld', string.format('%.0f', taken - holding))
elseif taken - holding > tonumber(head[6] or '0') then
    for _, name in ipairs(doubtful) do
        lost[#lost + 1] = name
    end
end
local answer = {'seen', head[4], head[5], string.format('%.0f', #lost)}
for _, names in ipairs({lost, empty}) do
    for _, name in ipairs(names) do
        answer[#answer + 1] = name
    end
end
return answer
