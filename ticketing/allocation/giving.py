"""The one statement that gives a place, or records a loss, for the press whose turn it is.

One statement, because everything here happens while the others wait: what several would say one after the other costs
a way to PostgreSQL and back for each.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db import connection

from ticketing.allocation.base import Press
from ticketing.signing import TicketCode, new_ticket_code

# Each part sees the rows as they were when the statement began, which the counter's lock has made final.
#   taken    the lowest free place of the first wanted zone that has one: an index probe for each zone
#   room     whether the waiting list takes one more, asked only without a place
#   counted  the next arrival: for a win, a waiting entry, and a student's first loss
#   claim    what was asked and answered, losers' too
#   entry    the place in the waiting list
#   ticket   the right to the place
STATEMENT = """
WITH taken AS (
    UPDATE ticketing_place SET free = false, generation = generation + 1
     WHERE free AND id = (
           SELECT lowest.id
             FROM unnest(%(zones)s::uuid[]) WITH ORDINALITY AS wanted (zone_id, preference)
            CROSS JOIN LATERAL (SELECT id FROM ticketing_place
                                 WHERE zone_id = wanted.zone_id AND free ORDER BY number LIMIT 1) AS lowest
            ORDER BY wanted.preference LIMIT 1)
    RETURNING id, zone_id, number, generation
), room AS (
    SELECT WHERE NOT EXISTS (SELECT FROM taken)
             AND %(waitlist)s > (SELECT count(*) FROM ticketing_waitingentry
                                  WHERE event_id = %(event)s AND status IN ('waiting', 'offered'))
), counted AS (
    UPDATE ticketing_salecounter SET arrival = arrival + 1, last_at = %(at)s
     WHERE "group" = %(group)s
       AND (EXISTS (SELECT FROM taken) OR EXISTS (SELECT FROM room)
            OR NOT EXISTS (SELECT FROM ticketing_claim WHERE event_id = %(event)s AND student_id = %(student)s))
    RETURNING arrival
), claim AS (
    INSERT INTO ticketing_claim
           (id, event_id, "group", student_id, arrival, decided_at, elapsed_ms, answer, zones)
    SELECT %(claim)s, %(event)s, %(group)s, %(student)s, arrival, %(at)s, %(elapsed_ms)s,
           CASE WHEN EXISTS (SELECT FROM taken) THEN 'won'
                WHEN EXISTS (SELECT FROM room) THEN 'waitlisted' ELSE 'sold_out' END, %(names)s
      FROM counted
), entry AS (
    INSERT INTO ticketing_waitingentry
           (claim_id, event_id, student_id, zones, arrival, elapsed_ms, since, status)
    SELECT %(claim)s, %(event)s, %(student)s, %(wanted)s::uuid[], arrival, %(elapsed_ms)s, %(at)s, 'waiting'
      FROM counted CROSS JOIN room
), ticket AS (
    INSERT INTO ticketing_ticket
           (claim_id, event_id, limit_group, zone_id, place_id, number, generation, student_id, code, status,
            arrival, elapsed_ms, issued_at)
    SELECT %(claim)s, %(event)s, %(group)s, zone_id, id, number, generation, %(student)s, %(code)s, 'held',
           arrival, %(elapsed_ms)s, %(at)s
      FROM taken CROSS JOIN counted
)
SELECT counted.arrival, EXISTS (SELECT FROM room), taken.zone_id, taken.number, taken.generation
  FROM counted LEFT JOIN taken ON true
"""


@dataclass(frozen=True, slots=True)
class Given:
    """A decision as it was written: its arrival, whether it waits, and the place when there was one."""

    claim_id: UUID
    code: TicketCode
    arrival: int
    waits: bool
    zone_id: UUID | None
    number: int | None
    generation: int | None


def give_or_count(
    *,
    press: Press,
    group: UUID,
    zone_ids: tuple[UUID, ...],
    waitlist: int,
    at: datetime,
    elapsed_ms: int,
) -> Given | None:
    """Write a win, a waiting entry, or a student's first loss; None for a later loss, which changes nothing.

    `zone_ids` are those of the wanted zones whose places this student may have now.
    The caller holds the counter's lock. Without it two presses could see the same place free; then the second one's
    UPDATE waits, finds the place taken, and its press goes away empty-handed: wrong, but never oversold.
    """
    claim_id, code = uuid4(), new_ticket_code()
    with connection.cursor() as cursor:
        cursor.execute(
            STATEMENT,
            {
                "event": press.event_id,
                "group": group,
                "student": press.student_id,
                "zones": list(zone_ids),
                "wanted": list(press.zone_ids),
                "names": list(press.zone_names),
                "waitlist": waitlist,
                "at": at,
                "elapsed_ms": elapsed_ms,
                "claim": claim_id,
                "code": code,
            },
        )
        row = cursor.fetchone()
    return Given(claim_id, code, *row) if row else None
