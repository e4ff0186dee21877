"""Compares the rows of a limit group with themselves: who decides by them, or builds Redis from them, trusts that."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, F, Max, OuterRef, Q

from ticketing.allocation.reconciling.findings import NOTHING, Difference, Finding, Mend
from ticketing.allocation.reconciling.seating import Owed, is_owed, lowest, seat, take
from ticketing.allocation.turns import known
from ticketing.models import (
    ACTIVE,
    LIVE,
    Claim,
    Event,
    Place,
    SaleCounter,
    Ticket,
    WaitingEntry,
    WaitingStatus,
    Zone,
    ZoneState,
)
from ticketing.models.authority import Answer


def look(group: UUID, events: Sequence[Event]) -> list[Finding]:
    """Return what rows say against each other, in the order in which it is mended: places before who is owed one."""
    return [
        *tickets_at_other_places(group),
        *places(events),
        *capacities(events),
        *offers(events),
        *waiting_with_tickets(events),
        *winners_without_tickets(group, events),
        *promoted_without_tickets(events),
        *tickets_without_claims(group),
        *arrivals_of_the_waiting(events),
        *counters(group),
    ]


def finding(kind: str, about: object, rows: object, other: object, mend: Mend) -> Finding:
    return Finding(Difference(kind, str(about), str(rows), str(other), "rows"), mend)


def tickets_at_other_places(group: UUID) -> Iterator[Finding]:
    """A live ticket names a zone and number; its place is another one."""
    live = Ticket.objects.filter(limit_group=group, status__in=LIVE).select_related("place")
    for ticket in live.exclude(place__zone=F("zone"), place__number=F("number")):
        place = ticket.place
        is_at = f"{place.zone_id} {place.number}" if place else NOTHING
        says = f"{ticket.zone_id} {ticket.number}"
        yield finding("ticket_place", ticket.claim_id, says, is_at, partial(put_right, ticket))


def put_right(ticket: Ticket) -> str | None:
    """Point a ticket at the place that it names, which its holder was told; else let it name the one it has."""
    named = Place.objects.filter(zone=ticket.zone_id, number=ticket.number).first()
    others = Ticket.objects.filter(place=named, status__in=LIVE).exclude(pk=ticket.pk)
    if named is not None and not others.exists() and not offer_of(named):
        Ticket.objects.filter(pk=ticket.pk).update(place=named)
        return f"{named.zone_id} {named.number}"
    place = ticket.place
    if place is None:
        return None
    Ticket.objects.filter(pk=ticket.pk).update(zone=place.zone_id, number=place.number)
    return f"{place.zone_id} {place.number}"


def offer_of(place: Place) -> WaitingEntry | None:
    return WaitingEntry.objects.filter(
        status=WaitingStatus.OFFERED, offered_zone=place.zone_id, offered_number=place.number
    ).first()


PLACES = """
SELECT place.id, place.zone_id, place.number, place.free, place.generation, taken.held, given.generation
  FROM ticketing_place place
  JOIN ticketing_zone zone ON zone.id = place.zone_id
 CROSS JOIN LATERAL (SELECT EXISTS (
         SELECT FROM ticketing_ticket ticket WHERE ticket.place_id = place.id AND ticket.status IN ('held', 'used'))
      OR EXISTS (
         SELECT FROM ticketing_waitingentry entry WHERE entry.status = 'offered'
            AND entry.offered_zone_id = place.zone_id AND entry.offered_number = place.number) AS held) AS taken
  LEFT JOIN (SELECT zone_id, number, max(generation) AS generation FROM (
                    SELECT zone_id, number, generation FROM ticketing_ticket
                     WHERE event_id = ANY(%(events)s::uuid[])
                    UNION ALL SELECT offered_zone_id, offered_number, offered_generation
                                FROM ticketing_waitingentry WHERE event_id = ANY(%(events)s::uuid[])) AS every
              GROUP BY zone_id, number) AS given ON given.zone_id = place.zone_id AND given.number = place.number
 WHERE zone.event_id = ANY(%(events)s::uuid[])
   AND (place.free = taken.held OR place.generation < coalesce(given.generation, 0))
 ORDER BY place.zone_id, place.number
"""


def places(events: Sequence[Event]) -> Iterator[Finding]:
    """A place is free and somebody's, or taken and nobody's; or it was given more often than it counts."""
    with connection.cursor() as cursor:
        cursor.execute(PLACES, {"events": [event.pk for event in events]})
        found = cursor.fetchall()
    for key, zone, number, free, generation, held, given in found:
        about = f"{zone} {number}"
        if free == held:
            words = ("free", "somebody's") if free else ("taken", "nobody's")
            yield finding("place_free", about, *words, partial(set_place, key, free=not held))
        if given is not None and generation < given:
            mend = partial(set_place, key, generation=given)
            yield finding("place_generation", about, generation, given, mend)


def set_place(key: int, **facts: Any) -> str:
    Place.objects.filter(pk=key).update(**facts)
    return " ".join(f"{name} {value}" for name, value in facts.items())


def capacities(events: Sequence[Event]) -> Iterator[Finding]:
    """A zone has other places than its state counts."""
    for zone in Zone.objects.filter(event__in=events).select_related("state"):
        counted, made = ZoneState.objects.filter(zone=zone).first(), zone.places.count()
        says = NOTHING if counted is None else counted.capacity
        if (counted is None and made) or (counted is not None and counted.capacity != made):
            yield finding("zone_capacity", zone.pk, says, f"{made} places", partial(set_capacity, zone, made))


def set_capacity(zone: Zone, made: int) -> str:
    ZoneState.objects.update_or_create(zone=zone, defaults={"capacity": made})
    return str(made)


def offers(events: Sequence[Event]) -> Iterator[Finding]:
    """An offer holds a place back that is not there, or that somebody has a ticket for."""
    for entry in WaitingEntry.objects.filter(event__in=events, status=WaitingStatus.OFFERED):
        place = Place.objects.filter(
            zone=known(entry.offered_zone_id), number=known(entry.offered_number)
        ).first()
        others = Ticket.objects.filter(place=place, status__in=LIVE).exclude(claim_id=entry.claim_id)
        if place is None or others.exists():
            about = f"{entry.offered_zone_id} {entry.offered_number}"
            other = "no such place" if place is None else "somebody else's ticket"
            yield finding("offer_place", entry.claim_id, about, other, partial(offer_anew, entry))


def offer_anew(entry: WaitingEntry) -> str | None:
    """Hold a free place back instead, until the same time; None when none of the wanted zones has one."""
    place = lowest(entry.zones)
    if place is None:
        return None
    take(place)
    WaitingEntry.objects.filter(pk=entry.pk).update(
        offered_zone=place.zone_id, offered_number=place.number, offered_generation=place.generation
    )
    return f"{place.zone_id} {place.number}"


def waiting_with_tickets(events: Sequence[Event]) -> Iterator[Finding]:
    """An entry waits whose own ticket is there."""
    own = Ticket.objects.filter(claim_id=OuterRef("claim_id"), status__in=LIVE)
    for entry in WaitingEntry.objects.filter(Exists(own), event__in=events, status__in=ACTIVE):
        mend = partial(set_entry, entry, status=WaitingStatus.PROMOTED, changed_at=entry.since)
        yield finding("waiting_with_ticket", entry.claim_id, entry.status, "its ticket", mend)


def set_entry(entry: WaitingEntry, **facts: Any) -> str:
    WaitingEntry.objects.filter(pk=entry.pk).update(**facts)
    return " ".join(str(value) for value in facts.values())


def winners_without_tickets(group: UUID, events: Sequence[Event]) -> Iterator[Finding]:
    """Somebody was told "won" and has no ticket, of which no row says either that it has ended."""
    by_key = {event.pk: event for event in events}
    ticket = Ticket.objects.filter(claim_id=OuterRef("pk"))
    claims = Claim.objects.filter(~Exists(ticket), group=group, answer=Answer.WON, event__in=events)
    for claim in claims.order_by("arrival"):
        event = by_key[claim.event_id]
        owed = Owed(claim.pk, event, claim.student_id, claim.arrival, claim.elapsed_ms, claim.decided_at)
        if is_owed(owed):
            named = Zone.objects.filter(event=event, name__in=claim.zones)
            keys = dict(named.values_list("name", "pk"))
            wanted = [keys[name] for name in claim.zones if name in keys]
            yield finding("winner_without_ticket", claim.pk, "won", "no ticket", partial(seat, owed, wanted))


def promoted_without_tickets(events: Sequence[Event]) -> Iterator[Finding]:
    """An entry of the waiting list has become a ticket, and there is none; one may have been given by hand instead."""
    by_key = {event.pk: event for event in events}
    own = Ticket.objects.filter(claim_id=OuterRef("claim_id"))
    given = Ticket.objects.filter(event=OuterRef("event"), student=OuterRef("student"), arrival=None)
    entries = WaitingEntry.objects.filter(
        ~Exists(own), ~Exists(given), event__in=events, status=WaitingStatus.PROMOTED
    )
    for entry in entries.order_by("arrival"):
        event, at = by_key[entry.event_id], entry.changed_at or entry.since
        owed = Owed(entry.claim_id, event, entry.student_id, entry.arrival, entry.elapsed_ms, at)
        if is_owed(owed):
            mend = partial(seat, owed, entry.zones)
            yield finding("winner_without_ticket", entry.claim_id, "promoted", "no ticket", mend)


def tickets_without_claims(group: UUID) -> Iterator[Finding]:
    """A ticket has an arrival, and nobody has pressed for it; one that a receipt restored may have lost its number."""
    claim = Claim.objects.filter(Q(pk=OuterRef("claim_id")) | Q(group=group, arrival=OuterRef("arrival")))
    tickets = Ticket.objects.filter(~Exists(claim), limit_group=group, arrival__isnull=False)
    for ticket in tickets.exclude(student=None).select_related("zone").order_by("arrival"):
        about = f"arrival {ticket.arrival}"
        yield finding(
            "ticket_without_claim", ticket.claim_id, about, "no claim", partial(count_press, ticket)
        )


def count_press(ticket: Ticket) -> str:
    """Write the press that a ticket comes of."""
    waited = WaitingEntry.objects.filter(pk=ticket.claim_id).exists()
    claim = Claim.objects.create(
        id=ticket.claim_id,
        event_id=ticket.event_id,
        group=ticket.limit_group,
        student_id=known(ticket.student_id),
        arrival=known(ticket.arrival),
        decided_at=ticket.issued_at,
        elapsed_ms=ticket.elapsed_ms or 0,
        answer=Answer.WAITLISTED if waited else Answer.WON,
        zones=[ticket.zone.name],
    )
    return f"arrival {claim.arrival}"


def arrivals_of_the_waiting(events: Sequence[Event]) -> Iterator[Finding]:
    """An entry stands in the list where its press did not arrive."""
    arrived = {
        claim.pk: claim.arrival for claim in Claim.objects.filter(event__in=events, answer=Answer.WAITLISTED)
    }
    for entry in WaitingEntry.objects.filter(Q(status__in=ACTIVE), event__in=events):
        arrival = arrived.get(entry.claim_id, entry.arrival)
        if entry.arrival != arrival:
            mend = partial(set_entry, entry, arrival=arrival)
            yield finding("waiting_arrival", entry.claim_id, entry.arrival, f"claim {arrival}", mend)


def counters(group: UUID) -> Iterator[Finding]:
    """A counter is behind an arrival that was given."""
    counter = SaleCounter.objects.get(group=group)
    last = Claim.objects.filter(group=group).aggregate(last=Max("arrival"))["last"] or 0
    if counter.arrival < last:
        yield finding("counter_arrival", group, counter.arrival, last, partial(set_arrival, group, last))


def set_arrival(group: UUID, arrival: int) -> str:
    SaleCounter.objects.filter(group=group).update(arrival=arrival)
    return str(arrival)
