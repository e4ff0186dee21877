"""Checks of what Django's own do not know: the browser's parts, and what only the servers can tell.

Those of the servers are run by `manage.py check --database default` and at the start of the web.
"""

from collections.abc import Sequence
from typing import Any

import redis
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.db import OperationalError, connections

from festival.browser_parts import missing
from festival.redis import LIMITS, at_each_master

OLDEST_POSTGRESQL = 150_000


@register(Tags.staticfiles)
def browser_parts_are_there(**_kwargs: Any) -> list[CheckMessage]:
    """Name the files that pages load and that set-up fetches from npm; no page takes them from elsewhere."""
    if not (absent := missing()):
        return []
    words = f"Parts of the browser are missing under static/parts/: {', '.join(absent)}."
    return [Error(words, hint="This helps: .venv/bin/python -m festival.browser_parts", id="festival.E004")]


@register(Tags.database)
def database_is_fit(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Name what is wrong with the database server: its version, or timeouts that nobody set."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        try:
            with connections[alias].cursor() as cursor:
                cursor.execute(
                    "SELECT current_setting('server_version_num')::int, current_setting('lock_timeout')"
                )
                version, lock_timeout = cursor.fetchone()
        except OperationalError:
            words = "PostgreSQL (DATABASE_URL) cannot be asked: its settings are not known."
            hint = "When it is there again: manage.py check --database default"
            return [Caution(words, hint=hint, id="festival.W001")]
        if version < OLDEST_POSTGRESQL:
            found.append(
                Error(f"PostgreSQL 15 or newer is needed, this is {version // 10_000}.", id="festival.E001")
            )
        if lock_timeout == "0":
            found.append(
                Error(
                    "No lock_timeout is in force.",
                    hint="Behind a pooler set it for the role: ALTER ROLE … SET lock_timeout = '5s'.",
                    id="festival.E002",
                )
            )
    return found


@register(Tags.database)
def cache_is_elsewhere(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Find a cache in the sale's database, whatever names lead there; nothing while one of the servers is away."""
    try:
        if not databases or place_of_cache() not in places_of_sale():
            return []
    except redis.RedisError:
        return []
    words = "CACHE_URL leads to the database of REDIS_URL: clearing the cache would empty the sale."
    return [Error(words, id="festival.E003")]


def places_of_sale() -> list[tuple[str, int]]:
    """Return which run of a server, and which of its databases, each master of the sale is."""
    servers, connected = at_each_master("info", "server"), at_each_master("execute_command", "CLIENT INFO")
    return [(server["run_id"], int(client["db"])) for server, client in zip(servers, connected, strict=True)]


def place_of_cache() -> tuple[str, int]:
    with redis.Redis.from_url(settings.CACHE_URL, **LIMITS, decode_responses=True) as client:
        return client.info("server")["run_id"], int(client.client_info()["db"])
