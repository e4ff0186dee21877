-- What every script of the sale begins with: the state of the limit group, the deciding clock, the stream.
-- A script reads every key that it may write before its first write, so that a key of a wrong type stops it with
-- nothing done; its first write is the entry in the stream, so that no change is ever without one.

local HEAD = {'mode', 'epoch', 'recovering', 'seq', 'arrival', 'clock', 'run', 'heard', 'written', 'since', 'frozen'}
local present  -- the head that this script has read, for the number that every answer ends with

local function text(number)
    return string.format('%.0f', number)
end

-- Which run of which server this is: another one may have forgotten, or never heard, what was decided.
local function own_run()
    return string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
end

-- Returns the group's head, or the word for why it cannot decide: 'stale' (another epoch or mode, or frozen for a
-- moment) or 'recovering'.
-- `told` is the epoch that the caller knows, and the highest number of an entry that it has seen in it. Whoever has seen
-- more than there is stops the sale; what it has seen is kept for whoever restores it.
local function head_of(key, told)
    local epoch, seen = string.match(told, '^(%d+)|(%d+)$')
    local values = redis.call('HMGET', key, unpack(HEAD))
    if values[1] ~= 'redis' or values[2] ~= epoch then
        return nil, 'stale'
    end
    local latched = values[3] and values[3] ~= ''
    local behind = tonumber(values[4] or '0') < tonumber(seen)
    if latched or behind or values[7] ~= own_run() then
        if tonumber(seen) > tonumber(values[8] or '0') then
            redis.call('HSET', key, 'heard', seen)
        end
        if behind and not latched then
            redis.call('HSET', key, 'recovering', 'counters')
        end
        return nil, 'recovering'
    end
    local time = redis.call('TIME')
    local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
    local till = string.match(values[11] or '', '|(%d*)$')
    if till and (till == '' or now < tonumber(till)) then
        return nil, 'stale'
    end
    present = {
        seq = tonumber(values[4]),
        arrival = tonumber(values[5]),
        now = math.max(now, tonumber(values[6])),
        written = tonumber(values[9] or '0'),
        since = tonumber(values[10] or '0'),
    }
    return present
end

-- Appends an entry: the first write of a decision. Its id is its number, so that a number used twice is refused.
local function append(stream, head, entry)
    if head.written >= head.seq then
        head.since = head.now  -- the first one that has no row
    end
    head.seq = head.seq + 1
    entry.sequence = head.seq
    entry.at = head.now
    redis.call('XADD', stream, text(head.seq) .. '-0', 'entry', cjson.encode(entry))
end

local function save_head(key, head)
    redis.call('HSET', key, 'seq', text(head.seq), 'arrival', text(head.arrival), 'clock', text(head.now),
               'since', text(head.since))
end

-- For how long, in ms, the oldest decision without a row has waited for it; 0 when all have theirs.
local function lag_of(head)
    return head.written < head.seq and head.since > 0 and head.now - head.since or 0
end

-- What a decision writes is gathered while it is being made, and written when nothing can stop it any more.
local changes = {}

local function change(...)
    changes[#changes + 1] = {...}
end

local function commit(stream, state, head, entry)
    append(stream, head, entry)
    save_head(state, head)
    for _, command in ipairs(changes) do
        redis.call(unpack(command))
    end
end

-- A ticket is kept as one line of text; the order of its parts is that of ticketing/allocation/rush/lines.py.
local PARTS = {'holder', 'status', 'claim', 'event', 'zone', 'number', 'generation', 'code', 'arrival', 'elapsed',
               'issued', 'scan', 'granted_by', 'grant_reason', 'guest'}
local LIVE = {held = true, used = true}

local function joined(parts, thing)
    local values = {}
    for place, name in ipairs(parts) do
        values[place] = thing[name]
    end
    return table.concat(values, '|')
end

local function parted(parts, line)
    local thing, place = {}, 1
    for part in string.gmatch(line .. '|', '([^|]*)|') do
        if parts[place] then
            thing[parts[place]] = part
        end
        place = place + 1
    end
    return thing
end

-- What people have typed is kept without the sign that stands between the parts, and told as it was typed.
local function kept(typed)
    return (string.gsub(typed, '[%%|]', {['%'] = '%25', ['|'] = '%7C'}))
end

local function typed(part)
    return (string.gsub(part, '%%(%x%x)', {['25'] = '%', ['7C'] = '|'}))
end

local function line_of(ticket)
    return joined(PARTS, ticket)
end

local function ticket_of(line)
    return parted(PARTS, line)
end

-- A ticket as an entry of the stream tells it: whole, as it is from now on.
local function told(ticket, group, more)
    local entry = {
        claim = ticket.claim, event = ticket.event, group = group, zone = ticket.zone, number = tonumber(ticket.number),
        generation = tonumber(ticket.generation), student = tonumber(ticket.holder), guest = typed(ticket.guest),
        granted_by = tonumber(ticket.granted_by), grant_reason = typed(ticket.grant_reason),
        code = ticket.code, arrival = tonumber(ticket.arrival), elapsed = tonumber(ticket.elapsed),
        issued = tonumber(ticket.issued), status = ticket.status,
    }
    for name, value in pairs(more or {}) do
        entry[name] = value
    end
    return entry
end
