-- What the scripts about one event share: its keys, its sale, for whom which zone is open, its free places.
--
-- KEYS   1 state  2 stream  3 live  4 tickets              of the limit group
--        5 conf  6 first  7 tries  8 barred  9 classes  10 openings  11 entries  12 waiting  13 wants  14 offers
--                                                          of the event
--        15 students  16 ended                             of the festival
--        then three for each zone: state, freed, generations
-- ARGV   1 epoch  2 group  3 event  4 number of zones, then the zones, then what is the script's own

local state, stream, live, tickets = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local conf, first, tries, barred, classes, openings = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local entries, waiting, wants, offers = KEYS[11], KEYS[12], KEYS[13], KEYS[14]
local students, ended = KEYS[15], KEYS[16]
local EVENT_KEYS, ZONE_KEYS, EVENT_ARGV = 16, 3, 4
local group, event = ARGV[2], ARGV[3]

local zones, named = {}, {}
for place = 1, tonumber(ARGV[EVENT_ARGV]) do
    local base, zone = EVENT_KEYS + (place - 1) * ZONE_KEYS, ARGV[EVENT_ARGV + place]
    zones[zone] = {state = KEYS[base + 1], freed = KEYS[base + 2], generations = KEYS[base + 3]}
    named[place] = zone
end
local OWN = EVENT_ARGV + #named

-- What the council wants of the sale, as it was applied; nil for an event that is not primed.
local SALE = {'opens', 'closes', 'paused', 'opening', 'rules', 'doors', 'waitlist', 'promotion', 'offer', 'quiet_from',
              'quiet_until', 'offset', 'last'}

local function sale_of()
    local values = redis.call('HMGET', conf, unpack(SALE))
    if not values[1] then
        return nil
    end
    local sale = {}
    for place, name in ipairs(SALE) do
        sale[name] = values[place] or ''
    end
    return sale
end

-- Returns a function that tells when a zone opens for a student (nil: never), and the student's class. With rules a
-- student is of a class, which has an opening for each of its zones (zone=ms; zone= for the event's own opening);
-- without rules every zone is for the enrolled.
local function openings_for(student, status, sale)
    local opens, class = tonumber(sale.opens), nil
    if sale.rules == '1' then
        class = redis.call('HGET', openings, redis.call('HGET', classes, student) or '') or ''
    end
    return function(zone)
        if not class then
            return status == 'enrolled' and opens or nil
        end
        local _, last = string.find(class, ';' .. zone .. '=', 1, true)
        if not last then
            return nil
        end
        return tonumber(string.match(class, '^%d+', last + 1)) or opens
    end, class
end

-- The event's own opening is a latch; a rule's own opening is what the clock says.
local function is_open(opening, now, sale)
    return now >= opening or (opening == tonumber(sale.opens) and sale.opening == sale.opens)
end

-- Returns the lowest free place of a zone, with where it is kept and its next generation; nil without one, and whether
-- the zone's places are made at all. `also` is a number that this decision frees; what it has taken is not free.
local taken = {}

local function lowest(zone, also)
    local keys = zones[zone]
    local range = redis.call('HMGET', keys.state, 'top', 'next')
    if not range[1] then
        return nil, false
    end
    local gone, kept = taken[zone], 'freed'
    local freed = redis.call('ZRANGE', keys.freed, 0, gone and 1 or 0)
    local number = tonumber(freed[1])
    if gone and number == gone then
        number = tonumber(freed[2])
    end
    if not number then
        number, kept = tonumber(range[2]), 'next'
        number = number == gone and number + 1 or number
        number = number <= tonumber(range[1]) and number or nil
    end
    if also and (not number or also < number) then
        number, kept = also, 'also'
    end
    if not number then
        return nil, true
    end
    local before = tonumber(redis.call('HGET', keys.generations, text(number)) or '0')
    return {zone = zone, number = number, kept = kept, generation = before + 1}, true
end

-- Takes a place that `lowest` has found.
local function take(place)
    local keys, number = zones[place.zone], text(place.number)
    taken[place.zone] = place.number
    if place.kept == 'freed' then
        change('ZREM', keys.freed, number)
    elseif place.kept == 'next' then
        change('HSET', keys.state, 'next', text(place.number + 1))
    end
    change('HSET', keys.generations, number, text(place.generation))
    return {zone = place.zone, number = place.number, free = false, generation = place.generation}
end

-- A place as an entry of the stream tells it when it becomes free.
local function freed_place(zone, number, generation)
    return {zone = zone, number = number, free = true, generation = generation}
end
