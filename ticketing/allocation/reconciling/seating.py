"""Gives a place to whom one is owed: the lowest free one of the zones that were wanted, else of the event."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import override

from ticketing.allocation.turns import clock
from ticketing.models import LIVE, Bar, Event, Place, Ticket, TicketStatus, Zone
from ticketing.signing import new_ticket_code


@dataclass(frozen=True, slots=True)
class Owed:
    """A ticket that a student was told of and that no row has."""

    claim_id: UUID
    event: Event
    student_id: int
    arrival: int
    elapsed_ms: int
    at: datetime


def is_owed(owed: Owed) -> bool:
    """Tell whether the student still lacks it: has no ticket of the group since, and is not shut out."""
    own = Ticket.objects.filter(limit_group=owed.event.group_key, student=owed.student_id)
    if own.filter(status__in=LIVE).exists() or own.filter(arrival__gt=owed.arrival).exists():
        return False
    return not Bar.objects.filter(event=owed.event, student=owed.student_id, lifted_at=None).exists()


def lowest(zones: Iterable[UUID], only: Mapping[UUID, Set[int]] | None = None) -> Place | None:
    """Return the lowest free place of the first of these zones that has one, of `only` those that may be."""
    for zone in zones:
        places = Place.objects.filter(zone=zone, free=True).order_by("number")
        if only is not None:
            places = places.filter(number__in=only.get(zone, ()))
        if place := places.first():
            return place
    return None


def zones_of(event_id: UUID, wanted: Sequence[UUID]) -> list[UUID]:
    """Return the zones of an event, those that were wanted first."""
    others = Zone.objects.filter(event=event_id).exclude(pk__in=wanted).order_by("name", "pk")
    return [*wanted, *others.values_list("pk", flat=True)]


def take(place: Place) -> None:
    """Take a free place under its next generation."""
    place.free, place.generation = False, place.generation + 1
    place.save(update_fields=["free", "generation"])


def seat(owed: Owed, wanted: Sequence[UUID]) -> str | None:
    """Write the ticket that is owed; None when no place of the event is free."""
    place = lowest(zones_of(owed.event.pk, wanted))
    if place is None:
        return None
    take(place)
    ticket = Ticket.objects.create(
        claim_id=owed.claim_id,
        event=owed.event,
        limit_group=owed.event.group_key,
        zone_id=place.zone_id,
        place=place,
        number=place.number,
        generation=place.generation,
        student_id=owed.student_id,
        code=new_ticket_code(),
        arrival=owed.arrival,
        elapsed_ms=owed.elapsed_ms,
        issued_at=owed.at,
    )
    return f"held {ticket.zone_id} {ticket.number}"


def in_the_way(ticket: Ticket) -> list[Ticket]:
    """Return the live tickets that a live one cannot stand beside: of its place, of its student in the group."""
    same = Q(place=ticket.place)
    if ticket.student_id is not None:
        same |= Q(limit_group=ticket.limit_group, student=ticket.student_id)
    return list(Ticket.objects.filter(same, status__in=LIVE).exclude(claim_id=ticket.claim_id))


def make_way(other: Ticket, ticket: Ticket, only: Mapping[UUID, Set[int]] | None = None) -> str | None:
    """Let a ticket's holder keep what they have otherwise: their newer ticket, or a free place instead of this one.

    None when there is no free place, or the ticket has been used.
    """
    if other.student_id is None or other.student_id != ticket.student_id:
        return seat_elsewhere(other, only)
    if other.status == TicketStatus.USED:
        return None
    with override(settings.LANGUAGE_CODE):
        reason = _("Its holder has another ticket of this sale.")
    facts = {"status": TicketStatus.CANCELLED, "ended_at": clock(), "reason": reason}
    changed = Ticket.objects.filter(pk=other.pk, status=TicketStatus.HELD).update(**facts)
    return f"cancelled for {ticket.claim_id}" if changed == 1 else None


def seat_elsewhere(ticket: Ticket, only: Mapping[UUID, Set[int]] | None = None) -> str | None:
    """Move a live ticket to a free place, of `only` those that may be; None when there is none."""
    place = lowest(zones_of(ticket.event_id, [ticket.zone_id]), only)
    if place is None:
        return None
    take(place)
    ticket.zone_id, ticket.place, ticket.number = place.zone_id, place, place.number
    ticket.generation = place.generation
    ticket.save(update_fields=["zone", "place", "number", "generation"])
    return f"{ticket.status} {ticket.zone_id} {ticket.number}"
