-- Ends a live ticket and frees its place: a student's cancel, or the council's void, which bars the student too.
--
-- KEYS   1 state  2 stream  3 live  4 tickets          of the limit group
--        5 conf  6 barred                              of the event
--        7 freed                                       of the ticket's zone
-- ARGV   1 epoch  2 group  3 code  4 'cancelled' or 'void'  5 holder that must be the ticket's, '' for any
--        6 actor  7 reason
-- RETURNS  'ended', 'repeated' (it had ended in this way before), 'unknown', 'not_cancellable'

local state, stream, live, tickets, conf, barred, freed = unpack(KEYS)
local group, code, status, actor, reason = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[6]), ARGV[7]

local head, why = head_of(state, ARGV[1])
if not head then
    return {why}
end
local line = redis.call('HGET', tickets, code)
local ticket = line and ticket_of(line)
if not ticket or (ARGV[5] ~= '' and ARGV[5] ~= ticket.holder) then
    return {'unknown'}
end
if ticket.status == status then
    return {'repeated'}
end
if not LIVE[ticket.status] then
    return {'not_cancellable'}
end
if status == 'cancelled' then
    local doors = tonumber(redis.call('HGET', conf, 'doors') or '')
    if ticket.status ~= 'held' or (doors and head.now >= doors) then
        return {'not_cancellable'}
    end
end
local student = tonumber(ticket.holder)
local bars = status == 'void' and student and redis.call('SISMEMBER', barred, ticket.holder) == 0
if redis.call('HGET', live, ticket.holder) ~= code or redis.call('ZSCORE', freed, ticket.number) then
    return redis.error_reply('a live ticket is not what its holder holds, or its place is free')
end

-- Decided; from here on there are only writes, the entry first.
ticket.status = status
local facts = {ended = head.now, actor = actor, reason = reason}
local entry = {kind = status, tickets = {told(ticket, group, facts)}}
if bars then
    entry.bars = {{event = ticket.event, student = student, actor = actor, reason = reason}}
end
append(stream, head, entry)
save_head(state, head)
redis.call('HSET', tickets, code, line_of(ticket))
redis.call('HDEL', live, ticket.holder)
redis.call('ZADD', freed, ticket.number, ticket.number)
if bars then
    redis.call('SADD', barred, ticket.holder)
end
return {'ended'}
