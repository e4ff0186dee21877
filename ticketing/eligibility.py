"""Who is eligible: how many of the roster and from when, one student zone by zone, and everybody for a load test."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models.expressions import RawSQL

from ticketing.allocation import Ineligible
from ticketing.allocation.criteria import COVERS, EXCLUDED, OPENING, cause
from ticketing.models import Event

ZONES_OF_EVENT = (
    "JOIN (SELECT id AS zone_id, event_id, name FROM ticketing_zone) wanted ON wanted.event_id = e.id"
)

# When each zone of the event opens for each student of the roster; who is not eligible for it has no row.
OPENINGS = f"""
SELECT wanted.zone_id, wanted.name AS zone, student.id AS student_id, {OPENING} AS opening
  FROM ticketing_event e
  {ZONES_OF_EVENT}
 CROSS JOIN accounts_student student
  LEFT JOIN ticketing_eligibilityrule rule ON {COVERS}
 WHERE e.id = %s AND student.status <> 'gone' AND NOT EXISTS ({EXCLUDED})
 GROUP BY e.id, student.id, wanted.zone_id, wanted.name
HAVING {OPENING} IS NOT NULL
"""  # noqa: S608 - put together from our own words; values travel as parameters

COUNTS = f"""
WITH openings AS ({OPENINGS})
SELECT zone.name, openings.opening, count(openings.student_id)
  FROM ticketing_zone zone LEFT JOIN openings ON openings.zone_id = zone.id
 WHERE zone.event_id = %s
 GROUP BY zone.id, zone.name, openings.opening
 ORDER BY zone.name, zone.id, openings.opening
"""  # noqa: S608 - as above

STANDING = f"""
SELECT wanted.name, {OPENING} AS opening, ({EXCLUDED} ORDER BY exclusion.id LIMIT 1) AS exclusion,
       clock_timestamp() AS now, e.paused
  FROM ticketing_event e
  {ZONES_OF_EVENT}
  JOIN accounts_student student ON student.id = %s
  LEFT JOIN ticketing_eligibilityrule rule ON {COVERS}
 WHERE e.id = %s
 GROUP BY e.id, student.id, wanted.zone_id, wanted.name
"""  # noqa: S608 - as above


@dataclass(frozen=True, slots=True)
class Count:
    """How many students of the roster may have a zone, from one time on; `opens_at` is None where nobody may."""

    zone: str
    opens_at: datetime | None
    students: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How one student stands to an event at `now`: when each zone opens for them, None where it does not."""

    openings: dict[str, datetime | None]
    exclusion: str | None
    now: datetime
    paused: bool

    @property
    def opening(self) -> datetime | None:
        """When the first zone opens for this student; None: no zone does."""
        return min((opening for opening in self.openings.values() if opening is not None), default=None)


def count(event_id: UUID) -> list[Count]:
    """Count the students of the roster whom the rules let into each zone, a row for each opening time."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, [event_id, event_id])
        return [Count(*row) for row in cursor.fetchall()]


def standing_of(*, student_id: int, event_id: UUID) -> Standing | None:
    """Return how a student stands to an event; None when it has no zones."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING, [student_id, event_id])
        rows = cursor.fetchall()
    if not rows:
        return None
    exclusion, now, paused = rows[0][2:]
    openings = {zone: opening if exclusion is None else None for zone, opening, *_rest in rows}
    return Standing(openings, exclusion, now, paused)


def why_not(standing: Standing, *, event_id: UUID, status: str) -> Ineligible:
    """Return why no zone of the event is for this student."""
    if standing.exclusion is not None:
        return Ineligible.EXCLUDED
    return cause(event_id=event_id, zone_ids=None, status=status)


def eligible_students(event: Event) -> RawSQL:
    """Return the keys of the students who are eligible for some zone of an event, for an `in` filter."""
    return RawSQL(f"SELECT student_id FROM ({OPENINGS}) AS openings", [event.pk])  # noqa: S611, S608 - as above
