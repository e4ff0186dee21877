-- The waiting list: who may move up to which place, and what an entry becomes. Needs event.lua.

local ENTRY_PARTS = {'student', 'status', 'claim', 'event', 'arrival', 'elapsed', 'since', 'zones', 'offer_zone',
                     'offer_number', 'offer_generation', 'offer_until'}
local ACTIVE = {waiting = true, offered = true}

local function entry_of(student)
    local line = redis.call('HGET', entries, student)
    return line and parted(ENTRY_PARTS, line)
end

-- An entry as the stream tells it: whole, as it is from now on.
local function told_entry(entry, head, actor, reason)
    local wanted = {}
    for zone in string.gmatch(entry.zones, '[^;]+') do
        wanted[#wanted + 1] = zone
    end
    return {
        claim = entry.claim, event = event, student = tonumber(entry.student), zones = wanted,
        arrival = tonumber(entry.arrival), elapsed = tonumber(entry.elapsed), since = tonumber(entry.since),
        status = entry.status, offer_zone = entry.offer_zone ~= '' and entry.offer_zone or nil,
        offer_number = tonumber(entry.offer_number), offer_generation = tonumber(entry.offer_generation),
        offer_until = tonumber(entry.offer_until), changed = head.now, actor = actor, reason = reason,
    }
end

-- `wants` counts for each zone the entries that wait for it.
local function count_wants(entry, by)
    for zone in string.gmatch(entry.zones, '[^;]+') do
        change('HINCRBY', wants, zone, by)
    end
end

-- Ends an active entry, or makes one an offer; returns how the stream tells it.
local function settle(entry, status, head, actor, reason)
    if entry.status == 'waiting' then
        count_wants(entry, -1)
    else
        change('ZREM', offers, entry.student)
    end
    entry.status = status
    if status == 'offered' then
        change('ZADD', offers, entry.offer_until, entry.student)
    else
        change('ZREM', waiting, entry.student)
    end
    change('HSET', entries, entry.student, joined(ENTRY_PARTS, entry))
    return told_entry(entry, head, actor, reason)
end

local MINUTE, DAY = 60000, 1440

local function minute_of(now, sale)
    return math.floor((now + tonumber(sale.offset)) / MINUTE) % DAY
end

-- How many minutes the quiet hours last; they may cross midnight.
local function quiet_length(sale)
    if sale.quiet_from == '' or sale.quiet_until == '' then
        return 0
    end
    return (tonumber(sale.quiet_until) - tonumber(sale.quiet_from)) % DAY
end

-- From the last time on the list holds nobody back.
local function is_over(now, sale)
    return sale.last ~= '' and now >= tonumber(sale.last)
end

-- May anybody move up now?
local function is_possible(now, sale)
    if sale.paused == '1' or is_over(now, sale) then
        return false
    end
    local length = quiet_length(sale)
    return length == 0 or (minute_of(now, sale) - tonumber(sale.quiet_from)) % DAY >= length
end

-- Until when an offer made now stands: its clock stands still in quiet hours.
local function deadline(now, sale)
    local left, length = tonumber(sale.offer), quiet_length(sale)
    while length > 0 do
        local minutes = (tonumber(sale.quiet_from) - minute_of(now, sale)) % DAY
        local until_quiet = (minutes == 0 and DAY or minutes) * MINUTE - now % MINUTE
        if left <= until_quiet then
            break
        end
        left = left - until_quiet
        now = now + until_quiet + length * MINUTE
    end
    return now + left
end

-- Returns a function that tells whether a waiting student could have a place of a zone now; nil: of none. Not while a
-- ticket of the group is held, nor for who is barred, gone or excluded.
local function could_have(entry, now, sale)
    local student = entry.student
    local known = redis.call('HGET', students, student)
    if not known or redis.call('HEXISTS', live, student) == 1 or redis.call('SISMEMBER', barred, student) == 1 then
        return nil
    end
    local opening_of = openings_for(student, string.match(known, '|(.*)$'), sale)
    return function(zone)
        local opening = opening_of(zone)
        return opening and is_open(opening, now, sale)
    end
end

-- Shows the waiting entries in the order of arrival, until the visitor has seen enough.
local function visit_waiting(visitor)
    local begin, chunk = 0, 100
    repeat
        local found = redis.call('ZRANGE', waiting, begin, begin + chunk - 1)
        for _, student in ipairs(found) do
            local entry = entry_of(student)
            if entry and entry.status == 'waiting' and visitor(entry) then
                return
            end
        end
        begin = begin + chunk
    until #found < chunk
end

local function is_wanted(zone)
    return tonumber(redis.call('HGET', wants, zone) or '0') > 0
end

-- Does somebody wait for a zone who could have a place of it? Then a newcomer gets none.
local function others_want(zone, now, sale)
    if is_over(now, sale) or not is_wanted(zone) then
        return false
    end
    local found = false
    visit_waiting(function(entry)
        if string.find(';' .. entry.zones .. ';', ';' .. zone .. ';', 1, true) then
            local allowed = could_have(entry, now, sale)
            found = allowed ~= nil and allowed(zone)
        end
        return found
    end)
    return found
end

-- Returns the lowest arrival that can have a place of these zones now, and that place; nil without one. `also` is a
-- number of the only zone that this decision frees.
local function next_up(among, now, sale, also)
    local free, any = {}, false
    if is_possible(now, sale) then
        for _, zone in ipairs(among) do
            free[zone] = is_wanted(zone) and lowest(zone, also) or nil
            any = any or free[zone] ~= nil
        end
    end
    local who, place
    if any then
        visit_waiting(function(entry)
            local allowed = could_have(entry, now, sale)
            for zone in string.gmatch(allowed and entry.zones or '', '[^;]+') do
                if free[zone] and allowed(zone) then
                    who, place = entry, free[zone]
                    return true
                end
            end
        end)
    end
    return who, place
end

-- Makes a ticket of an entry, for a place that is already taken; returns it as the stream tells it.
local function give(entry, place, head, code, gift)
    if redis.call('HEXISTS', tickets, code) == 1 then
        error('a ticket code was made twice')
    end
    local ticket = {
        holder = entry.student, claim = entry.claim, event = event, zone = place.zone, number = text(place.number),
        generation = text(place.generation), code = code, arrival = entry.arrival, elapsed = entry.elapsed,
        issued = text(head.now), status = 'held', scan = '', granted_by = '', grant_reason = '', guest = '',
    }
    for name, value in pairs(gift or {}) do
        ticket[name] = kept(value)
    end
    change('HSET', tickets, code, line_of(ticket))
    change('HSET', live, entry.student, code)
    return ticket
end

-- Lets an entry have a place: a ticket, or an offer with a deadline. Adds to the stream's entry what that changes.
local function move_up(entry, place, head, sale, code, told_to)
    told_to.places[#told_to.places + 1] = take(place)
    local kind = 'promoted'
    if sale.promotion == 'offer' then
        kind = 'offered'
        entry.offer_zone, entry.offer_number = place.zone, text(place.number)
        entry.offer_generation, entry.offer_until = text(place.generation), text(deadline(head.now, sale))
    else
        told_to.tickets[#told_to.tickets + 1] = told(give(entry, place, head, code), group)
    end
    told_to.waiting[#told_to.waiting + 1] = settle(entry, kind, head)
    told_to.mails = {{kind = kind, claim = entry.claim}}
end

-- Passes on a place that this decision frees: to the lowest arrival that can have a place of its zone, else it is free.
local function pass_on(zone, number, generation, head, sale, code, told_to)
    local keys = zones[zone]
    if redis.call('ZSCORE', keys.freed, text(number)) then
        error('the place that is freed is free')
    end
    local who, place = next_up({zone}, head.now, sale, number)
    if not place or place.number ~= number then
        change('ZADD', keys.freed, text(number), text(number))
        told_to.places[#told_to.places + 1] = freed_place(zone, number, generation)
    end
    if who then
        move_up(who, place, head, sale, code, told_to)
    end
end

-- Ends an active entry, and passes on what was held back for it.
local function end_entry(entry, status, head, sale, code, told_to, actor, reason)
    local offered = entry.status == 'offered'
    told_to.waiting[#told_to.waiting + 1] = settle(entry, status, head, actor, reason)
    if offered then
        local number, generation = tonumber(entry.offer_number), tonumber(entry.offer_generation)
        pass_on(entry.offer_zone, number, generation, head, sale, code, told_to)
    end
end

-- Is the zone of an entry's offer one that this script was told of?
local function knows_offer(entry)
    return entry.status ~= 'offered' or zones[entry.offer_zone] ~= nil
end

-- Begins the stream's entry of a decision that may change the list; keys of a wrong type stop it here.
local function begun(kind)
    redis.call('HLEN', entries)
    redis.call('ZCARD', waiting)
    redis.call('HLEN', wants)
    redis.call('ZCARD', offers)
    return {kind = kind, tickets = {}, places = {}, waiting = {}}
end
