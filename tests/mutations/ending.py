"""Faults planted in how programs end, and in what happens when PostgreSQL falls back while Redis decides."""

from tests.mutations.row import Mutation

ENDING = "tests/test_ending.py"
ROWS_BACK = "tests/rush/test_fallen_back_rows.py"
AWAY = "tests/rush/test_postgresql_away.py"
ADOPTING = "ticketing/allocation/rush/adopting.py"
CARRYING = "ticketing/allocation/rush/carrying.py"
ROWS = (
    Mutation(
        "F7",
        "a writer that is far behind ends after its batch",
        "ticketing/writeback.py",
        "    while not stopping() and (count := step(keys)):",
        "    while count := step(keys):",
        f"{ENDING} -k far_behind",
    ),
    Mutation(
        "F7",
        "a loop gives its connections back at its end",
        "festival/ending.py",
        "        give_back()",
        "        pass",
        f"{ENDING} -k gives_all",
    ),
    Mutation(
        "F7",
        "a signal lets a loop finish",
        "festival/ending.py",
        "        signal.signal(number, ask)",
        "        signal.signal(number, signal.SIG_DFL)",
        f"{ENDING} -k asked_in_a_batch",
    ),
    Mutation(
        "F7",
        "a counter that fell back takes over Redis's word",
        ADOPTING,
        '    if mode not in ("redis", FENCED) or not',
        '    if mode in ("redis", FENCED) or not',
        f"{ROWS_BACK} -k take_over",
    ),
    Mutation(
        "F7",
        "a switch that had begun is finished after a fall back",
        ADOPTING,
        '    if mode not in ("redis", FENCED) or not',
        '    if mode != "redis" or not',
        f"{ROWS_BACK} -k had_begun",
    ),
    Mutation(
        "F2",
        "rows that lack what Redis was built from are not taken for everything",
        ADOPTING,
        "    if not have_all(keys, counter):",
        "    if False:",
        f"{ROWS_BACK} -k is_shown",
    ),
    Mutation(
        "F2",
        "Redis is not built anew from rows that lack decisions",
        "ticketing/allocation/rush/recovering.py",
        ' or "counters" in lost or is_incomplete(keys):',
        ' or "counters" in lost:',
        f"{ROWS_BACK} -k is_shown",
    ),
    Mutation(
        "F2",
        "a sale is not handed to rows that lack decisions",
        CARRYING,
        "        if is_incomplete(keys):",
        "        if False:",
        f"{ROWS_BACK} -k is_shown",
    ),
    Mutation(
        "F7",
        "a sale whose recording has stopped is not fenced",
        CARRYING,
        "        if is_stopped(keys):",
        "        if False:",
        "tests/rush/test_unreadable_entry.py -k not_taken_from_redis",
    ),
    Mutation(
        "F7",
        "a writer lives while PostgreSQL is away",
        "ticketing/writeback.py",
        "        except (DatabaseError, redis.RedisError, FestivalError):",
        "        except (redis.RedisError, FestivalError):",
        f"{AWAY} -k is_back",
    ),
    Mutation(
        "F7",
        "the priming loop lives while PostgreSQL is away",
        "ticketing/allocation/priming.py",
        "        except (DatabaseError, redis.RedisError, FestivalError):",
        "        except (redis.RedisError, FestivalError):",
        f"{AWAY} -k is_back",
    ),
)
