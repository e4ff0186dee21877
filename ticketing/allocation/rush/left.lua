-- Tells how many places of each zone a newcomer could win now: none of a zone that somebody waits for who could have
-- it. Writes nothing.
--
-- PARTS    common event waiting
-- KEYS     as event.lua says, with the zones asked for
-- ARGV     as event.lua says
-- RETURNS  'left', then for each zone its number, '' for one whose places are not made yet

local head, why = head_of(state, ARGV[1])
if not head then
    return {why}
end
local sale = sale_of()
if not sale then
    return {'unavailable'}
end
local found = {'left'}
for place, zone in ipairs(named) do
    local range = redis.call('HMGET', zones[zone].state, 'top', 'next')
    local free = range[1] and redis.call('ZCARD', zones[zone].freed) + tonumber(range[1]) - tonumber(range[2]) + 1
    if free and free > 0 and others_want(zone, head.now, sale) then
        free = 0
    end
    found[place + 1] = free and text(free) or ''
end
return found
