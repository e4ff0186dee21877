-- Takes an entry that no decision made out of a group's stream, with every other one that stands behind the last
-- decision, so that decisions can be written again.
--
-- PARTS    common
-- KEYS   1 state  2 stream  3 stream:new   of the limit group
-- ARGV   1 id of the entry
-- RETURNS  'removed', 'decided' (a decision made it: it stays), or 'unknown'

local number, part = string.match(ARGV[1], '^(%d+)-(%d+)$')
local seq = tonumber(redis.call('HGET', KEYS[1], 'seq') or '')
if not number or not seq or #redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1]) == 0 then
    return {'unknown'}
end
if tonumber(number) <= seq and part == '0' then
    return {'decided'}
end
if tonumber(number) <= seq then
    redis.call('XDEL', KEYS[2], ARGV[1])
    return {'removed'}
end
-- A stream never takes a lower id than one that it has had, so the decisions go into a new one. With a million of them
-- that takes seconds, in which nobody is served; but as long as such an entry is there, no claim can be decided.
redis.call('UNLINK', KEYS[3])
local from = '-'
repeat
    local found = redis.call('XRANGE', KEYS[2], from, text(seq) .. '-0', 'COUNT', 1000)
    for _, entry in ipairs(found) do
        redis.call('XADD', KEYS[3], entry[1], unpack(entry[2]))
        from = '(' .. entry[1]
    end
until #found < 1000
redis.call('UNLINK', KEYS[2])
if redis.call('EXISTS', KEYS[3]) == 1 then
    redis.call('RENAME', KEYS[3], KEYS[2])
end
return {'removed'}
