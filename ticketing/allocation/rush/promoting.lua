-- Ends one lapsed offer, or lets the lowest arrival that can have a free place have it.
--
-- PARTS    common event waiting
-- KEYS     as event.lua says, with all zones
-- ARGV     as event.lua says, then: 1 code for a ticket of who moves up
-- RETURNS  'done', or 'nothing' when there is nothing to do

local code = ARGV[OWN + 1]

local head, why = head_of(state, ARGV[1])
if not head then
    return {why}
end
local sale = sale_of()
if not sale then
    return {'unavailable'}
end
local late = redis.call('ZRANGEBYSCORE', offers, '-inf', text(head.now), 'LIMIT', 0, 1)[1]
local mine = late and entry_of(late)
local entry = begun('waiting')
if mine then
    if not knows_offer(mine) then
        return {'stale'}
    end
    end_entry(mine, 'lapsed', head, sale, code, entry)
else
    local who, place = next_up(named, head.now, sale)
    if not who then
        return {'nothing'}
    end
    move_up(who, place, head, sale, code, entry)
end
commit(stream, state, head, entry)
return {'done'}
