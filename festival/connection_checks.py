"""Checks that the servers have room for every connection that these settings open.

What runs is known from the settings: FESTIVAL_WEB_PROCESSES with a bounded pool each, FESTIVAL_WORKER_PROCESSES and
FESTIVAL_JOB_WORKERS, and what others need (FESTIVAL_OTHER_CONNECTIONS: commands, backups, monitoring). Behind PgBouncer
PostgreSQL's own limit says nothing about ours, and is not compared.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import redis
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.db import OperationalError, connections

from festival.redis import by_master
from festival.redis_checks import command

# PostgreSQL's connections of a loop or writer, and of a job worker: that one has a pool of four, listens, and works.
OF_WORKER, OF_JOB_WORKER = 2, 7
REDIS_OF_WORKER = 4
LIMITS_OF_POSTGRESQL = """
SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
       - coalesce(current_setting('reserved_connections', true), '0')::int,
       (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user),
       (SELECT datconnlimit FROM pg_database WHERE datname = current_database())
"""


@register(Tags.database)
def postgresql_has_room(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Name a PostgreSQL that would say "too many clients" before all of our processes are at work."""
    if not databases or settings.PGBOUNCER:
        return []
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute(LIMITS_OF_POSTGRESQL)
            free, *limits = cursor.fetchone()
    except OperationalError:
        return []  # database_is_fit says so
    workers = settings.WORKER_PROCESSES * OF_WORKER + settings.JOB_WORKERS * OF_JOB_WORKER
    ours = settings.WEB_PROCESSES * settings.POOL_SIZE + workers
    room = min(free, *(limit if limit >= 0 else free for limit in limits))
    wanted = ours + settings.OTHER_CONNECTIONS
    helps = f"psql -c 'ALTER SYSTEM SET max_connections = {wanted + 10}', and a restart of PostgreSQL"
    if room < free:  # a limit of the role or the database, not of the server
        helps = f"psql -c 'ALTER ROLE … CONNECTION LIMIT {wanted}', or that of the database"
    return [*too_few("PostgreSQL", room, ours, helps=helps, number=9), *pool_fits_threads()]


def too_few(
    server: str, room: int, ours: int, *, helps: str, number: int, fewer: str = "FESTIVAL_POOL_SIZE"
) -> Iterator[CheckMessage]:
    """Refuse a server that has no room for our processes, warn of one that has none for others beside them."""
    hint = f"This helps: {helps}. Or run less: FESTIVAL_WEB_PROCESSES, {fewer} (docs/operations.md)."
    if room < ours:
        words = f"{server} has room for {room} connections, web servers and workers open up to {ours}."
        yield Error(words, hint=hint, id=f"festival.E{number:03}")
    elif room < ours + settings.OTHER_CONNECTIONS:
        words = (
            f"{server} has room for {room} connections. Web servers and workers open up to {ours}; others may need "
            f"{settings.OTHER_CONNECTIONS} (FESTIVAL_OTHER_CONNECTIONS)."
        )
        yield Caution(words, hint=hint, id=f"festival.W{number + 5:03}")


def pool_fits_threads() -> Iterator[CheckMessage]:
    """Warn of a pool that lets threads of the web wait for each other."""
    if settings.POOL_SIZE < settings.WEB_THREADS:
        words = (
            f"FESTIVAL_POOL_SIZE={settings.POOL_SIZE} is less than the threads of a web process "
            f"(FESTIVAL_WEB_THREADS={settings.WEB_THREADS}): some wait, and answer 503 after two seconds."
        )
        yield Caution(
            words, hint=f"This helps: FESTIVAL_POOL_SIZE={settings.WEB_THREADS}", id="festival.W016"
        )


@register(Tags.database)
def redis_has_room(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Name a Redis of the sale that would refuse connections before all of our processes are at work."""
    try:
        return list(masters_have_room()) if databases else []
    except redis.RedisError:
        return []  # sale_is_fit says so


def masters_have_room() -> Iterator[CheckMessage]:
    """Compare what our processes open with what each master takes."""
    web = settings.WEB_PROCESSES * (settings.WEB_THREADS + settings.REDIS_SPARE)
    ours = web + (settings.WORKER_PROCESSES + settings.JOB_WORKERS) * REDIS_OF_WORKER
    for place, found in by_master("info", "clients").items():
        wanted = ours + settings.OTHER_CONNECTIONS
        helps = command(place, f"CONFIG SET maxclients {wanted + 10}")
        yield from too_few(
            f"The sale's Redis at {place}",
            int(found["maxclients"]),
            ours,
            helps=helps,
            number=10,
            fewer="FESTIVAL_WEB_THREADS",
        )
