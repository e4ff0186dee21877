"""Whom the council's rules let into which zone, as the claim script reads it: students of one class may do the same.

A class is a text of three parts with a line feed between them: the reason of an exclusion; the zones in whose rules
the student's academic status stands, as ;zone;zone; and the openings, as ;zone=ms;zone=; (nothing after the sign: with
the event). Who is excluded has no openings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from ticketing.allocation.criteria import COVERS, EXCLUDED, OPENING
from ticketing.allocation.rush.lines import milliseconds

# The same pieces of SQL that mode `database` judges by.
CLASSES = f"""
SELECT student.id, ({EXCLUDED} ORDER BY exclusion.id LIMIT 1) AS exclusion,
       array_agg(zone.zone_id ORDER BY zone.zone_id),
       array_agg(zone.opening ORDER BY zone.zone_id), array_agg(zone.status_ruled ORDER BY zone.zone_id)
  FROM ticketing_event e CROSS JOIN accounts_student student
  CROSS JOIN LATERAL (
        SELECT wanted.id AS zone_id, {OPENING} AS opening,
               coalesce(bool_or(student.status = ANY(rule.statuses)), false) AS status_ruled
          FROM (SELECT id, id AS zone_id FROM ticketing_zone WHERE event_id = e.id) AS wanted
          LEFT JOIN ticketing_eligibilityrule rule ON {COVERS}
         GROUP BY wanted.id) AS zone
 WHERE e.id = %(event)s AND student.status <> 'gone'
   AND student.id = ANY(%(students)s)
 GROUP BY student.id, e.id
"""  # noqa: S608 - put together from our own words; values travel as parameters


@dataclass(frozen=True, slots=True)
class Class:
    """What students of one class may do in an event."""

    exclusion: str
    status_in_rules: frozenset[str]
    openings: dict[str, int | None]

    def text(self) -> str:
        """Return the class as the script reads it; equal classes have equal texts."""
        ruled = "".join(f"{zone};" for zone in sorted(self.status_in_rules))
        openings = "".join(
            f"{zone}={'' if at is None else at};" for zone, at in sorted(self.openings.items())
        )
        reason = " ".join(self.exclusion.split())
        return f"{reason}\n;{ruled}\n;{'' if self.exclusion else openings}"


def read(text: str) -> Class:
    """Return a class from its text."""
    exclusion, ruled, openings = text.split("\n")
    pairs = (pair.split("=") for pair in openings.strip(";").split(";") if pair)
    return Class(
        exclusion,
        frozenset(filter(None, ruled.split(";"))),
        {zone: int(at) if at else None for zone, at in pairs},
    )


def has_rules(event: UUID) -> bool:
    """Tell whether anything but enrolment decides who is eligible for an event."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT EXISTS (SELECT FROM ticketing_eligibilityrule WHERE event_id = %(event)s)
                   OR EXISTS (SELECT FROM ticketing_exclusion WHERE event_id = %(event)s)""",
            {"event": event},
        )
        return bool(cursor.fetchone()[0])


def classes(event: UUID, opens_at: datetime, students: Sequence[int]) -> dict[int, str]:
    """Return the class of each of these students; who is gone has none. Thousands have the same few texts."""
    known: dict[tuple[Any, ...], str] = {}
    found: dict[int, str] = {}
    with connection.cursor() as cursor:
        cursor.execute(CLASSES, {"event": event, "students": list(students)})
        for student, exclusion, zones, openings, ruled in cursor.fetchall():
            facts = (exclusion, tuple(zones), tuple(openings), tuple(ruled))
            if facts not in known:
                known[facts] = class_of(opens_at, exclusion, zones, openings, ruled).text()
            found[student] = known[facts]
    return found


def class_of(
    opens_at: datetime,
    exclusion: str | None,
    zones: list[UUID],
    openings: list[datetime | None],
    ruled: list[bool],
) -> Class:
    """Return the class that these facts make; an opening at the event's own time follows the event."""
    return Class(
        exclusion or "",
        frozenset(str(zone) for zone, said in zip(zones, ruled, strict=True) if said),
        {
            str(zone): None if at == opens_at else milliseconds(at)
            for zone, at in zip(zones, openings, strict=True)
            if at is not None
        },
    )
