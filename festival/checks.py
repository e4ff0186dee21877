"""Checks of what only the servers can tell; run by `manage.py check --database default` and at the start of the web."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

OLDEST_POSTGRESQL = 150_000


@register(Tags.database)
def database_is_fit(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Name what is wrong with the database server: its version, or timeouts that nobody set."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('server_version_num')::int, current_setting('lock_timeout')"
            )
            version, lock_timeout = cursor.fetchone()
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
