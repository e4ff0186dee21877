"""What an entry of a stream says, and the rows that it makes: a batch is a few statements, whatever its size.

An entry tells the whole new state of everything that it changes, so of several about one thing the last one counts.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from ticketing.models import LIVE

Entry = dict[str, Any]
KINDS = {"claim", "cancelled", "void", "bar", "lift", "capacity", "sale"}


class Unreadable(Exception):
    """The entry is none that this version understands."""


def read(key: str, fields: dict[str, str]) -> Entry:
    """Return an entry of a stream; raises Unreadable."""
    try:
        entry: Entry = json.loads(fields["entry"])
        number = int(key.partition("-")[0])
    except (KeyError, ValueError) as error:
        raise Unreadable("not an entry") from error
    if entry.get("kind") not in KINDS or entry.get("sequence") != number:
        raise Unreadable("an entry of an unknown kind")
    return entry


def apply(group: UUID, batch: Sequence[Entry]) -> None:
    """Bring the rows to what a batch says, in an order in which no constraint is hurt on the way.

    1. places that a larger capacity makes  2. tickets that have ended, before others take their places
    3. places taken and freed  4. live tickets  5. places that a smaller capacity takes away  6. everything else
    """
    tickets = newest(batch, "tickets", "claim")
    zones = newest(batch, "zones", "zone")
    make_places(zones)
    write_tickets(ticket for ticket in tickets if ticket["status"] not in LIVE)
    write_places(tickets_in_order(batch))
    write_tickets(ticket for ticket in tickets if ticket["status"] in LIVE)
    remove_places(zones)
    write_claims(each(batch, "claims"))
    write_bars(each(batch, "bars"))
    write_states(batch)
    write_counter(group, batch)


def each(batch: Sequence[Entry], name: str) -> list[Entry]:
    """Return the parts of that name in all entries, in order, each with the number and time of its entry."""
    about = ({"sequence": entry["sequence"], "at": entry["at"]} for entry in batch)
    return [
        {**facts, **part} for facts, entry in zip(about, batch, strict=True) for part in entry.get(name) or ()
    ]


def newest(batch: Sequence[Entry], name: str, key: str) -> list[Entry]:
    """Return the parts of that name, of several about one thing the last."""
    return list({part[key]: part for part in each(batch, name)}.values())


def tickets_in_order(batch: Sequence[Entry]) -> list[Entry]:
    """Return for each place the last ticket that says anything about it."""
    return list({(part["zone"], part["number"]): part for part in each(batch, "tickets")}.values())


def run(statement: str, parts: Iterable[Entry]) -> None:
    """Run a statement over parts as rows; nothing for none."""
    if found := list(parts):
        with connection.cursor() as cursor:
            cursor.execute(statement, {"parts": json.dumps(found)})


TICKETS = """
INSERT INTO ticketing_ticket AS ticket
       (claim_id, event_id, limit_group, zone_id, place_id, number, generation, student_id, guest_name, code, status,
        arrival, elapsed_ms, issued_at, ended_at, actor_id, reason, sequence)
SELECT part.claim, part.event, part.group, part.zone, place.id, part.number, part.generation, part.student,
       coalesce(part.guest, ''), part.code, part.status, part.arrival, part.elapsed,
       to_timestamp(part.issued / 1000.0), to_timestamp(part.ended / 1000.0),
       part.actor, coalesce(part.reason, ''), part.sequence
  FROM jsonb_to_recordset(%(parts)s::jsonb) AS part (
       claim uuid, event uuid, "group" uuid, zone uuid, number int, generation int, student bigint, guest text,
       code text, status text, arrival bigint, elapsed bigint, issued bigint, ended bigint,
       actor bigint, reason text, sequence bigint)
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


def write_places(tickets: Iterable[Entry]) -> None:
    """Mark places taken and free, as the last ticket of each says."""
    run(
        """
        UPDATE ticketing_place place SET free = part.status NOT IN ('held', 'used'), generation = part.generation
          FROM jsonb_to_recordset(%(parts)s::jsonb) AS part (zone uuid, number int, status text, generation int)
         WHERE place.zone_id = part.zone AND place.number = part.number
        """,
        tickets,
    )


def make_places(zones: Iterable[Entry]) -> None:
    """Insert the places that a zone has now and had not before; a number that was given goes on with its generation."""
    run(
        """
        INSERT INTO ticketing_place (zone_id, number, free, generation)
        SELECT part.zone, number.number, true, coalesce(before.generation, 0)
          FROM jsonb_to_recordset(%(parts)s::jsonb) AS part (zone uuid, top int, gone jsonb)
         CROSS JOIN LATERAL generate_series(1, part.top) AS number (number)
          LEFT JOIN (SELECT zone_id, number, max(generation) AS generation FROM ticketing_ticket
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
UPDATE ticketing_bar bar SET lifted_at = to_timestamp(part.lifted / 1000.0) FROM {PART_OF_BAR}
 WHERE bar.event_id = part.event AND bar.student_id = part.student AND bar.lifted_at IS NULL
"""  # noqa: S608 - as above


def write_bars(bars: Sequence[Entry]) -> None:
    """Write bars and their lifting, one after the other: the last word about a student counts."""
    for bar in bars:
        statement = LIFT if bar.get("lifted") else BAR
        run(statement, [bar])


def write_states(batch: Sequence[Entry]) -> None:
    """Write which opening was seen, and what is applied of the council's wishes."""
    run(
        """
        UPDATE ticketing_eventstate state SET opening = to_timestamp(part.opening / 1000.0)
          FROM jsonb_to_recordset(%(parts)s::jsonb) AS part (event uuid, opening bigint)
         WHERE state.event_id = part.event
        """,
        newest(batch, "openings", "event"),
    )
    run(
        """
        UPDATE ticketing_eventstate state SET applied = part.applied
          FROM jsonb_to_recordset(%(parts)s::jsonb) AS part (event uuid, applied jsonb)
         WHERE state.event_id = part.event
        """,
        newest(batch, "sales", "event"),
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
