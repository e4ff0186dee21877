-- Brings the places of a zone to its capacity, or as near as live tickets allow: free ones with the highest numbers go
-- first, missing ones with the lowest numbers come first.
--
-- The places of a zone are the numbers 1 to `top` without those in `removed`. Free are those in `freed`, and every
-- number from `next` to `top`, which nobody had yet.
--
-- PARTS    common
-- KEYS   1 state  2 stream                      of the limit group
--        3 state  4 freed  5 removed            of the zone
-- ARGV   1 epoch  2 event  3 zone  4 capacity wanted  5 numbers moved at most
-- RETURNS  'done', the number of places, and 1 when it changed; 'recovering' when a zone that was made is lost

local head, why = head_of(KEYS[1], ARGV[1])
if not head then
    return {why}
end
local zone, freed, removed = KEYS[3], KEYS[4], KEYS[5]
local range = redis.call('HMGET', zone, 'top', 'next')
if not range[1] and redis.call('HEXISTS', KEYS[1], 'zone:' .. ARGV[3]) == 1 then
    return {'recovering'}
end
local top, next_number = tonumber(range[1] or '0'), tonumber(range[2] or '1')
local gone, back = redis.call('ZCARD', removed), redis.call('ZCARD', freed)
local missing = tonumber(ARGV[4]) - (top - gone)
local moved, to = {}, nil
if missing > 0 then
    to = freed
    moved = redis.call('ZRANGE', removed, 0, math.min(missing, gone, tonumber(ARGV[5])) - 1)
    if gone == 0 then
        moved = {}
    end
    if #moved == math.min(missing, gone) then
        top = top + missing - #moved
    end
elseif missing < 0 then
    to = removed
    local untouched = math.min(-missing, top - next_number + 1)
    top = top - untouched
    local rest = math.min(-missing - untouched, back, tonumber(ARGV[5]))
    moved = rest > 0 and redis.call('ZREVRANGE', freed, 0, rest - 1) or {}
end
if range[1] and #moved == 0 and top == tonumber(range[1]) then
    return {'done', text(top - gone), '0'}
end

-- What is gone from now on, for the entry: it tells the places whole.
local still_gone, is_moved = {}, {}
for _, number in ipairs(moved) do
    is_moved[number] = true
end
for _, number in ipairs(redis.call('ZRANGE', removed, 0, -1)) do
    if not is_moved[number] then
        still_gone[#still_gone + 1] = tonumber(number)
    end
end
if to == removed then
    for _, number in ipairs(moved) do
        still_gone[#still_gone + 1] = tonumber(number)
    end
end
local places = {event = ARGV[2], zone = ARGV[3], top = top, gone = still_gone, capacity = top - #still_gone}
append(KEYS[2], head, {kind = 'capacity', zones = {places}})
save_head(KEYS[1], head)
redis.call('HSET', KEYS[1], 'zone:' .. ARGV[3], '1')
redis.call('HSET', zone, 'top', text(top), 'next', text(next_number))
for _, number in ipairs(moved) do
    redis.call('ZREM', to == freed and removed or freed, number)
    redis.call('ZADD', to, number, number)
end
return {'done', text(places.capacity), '1'}
