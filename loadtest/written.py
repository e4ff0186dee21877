"""Waits until the rows have followed what was decided, and tells when the last one was written."""

from collections.abc import Callable

from django.db import connection

from loadtest.log import Log, NoVerdict
from loadtest.redis_keys import Where
from loadtest.staging import wait_until
from loadtest.tally import COUNTED

BEHIND = """
SELECT (SELECT count(*) FROM ticketing_claim WHERE "group" = %(group)s) < %(arrivals)s
       OR coalesce((SELECT position FROM ticketing_streamposition WHERE "group" = %(group)s), 0) < %(entries)s,
       (SELECT stopped_by FROM ticketing_streamposition
         WHERE "group" = %(group)s AND stopped_at IS NOT NULL)
"""
LAST_WRITTEN = """
SELECT extract(epoch FROM greatest(
           (SELECT max(decided_at) FROM ticketing_claim WHERE "group" = %(group)s),
           (SELECT applied_at FROM ticketing_streamposition WHERE "group" = %(group)s))) * 1000
"""


def wait_for_rows(log: Log, where: Where, entries: Callable[[], int], seconds: float) -> float:
    """Return when the last row was written (epoch, ms); raise NoVerdict when the lag does not end in time.

    `entries` asks Redis for the number of its last entry, 0 where PostgreSQL decides.
    """
    told = (answer["arrival"] for answer in log.answers if answer["outcome"] in COUNTED)
    arrivals = max(told, default=0)
    stopped: list[str] = []

    def done() -> bool:
        behind, why = look(where, arrivals, entries())
        stopped[:] = [why] if why else []
        return not behind

    if not wait_until(done, seconds, stopping=lambda: bool(stopped)):
        raise NoVerdict(
            f"the stream has stopped: {stopped[0]}" if stopped else f"not written in {seconds:.0f} s"
        )
    with connection.cursor() as cursor:
        cursor.execute(LAST_WRITTEN, {"group": where.group})
        last = cursor.fetchone()[0]
    if last is None:
        raise NoVerdict("nothing was decided")
    return float(last)


def look(where: Where, arrivals: int, entries: int) -> tuple[bool, str | None]:
    """Return whether rows are behind, and what has stopped the stream."""
    with connection.cursor() as cursor:
        cursor.execute(BEHIND, {"group": where.group, "arrivals": arrivals, "entries": entries})
        behind, why = cursor.fetchone()
    return bool(behind), why
