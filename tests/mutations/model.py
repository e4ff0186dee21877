"""Faults planted in either allocator, found by the property tests alone."""

from tests.mutations.row import Mutation

MODEL = "tests/properties/test_sale.py::test_whatever_happens_the_sale_is_as_the_notebook_says"

ROWS = (
    Mutation(
        "F3",
        "the lowest free place first, as the model has it (database)",
        "ticketing/allocation/giving.py",
        "AND free ORDER BY number LIMIT 1",
        "AND free ORDER BY number DESC LIMIT 1",
        MODEL,
    ),
    Mutation(
        "F4",
        "a void bars, as the model has it (database)",
        "ticketing/allocation/database.py",
        "            if ended and ticket.student_id is not None:\n",
        "            if ended and ticket.student_id is None:\n",
        MODEL,
    ),
    Mutation(
        "F13",
        "nobody is passed, as the model has it (database)",
        "ticketing/allocation/waiting.py",
        " ORDER BY entry.arrival, zone.preference LIMIT 1",
        " ORDER BY entry.arrival DESC, zone.preference LIMIT 1",
        MODEL,
    ),
    Mutation(
        "S1",
        "a limit group counts, as the model has it (database)",
        "ticketing/allocation/facts.py",
        "LEFT JOIN ticketing_ticket ticket ON ticket.limit_group = coalesce(e.limit_group_id, e.id)",
        "LEFT JOIN ticketing_ticket ticket ON ticket.event_id = e.id",
        MODEL,
    ),
    Mutation(
        "F13",
        "who waits again is counted again, as the model has it (database)",
        "ticketing/allocation/giving.py",
        "(EXISTS (SELECT FROM taken) OR EXISTS (SELECT FROM room)\n",
        "(EXISTS (SELECT FROM taken)\n",
        MODEL,
    ),
    Mutation(
        "S1",
        "a bar ends the waiting, as the model has it (database)",
        "ticketing/allocation/database.py",
        "                waiting.end(event, entry, WaitingStatus.REMOVED, clock(), actor_id=actor_id, reason=reason)\n",
        "                return True\n",
        MODEL,
    ),
    Mutation(
        "F3",
        "the lowest free place first, as the model has it (redis)",
        "ticketing/allocation/rush/event.lua",
        "redis.call('ZRANGE', keys.freed, 0,",
        "redis.call('ZREVRANGE', keys.freed, 0,",
        MODEL,
    ),
    Mutation(
        "F4",
        "a void bars, as the model has it (redis)",
        "ticketing/allocation/rush/ending.lua",
        "    change('SADD', barred, ticket.holder)\n",
        "",
        MODEL,
    ),
    Mutation(
        "F13",
        "nobody is passed, as the model has it (redis)",
        "ticketing/allocation/rush/waiting.lua",
        "redis.call('ZRANGE', waiting, begin,",
        "redis.call('ZREVRANGE', waiting, begin,",
        MODEL,
    ),
    Mutation(
        "S1",
        "a limit group counts, as the model has it (redis)",
        "ticketing/allocation/rush/claim.lua",
        "    return {'limit_reached', now, ticket_of(line).event}\n",
        "",
        MODEL,
    ),
    Mutation(
        "C1",
        "a switch keeps how often a place was given, as the model has it (redis)",
        "ticketing/allocation/rush/loading.py",
        '    put(keys, token, name["generations"], rows(GENERATIONS, zone=zone.pk))\n',
        "",
        MODEL,
    ),
    Mutation(
        "F3",
        "a smaller capacity takes the highest places, as the model has it (redis)",
        "ticketing/allocation/rush/zone.lua",
        "redis.call('ZREVRANGE', freed, 0, rest - 1)",
        "redis.call('ZRANGE', freed, 0, rest - 1)",
        MODEL,
    ),
)
