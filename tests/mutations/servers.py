"""Faults planted in what is asked of the servers: their settings at the start, and a replica before an answer."""

from tests.mutations.row import Mutation

ROWS = (
    Mutation(
        "F7",
        "a repeated answer is told when a replica has it, though it wrote nothing",
        "festival/redis_wait.py",
        '    ask(connection, "SET", mark_of(key), "")\n',
        "",
        "tests/rush/test_confirmed.py -k nobody_is_told_before",
    ),
    Mutation(
        "F7",
        "what was decided before is confirmed as what is decided now",
        "ticketing/allocation/rush/scripts.py",
        '    *("not_open", "too_early_too_often",',
        '    *("already_won", "not_open", "too_early_too_often",',
        "tests/rush/test_confirmed.py -k nobody_is_told_before",
    ),
    Mutation(
        "F7",
        "an answer that no replica confirms is not told",
        "festival/redis_wait.py",
        "    patience.in_vain(waited)\n    raise Unconfirmed\n",
        "    patience.in_vain(waited)\n",
        "tests/rush/test_failover.py -k acknowledged_is_there",
    ),
    Mutation(
        "F7",
        "the question goes over the connection of the script",
        "festival/redis_wait.py",
        "                confirm(connection, keys[0])",
        "                confirm(self.client.connection_pool.get_connection(), keys[0])",
        "tests/rush/test_confirmed.py -k same_connection",
    ),
    Mutation(
        "F7",
        "a web server does not start with a Redis that throws keys away",
        "festival/wsgi.py",
        "\nrefuse_unfit_servers()",
        "\nrefuse_unfit_servers",
        "tests/rush/test_redis_checks.py -k does_not_start",
    ),
    Mutation(
        "F7",
        "every master is checked",
        "festival/redis_checks.py",
        "    for place, found in configurations().items():",
        "    for place, found in [*configurations().items()][:1]:",
        "tests/rush/test_redis_checks.py -k every_master",
    ),
    Mutation(
        "F7",
        "a PostgreSQL without room for our connections is refused at the start",
        "festival/connection_checks.py",
        "    if room < ours:",
        "    if room < 0:",
        "tests/test_connections.py -k without_room",
    ),
    Mutation(
        "F7",
        "a process opens no more connections to the sale's Redis than its threads need",
        "festival/redis.py",
        'return {"max_connections": settings.REDIS_POOL_SIZE, "timeout": TURN_SECONDS}',
        'return {"max_connections": 500, "timeout": TURN_SECONDS}',
        "tests/test_connections.py -k threads_share",
    ),
)
