-- Ends a live ticket and passes its place on: a student's cancel, or the council's void, which bars the student too.
--
-- PARTS    common event waiting
-- KEYS     as event.lua says, with the ticket's zone
-- ARGV     as event.lua says, then: 1 ticket code  2 'cancelled' or 'void'
--          3 holder that must be the ticket's, '' for any  4 actor  5 reason  6 code for a ticket of who moves up
-- RETURNS  'ended', 'repeated' (it had ended in this way before), 'unknown', 'not_cancellable'

local code, status, actor, reason = ARGV[OWN + 1], ARGV[OWN + 2], tonumber(ARGV[OWN + 4]), ARGV[OWN + 5]

local head, why = head_of(state, ARGV[1])
if not head then
    return {why}
end
local sale = sale_of()
if not sale then
    return {'unavailable'}
end
local line = redis.call('HGET', tickets, code)
local ticket = line and ticket_of(line)
if not ticket or (ARGV[OWN + 3] ~= '' and ARGV[OWN + 3] ~= ticket.holder) then
    return {'unknown'}
end
if ticket.status == status then
    return {'repeated'}
end
if not LIVE[ticket.status] then
    return {'not_cancellable'}
end
local doors = tonumber(sale.doors)
if status == 'cancelled' and (ticket.status ~= 'held' or (doors and head.now >= doors)) then
    return {'not_cancellable'}
end
if redis.call('HGET', live, ticket.holder) ~= code then
    error('a live ticket is not what its holder holds')
end
local student = tonumber(ticket.holder)
local bars = status == 'void' and student and redis.call('SISMEMBER', barred, ticket.holder) == 0

ticket.status = status
local entry = begun(status)
entry.tickets[1] = told(ticket, group, {ended = head.now, actor = actor, reason = reason})
change('HSET', tickets, code, line_of(ticket))
change('HDEL', live, ticket.holder)
if bars then
    entry.bars = {{event = event, student = student, actor = actor, reason = reason}}
    change('SADD', barred, ticket.holder)
end
pass_on(ticket.zone, tonumber(ticket.number), tonumber(ticket.generation), head, sale, ARGV[OWN + 6], entry)
commit(stream, state, head, entry)
return {'ended'}
