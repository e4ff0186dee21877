"""The rows that entries of a stream make: a batch is a few statements, whatever its size."""

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

Entry = dict[str, Any]


def run(statement: str, parts: Iterable[Entry]) -> None:
    """Run a statement over parts as rows; nothing for none."""
    if found := list(parts):
        with connection.cursor() as cursor:
            cursor.execute(statement, {"parts": json.dumps(found)})


TICKETS = """
INSERT INTO ticketing_ticket AS ticket
       (claim_id, event_id, limit_group, zone_id, place_id, number, generation, student_id, guest_name, code, status,
        arrival, elapsed_ms, issued_at, ended_at, actor_id, reason, granted_by_id, grant_reason, sequence)
SELECT part.claim, part.event, part.group, part.zone, place.id, part.number, part.generation, part.student,
       coalesce(part.guest, ''), part.code, part.status, part.arrival, part.elapsed,
       to_timestamp(part.issued / 1000.0), to_timestamp(part.ended / 1000.0),
       part.actor, coalesce(part.reason, ''), part.granted_by, coalesce(part.grant_reason, ''), part.sequence
  FROM jsonb_to_recordset(%(parts)s::jsonb) AS part (
       claim uuid, event uuid, "group" uuid, zone uuid, number int, generation int, student bigint, guest text,
       code text, status text, arrival bigint, elapsed bigint, issued bigint, ended bigint,
       actor bigint, reason text, granted_by bigint, grant_reason text, sequence bigint)
  LEFT JOIN ticketing_place place ON place.zone_id = part.zone AND place.number = part.number
 ORDER BY part.sequence
ON CONFLICT (claim_id) DO UPDATE
   SET status = excluded.status, ended_at = excluded.ended_at,
       actor_id = excluded.actor_id, reason = excluded.reason, sequence = excluded.sequence
 WHERE ticket.sequence < excluded.sequence
"""


def write_tickets(tickets: Iterable[Entry]) -> None:
    """Insert tickets, or bring them to their newest state."""
    run(TICKETS, tickets)


WAITING = """
INSERT INTO ticketing_waitingentry AS entry
       (claim_id, event_id, student_id, zones, arrival, elapsed_ms, since, status, offered_zone_id, offered_number,
        offered_generation, offer_until, changed_at, actor_id, reason, sequence)
SELECT part.claim, part.event, part.student, ARRAY(SELECT jsonb_array_elements_text(part.zones)::uuid), part.arrival,
       part.elapsed, to_timestamp(part.since / 1000.0), part.status, part.offer_zone, part.offer_number,
       part.offer_generation, to_timestamp(part.offer_until / 1000.0),
       CASE WHEN part.status <> 'waiting' THEN to_timestamp(part.changed / 1000.0) END,
       part.actor, coalesce(part.reason, ''), part.sequence
  FROM jsonb_to_recordset(%(parts)s::jsonb) AS part (
       claim uuid, event uuid, student bigint, zones jsonb, arrival bigint, elapsed bigint, since bigint, status text,
       offer_zone uuid, offer_number int, offer_generation int, offer_until bigint, changed bigint,
       actor bigint, reason text, sequence bigint)
 ORDER BY part.sequence
ON CONFLICT (claim_id) DO UPDATE
   SET status = excluded.status, offered_zone_id = excluded.offered_zone_id,
       offered_number = excluded.offered_number, offered_generation = excluded.offered_generation,
       offer_until = excluded.offer_until, changed_at = excluded.changed_at,
       actor_id = excluded.actor_id, reason = excluded.reason, sequence = excluded.sequence
 WHERE entry.sequence < excluded.sequence
"""


def write_waiting(entries: Iterable[Entry]) -> None:
    """Insert entries of the waiting list, or bring them to their newest state."""
    run(WAITING, entries)


def write_places(places: Iterable[Entry]) -> None:
    """Mark places taken and free."""
    run(
        """
        UPDATE ticketing_place place SET free = part.free, generation = part.generation
          FROM jsonb_to_recordset(%(parts)s::jsonb) AS part (zone uuid, number int, free boolean, generation int)
         WHERE place.zone_id = part.zone AND place.number = part.number
        """,
        places,
    )


def make_places(zones: Iterable[Entry]) -> None:
    """Insert the places that a zone has now and had not before; a number that was given goes on with its generation."""
    run(
        """
        INSERT INTO ticketing_place (zone_id, number, free, generation)
        SELECT part.zone, number.number, true, coalesce(before.generation, 0)
          FROM jsonb_to_recordset(%(parts)s::jsonb) AS part (zone uuid, top int, gone jsonb)
         CROSS JOIN LATERAL generate_series(1, part.top) AS number (number)
          LEFT JOIN (SELECT zone_id, number, max(generation) AS generation FROM (
                            SELECT zone_id, number, generation FROM ticketing_ticket
                            UNION ALL SELECT offered_zone_id, offered_number, offered_generation
                                        FROM ticketing_waitingentry) AS given
                      GROUP BY zone_id, number) AS before
                 ON before.zone_id = part.zone AND before.number = number.number
         WHERE NOT (jsonb_typeof(part.gone) = 'array' AND part.gone @> to_jsonb(number.number))
           AND NOT EXISTS (SELECT FROM ticketing_place place
                            WHERE place.zone_id = part.zone AND place.number = number.number)
        """,
        zones,
    )


DOOMED = """
SELECT place.id FROM jsonb_to_recordset(%(parts)s::jsonb) AS part (zone uuid, top int, gone jsonb)
  JOIN ticketing_place place ON place.zone_id = part.zone
 WHERE place.number > part.top
    OR (jsonb_typeof(part.gone) = 'array' AND part.gone @> to_jsonb(place.number))
"""


FORGET_PLACES = f"""
UPDATE ticketing_ticket SET place_id = NULL WHERE status NOT IN ('held', 'used') AND place_id IN ({DOOMED})
"""  # noqa: S608 - put together from our own words; values travel as parameters
DELETE_PLACES = f"DELETE FROM ticketing_place WHERE id IN ({DOOMED})"  # noqa: S608 - as above


def remove_places(zones: Sequence[Entry]) -> None:
    """Delete the places that a zone has no more, and write down how many it has; ended tickets keep their number."""
    run(FORGET_PLACES, zones)
    run(DELETE_PLACES, zones)
    run(
        """
        INSERT INTO ticketing_zonestate (zone_id, capacity)
        SELECT part.zone, part.capacity FROM jsonb_to_recordset(%(parts)s::jsonb) AS part (zone uuid, capacity int)
        ON CONFLICT (zone_id) DO UPDATE SET capacity = excluded.capacity
        """,
        zones,
    )


def write_claims(claims: Iterable[Entry]) -> None:
    """Insert counted presses."""
    run(
        """
        INSERT INTO ticketing_claim AS claim
               (id, event_id, "group", student_id, arrival, decided_at, elapsed_ms, answer, zones, sequence)
        SELECT part.id, part.event, part.group, part.student, part.arrival, to_timestamp(part.at / 1000.0),
               part.elapsed, part.answer, ARRAY(SELECT jsonb_array_elements_text(part.zones)), part.sequence
          FROM jsonb_to_recordset(%(parts)s::jsonb) AS part (
               id uuid, event uuid, "group" uuid, student bigint, arrival bigint, at bigint, elapsed bigint,
               answer text, zones jsonb, sequence bigint)
         ORDER BY part.sequence
        ON CONFLICT (id) DO UPDATE SET answer = excluded.answer, sequence = excluded.sequence
         WHERE claim.sequence < excluded.sequence
        """,
        claims,
    )


PART_OF_BAR = """jsonb_to_recordset(%(parts)s::jsonb) AS part (
       event uuid, student bigint, actor bigint, reason text, at bigint, lifted bigint)"""
BAR = f"""
INSERT INTO ticketing_bar (event_id, student_id, actor_id, reason, created_at)
SELECT part.event, part.student, part.actor, part.reason, to_timestamp(part.at / 1000.0) FROM {PART_OF_BAR}
"""  # noqa: S608 - put together from our own words; values travel as parameters
LIFT = f"""
UPDATE ticketing_bar bar
   SET lifted_at = to_timestamp(part.lifted / 1000.0), lifted_by_id = part.actor,
       lift_reason = coalesce(part.reason, '')
  FROM {PART_OF_BAR}
 WHERE bar.event_id = part.event AND bar.student_id = part.student AND bar.lifted_at IS NULL
"""  # noqa: S608 - as above


def write_bars(bars: Sequence[Entry]) -> None:
    """Write bars and their lifting, one after the other: the last word about a student counts."""
    for bar in bars:
        statement = LIFT if bar.get("lifted") else BAR
        run(statement, [bar])


def write_openings(openings: Iterable[Entry]) -> None:
    """Write which opening was seen."""
    run(
        """
        UPDATE ticketing_eventstate state SET opening = to_timestamp(part.opening / 1000.0)
          FROM jsonb_to_recordset(%(parts)s::jsonb) AS part (event uuid, opening bigint)
         WHERE state.event_id = part.event
        """,
        openings,
    )


def write_applied(sales: Iterable[Entry]) -> None:
    """Write what is applied of the council's wishes."""
    run(
        """
        UPDATE ticketing_eventstate state SET applied = part.applied
          FROM jsonb_to_recordset(%(parts)s::jsonb) AS part (event uuid, applied jsonb)
         WHERE state.event_id = part.event
        """,
        sales,
    )


def write_counter(group: UUID, batch: Sequence[Entry]) -> None:
    """Move the group's numbers on."""
    arrival = max((entry.get("arrival") or 0 for entry in batch), default=0)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE ticketing_salecounter
               SET arrival = greatest(arrival, %s), last_at = greatest(last_at, to_timestamp(%s / 1000.0))
             WHERE "group" = %s
            """,
            [arrival, batch[-1]["at"], group],
        )
