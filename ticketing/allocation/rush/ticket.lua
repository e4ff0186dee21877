-- Tells a ticket of the group, live or ended: that of a code, or the live one of a holder. Writes nothing.
--
-- PARTS    common
-- KEYS     1 state  2 live  3 tickets   of the limit group
-- ARGV     1 epoch  2 code, '' for the holder's live ticket  3 holder
-- RETURNS  'ticket' and its line, or 'nothing'

local head, why = head_of(KEYS[1], ARGV[1])
if not head then
    return {why}
end
local code = ARGV[2] ~= '' and ARGV[2] or redis.call('HGET', KEYS[2], ARGV[3])
local line = code and redis.call('HGET', KEYS[3], code)
return line and {'ticket', line} or {'nothing'}
