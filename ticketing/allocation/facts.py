"""Everything one decision of mode `database` rests on, read by one statement, and the order of the refusals."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from accounts.models import StudentStatus
from festival.errors import Unavailable
from ticketing.allocation.base import Decision, Press

# `sold_out` of the first claim is read here too, so that a loser's second press costs no further statement.
STATEMENT = """
SELECT clock_timestamp() AS now, e.opens_at, e.closes_at, e.paused,
       coalesce(state.opening = e.opens_at, false) AS opening_seen,
       coalesce(e.limit_group_id, e.id) AS limit_group,
       coalesce(session.ended_at IS NULL AND session.expires_at > clock_timestamp(), false) AS session_good,
       student.status AS student_status,
       ticket.id AS ticket_id, ticket.event_id AS ticket_event_id,
       EXISTS (SELECT FROM ticketing_bar bar
               WHERE bar.event_id = e.id AND bar.student_id = student.id AND bar.lifted_at IS NULL) AS barred,
       state.event_id IS NOT NULL AND cardinality(%(zones)s::uuid[]) = (
               SELECT count(*) FROM ticketing_zonestate zone WHERE zone.zone_id = ANY(%(zones)s::uuid[])) AS primed
  FROM ticketing_event e
  LEFT JOIN ticketing_eventstate state ON state.event_id = e.id
  LEFT JOIN accounts_student student ON student.id = %(student)s AND student.generation = %(generation)s
  LEFT JOIN accounts_studentsession session ON session.id = %(session)s AND session.student_id = student.id
  LEFT JOIN ticketing_ticket ticket ON ticket.limit_group = coalesce(e.limit_group_id, e.id)
        AND ticket.student_id = student.id AND ticket.status IN ('held', 'used')
 WHERE e.id = %(event)s
"""


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


def read_facts(press: Press) -> Facts:
    """Read the facts of a press; under the lock they are final, before it they spare refusals the queue."""
    with connection.cursor() as cursor:
        cursor.execute(
            STATEMENT,
            {
                "event": press.event_id,
                "zones": list(press.zone_ids),
                "student": press.student_id,
                "generation": press.generation,
                "session": press.session_id,
            },
        )
        row = cursor.fetchone()
    if row is None:
        raise Unavailable
    facts = Facts(*row)
    if not facts.primed:
        raise Unavailable
    return facts


def judge(facts: Facts, *, pressed_at: datetime, event_id: UUID) -> Decision | None:
    """Return the first refusal that holds, in the order of the contract, or None when a place may be given.

    Open and closed are judged by the time of the press, read before it waited for the lock.
    """
    if not facts.session_good:
        return Decision.SESSION_ENDED
    if facts.ticket_id is not None:
        return Decision.ALREADY_WON if facts.ticket_event_id == event_id else Decision.LIMIT_REACHED
    if facts.barred:
        return Decision.BARRED
    if facts.student_status != StudentStatus.ENROLLED:
        return Decision.NOT_ELIGIBLE
    if not facts.opening_seen and pressed_at < facts.opens_at:
        return Decision.NOT_OPEN
    if facts.paused:
        return Decision.PAUSED
    if pressed_at >= facts.closes_at:
        return Decision.CLOSED
    return None
