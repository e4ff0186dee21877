"""How often one student may press: a budget for the time before the opening, a window for the time after it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

EARLY_TRIES = 30
WINDOW = timedelta(seconds=10)
TRIES_IN_WINDOW = 30


@dataclass(frozen=True, slots=True)
class Try:
    """Whether this try was within the budget, and in how many seconds the next one is."""

    allowed: bool
    retry_after: int


def count_early(*, event_id: UUID, student_id: int) -> bool:
    """Count a try before the opening; tell whether the budget of the whole time before it still held."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO ticketing_trybudget AS budget (event_id, student_id, early) VALUES (%s, %s, 1)
            ON CONFLICT (event_id, student_id) DO UPDATE SET early = least(budget.early + 1, %s)
            RETURNING early
            """,
            [event_id, student_id, EARLY_TRIES + 1],
        )
        return int(cursor.fetchone()[0]) <= EARLY_TRIES


def count_try(*, event_id: UUID, student_id: int, now: datetime) -> Try:
    """Count a try after the opening in its window of ten seconds."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO ticketing_trybudget AS budget (event_id, student_id, window_at, in_window)
            VALUES (%(event)s, %(student)s, %(now)s, 1)
            ON CONFLICT (event_id, student_id) DO UPDATE SET
                in_window = CASE WHEN budget.window_at > %(start)s
                                 THEN least(budget.in_window + 1, %(most)s) ELSE 1 END,
                window_at = CASE WHEN budget.window_at > %(start)s THEN budget.window_at ELSE %(now)s END
            RETURNING in_window, window_at
            """,
            {
                "event": event_id,
                "student": student_id,
                "now": now,
                "start": now - WINDOW,
                "most": TRIES_IN_WINDOW + 1,
            },
        )
        count, window_at = cursor.fetchone()
    return Try(count <= TRIES_IN_WINDOW, max(1, round((window_at + WINDOW - now).total_seconds())))
