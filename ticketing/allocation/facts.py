"""Everything one decision of mode `database` rests on, read by one statement, and the order of the refusals."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.cache import caches
from django.db import connection

from accounts.models import StudentStatus
from festival.errors import Unavailable
from ticketing.allocation.base import Decision, Press
from ticketing.allocation.criteria import COVERS, EXCLUDED, OPENING
from ticketing.allocation.turns import require

FACTS = """
SELECT clock_timestamp() AS now, e.opens_at, e.closes_at, e.paused,
       coalesce(state.opening = e.opens_at, false) AS opening_seen,
       coalesce(e.limit_group_id, e.id) AS limit_group,
       student.id IS NOT NULL
       AND coalesce(session.ended_at IS NULL AND session.expires_at > clock_timestamp(), false) AS session_good,
       student.status AS student_status,
       ticket.id AS ticket_id, ticket.event_id AS ticket_event_id,
       EXISTS (SELECT FROM ticketing_bar bar
               WHERE bar.event_id = %(event)s AND bar.student_id = %(student)s AND bar.lifted_at IS NULL) AS barred,
       state.event_id IS NOT NULL AND cardinality(%(zones)s::uuid[]) = (
               SELECT count(*) FROM ticketing_zonestate zone WHERE zone.zone_id = ANY(%(zones)s::uuid[])) AS primed,
       coalesce(counter.authority, 'loading') AS authority,
       entry.claim_id AS waiting_id, e.waitlist_size,
       EXISTS (SELECT FROM ticketing_waitingentry other
                WHERE other.event_id = %(event)s AND other.status = 'waiting') AS somebody_waits,
       {eligibility}
  FROM ticketing_event e
  LEFT JOIN ticketing_salecounter counter ON counter."group" = coalesce(e.limit_group_id, e.id)
  LEFT JOIN ticketing_eventstate state ON state.event_id = %(event)s
  LEFT JOIN accounts_student student ON student.id = %(student)s AND student.generation = %(generation)s
  LEFT JOIN accounts_studentsession session ON session.id = %(session)s AND session.student_id = %(student)s
  LEFT JOIN ticketing_ticket ticket ON ticket.limit_group = coalesce(e.limit_group_id, e.id)
        AND ticket.student_id = %(student)s AND ticket.status IN ('held', 'used')
  LEFT JOIN ticketing_waitingentry entry ON entry.event_id = %(event)s AND entry.student_id = %(student)s
        AND entry.status IN ('waiting', 'offered')
 WHERE e.id = %(event)s
"""
# Most events have no rules, and everybody who waits for the lock pays for planning this statement. So the short form
# asks only whether there are any; if so, the long one is asked instead. Each is a whole reading by itself.
WITHOUT_RULES = FACTS.format(
    eligibility="""EXISTS (SELECT FROM ticketing_eligibilityrule rule WHERE rule.event_id = %(event)s)
       OR EXISTS (SELECT FROM ticketing_exclusion exclusion WHERE exclusion.event_id = %(event)s) AS has_rules"""
)
WITH_RULES = FACTS.format(
    eligibility=f"""ARRAY(SELECT {OPENING}
               FROM unnest(%(zones)s::uuid[]) WITH ORDINALITY AS wanted (zone_id, preference)
               LEFT JOIN ticketing_eligibilityrule rule ON {COVERS}
              GROUP BY wanted.preference ORDER BY wanted.preference) AS openings,
       ({EXCLUDED} ORDER BY exclusion.id LIMIT 1) AS exclusion"""  # noqa: S608 - put together from our own words; values travel as parameters
)
RULES_REMEMBERED_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Facts:
    """What PostgreSQL knew at `now` about an event and a student."""

    now: datetime
    opens_at: datetime
    closes_at: datetime
    paused: bool
    opening_seen: bool
    limit_group: UUID
    session_good: bool
    student_status: str | None
    ticket_id: int | None
    ticket_event_id: UUID | None
    barred: bool
    primed: bool
    authority: str
    waiting_id: UUID | None
    waitlist_size: int
    somebody_waits: bool
    openings: Sequence[datetime | None] = ()
    exclusion: str | None = None

    @property
    def opening(self) -> datetime | None:
        """The earliest opening of the wanted zones for this student; None: none of them is for this student."""
        return min((opening for opening in self.openings if opening is not None), default=None)

    def open_zones(self, pressed_at: datetime) -> list[int]:
        """Return which of the wanted zones were open to this student at the time of the press, by position.

        The event's own opening is a latch, as far as it was seen; a rule's own opening is what the clock says.
        """
        seen = self.opens_at if self.opening_seen else None
        return [
            place
            for place, opening in enumerate(self.openings)
            if opening is not None and (opening == seen or pressed_at >= opening)
        ]


def read_facts(press: Press) -> Facts:
    """Read the facts of a press; under the lock they are final, before it they spare refusals the queue.

    That an event has rules is remembered, so that its presses ask once: the long form is right for any event.
    """
    key = f"rules:{press.event_id}"
    facts = None if caches["process"].get(key) else facts_without_rules(press)
    if facts is None:
        caches["process"].set(key, True, RULES_REMEMBERED_SECONDS)
        facts = Facts(*ask(WITH_RULES, press))
    require(facts.authority)
    if not facts.primed:
        raise Unavailable
    return facts


def facts_without_rules(press: Press) -> Facts | None:
    """Read the facts of a press for an event that is open to every enrolled student, None for any other event."""
    *found, has_rules = ask(WITHOUT_RULES, press)
    if has_rules:
        return None
    facts = Facts(*found)
    opening = facts.opens_at if facts.student_status == StudentStatus.ENROLLED else None
    return replace(facts, openings=[opening] * len(press.zone_ids))


def ask(statement: str, press: Press) -> tuple[Any, ...]:
    """Ask PostgreSQL by one of the statements."""
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "event": press.event_id,
                "zones": list(press.zone_ids),
                "student": press.student_id,
                "generation": press.generation,
                "session": press.session_id,
            },
        )
        row: tuple[Any, ...] | None = cursor.fetchone()
    if row is None:
        raise Unavailable
    return row


def judge(facts: Facts, *, pressed_at: datetime, event_id: UUID) -> Decision | None:
    """Return the first refusal that holds, in the order of the contract, or None when a place may be given.

    Open and closed are judged by the time of the press, read before it waited for the lock.
    """
    if not facts.session_good:
        return Decision.SESSION_ENDED
    if facts.ticket_id is not None:
        return Decision.ALREADY_WON if facts.ticket_event_id == event_id else Decision.LIMIT_REACHED
    if facts.waiting_id is not None:
        return Decision.WAITLISTED
    if facts.barred:
        return Decision.BARRED
    if facts.exclusion is not None or facts.opening is None:
        return Decision.NOT_ELIGIBLE
    if not facts.open_zones(pressed_at):
        return Decision.NOT_OPEN
    if facts.paused:
        return Decision.PAUSED
    if pressed_at >= facts.closes_at:
        return Decision.CLOSED
    return None
