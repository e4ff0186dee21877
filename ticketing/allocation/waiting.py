"""The waiting list of mode `database`: who may have which place next, and what an entry becomes.

Whatever changes an entry is called by whoever holds the turn of the limit group (turns.py).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models.functions import Coalesce

from accounts.mail.outbox import queue_place
from accounts.models import MailKind
from ticketing.allocation.base import Offer, Waits
from ticketing.allocation.criteria import COVERS, EXCLUDED, OPENING
from ticketing.allocation.promotions import deadline, possible
from ticketing.allocation.turns import known
from ticketing.errors import Inconsistent
from ticketing.models import (
    ACTIVE,
    Authority,
    Event,
    Place,
    Promotion,
    SaleCounter,
    Ticket,
    WaitingEntry,
    WaitingStatus,
)
from ticketing.signing import new_ticket_code

# Each entry that could have a place now, with each of its zones that is open to its student: not while a ticket of the
# group is held, nor for who is barred, gone or excluded.
PROMOTABLE = f"""
  FROM ticketing_waitingentry entry
  JOIN ticketing_event e ON e.id = entry.event_id
  JOIN ticketing_eventstate state ON state.event_id = e.id
  JOIN accounts_student student ON student.id = entry.student_id AND student.status <> 'gone'
 CROSS JOIN LATERAL (
       SELECT wanted.zone_id, wanted.preference, {OPENING} AS opening
         FROM unnest(entry.zones) WITH ORDINALITY AS wanted (zone_id, preference)
         LEFT JOIN ticketing_eligibilityrule rule ON {COVERS}
        GROUP BY wanted.zone_id, wanted.preference) AS zone
 {{more}}
 WHERE entry.status = 'waiting'
   AND (zone.opening <= %(at)s OR zone.opening = e.opens_at AND state.opening = e.opens_at)
   AND NOT EXISTS (SELECT FROM ticketing_ticket ticket
                    WHERE ticket.limit_group = coalesce(e.limit_group_id, e.id)
                      AND ticket.student_id = entry.student_id AND ticket.status IN ('held', 'used'))
   AND NOT EXISTS (SELECT FROM ticketing_bar bar
                    WHERE bar.event_id = e.id AND bar.student_id = entry.student_id AND bar.lifted_at IS NULL)
   AND NOT EXISTS ({EXCLUDED})
"""  # noqa: S608 - put together from our own words; values travel as parameters
WANTED = f"""
SELECT DISTINCT zone.zone_id {PROMOTABLE.format(more="")}
   AND zone.zone_id = ANY(%(zones)s::uuid[]) AND entry.zones && %(zones)s::uuid[]
   AND (e.promotions_end_at IS NULL OR e.promotions_end_at > %(at)s)
"""
LOWEST = """CROSS JOIN LATERAL (SELECT id FROM ticketing_place
                      WHERE zone_id = zone.zone_id AND free ORDER BY number LIMIT 1) AS lowest"""
NEXT = f"""
SELECT entry.claim_id, lowest.id {PROMOTABLE.format(more=LOWEST)}
   AND entry.event_id = %(event)s AND (%(zone)s::uuid IS NULL OR zone.zone_id = %(zone)s)
 ORDER BY entry.arrival, zone.preference LIMIT 1
"""


def rows(statement: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def wanted_by_others(zone_ids: list[UUID], at: datetime) -> set[UUID]:
    """Return which of these zones somebody waits for who could have a place of it: a newcomer passes nobody."""
    return {zone for (zone,) in rows(WANTED, zones=zone_ids, at=at)}


FREE = """
SELECT zone_id FROM unnest(%(zones)s::uuid[]) AS wanted (zone_id)
 WHERE EXISTS (SELECT FROM ticketing_place place WHERE place.zone_id = wanted.zone_id AND place.free)
"""


def passing_nobody(zone_ids: Sequence[UUID], at: datetime) -> tuple[UUID, ...]:
    """Return which of these zones have a free place that a newcomer may have.

    Whether somebody waits for a zone is asked only where it matters: most presses come when there is no place at all.
    """
    free = [zone for (zone,) in rows(FREE, zones=list(zone_ids))]
    others_want = wanted_by_others(free, at) if free else set()
    return tuple(zone for zone in zone_ids if zone in free and zone not in others_want)


def entry_of(event_id: UUID, student_id: int) -> WaitingEntry | None:
    """Return the student's active entry, else the last one."""
    entries = WaitingEntry.objects.filter(event=event_id, student=student_id)
    return entries.select_related("offered_zone").order_by("-arrival").first()


def waits(entry: WaitingEntry) -> Waits:
    """Return an active entry as an answer names it."""
    before = WaitingEntry.objects.filter(event=entry.event_id, status__in=ACTIVE, arrival__lt=entry.arrival)
    return Waits(entry.claim_id, tuple(entry.zones), entry.since, before.count() + 1, offer_of(entry))


def offer_of(entry: WaitingEntry) -> Offer | None:
    """Return the offer that an entry has now."""
    if entry.status != WaitingStatus.OFFERED:
        return None
    zone = known(entry.offered_zone).name
    return Offer(zone, known(entry.offered_number), known(entry.offer_until))


def pass_on(event: Event, zone_id: UUID, at: datetime) -> bool:
    """Give the lowest free place of a zone to the lowest arrival that wants it; False when nobody may have it now."""
    return move_up(event, at, zone_id)


def move_up(event: Event, at: datetime, zone_id: UUID | None = None) -> bool:
    """Let the lowest arrival that can have a free place now have it, in one zone or in its first wanted one."""
    found = next_one(event, at, zone_id)
    if found is None:
        return False
    claim_id, place_id = found
    entry = WaitingEntry.objects.get(pk=claim_id)
    place = take(place_id)
    if event.promotion == Promotion.OFFER:
        offer(entry, place, until=deadline(event, at), at=at)
    else:
        give(event, entry, place, at=at)
        queue_place(MailKind.PROMOTED, entry.claim_id)
    return True


def next_one(event: Event, at: datetime, zone_id: UUID | None = None) -> tuple[UUID, int] | None:
    """Return who would move up now, and to which place; without a lock it may be otherwise a moment later."""
    if not possible(event, at):
        return None
    found = rows(NEXT, event=event.pk, zone=zone_id, at=at)
    return (found[0][0], found[0][1]) if found else None


def take(place_id: int) -> Place:
    """Take a free place: nobody else holds the turn, so it is still free."""
    place = Place.objects.get(pk=place_id)
    place.free, place.generation = False, place.generation + 1
    if Place.objects.filter(pk=place_id, free=True).update(free=False, generation=place.generation) != 1:
        raise Inconsistent("a free place was taken by somebody without the turn")
    return place


def offer(entry: WaitingEntry, place: Place, *, until: datetime, at: datetime) -> None:
    """Hold a place back for a student who waits."""
    entry.status, entry.changed_at, entry.offer_until = WaitingStatus.OFFERED, at, until
    entry.offered_zone_id, entry.offered_number = place.zone_id, place.number
    entry.offered_generation = place.generation
    entry.save()
    queue_place(MailKind.OFFERED, entry.claim_id)


def give(event: Event, entry: WaitingEntry, place: Place, *, at: datetime) -> Ticket:
    """Make a ticket of an entry; it keeps the entry's claim and arrival."""
    entry.status, entry.changed_at = WaitingStatus.PROMOTED, at
    entry.save()
    return Ticket.objects.create(
        claim_id=entry.claim_id,
        event=event,
        limit_group=event.group_key,
        zone_id=place.zone_id,
        place=place,
        number=place.number,
        generation=place.generation,
        student_id=entry.student_id,
        code=new_ticket_code(),
        arrival=entry.arrival,
        elapsed_ms=entry.elapsed_ms,
        issued_at=at,
    )


def accept(event: Event, entry: WaitingEntry, at: datetime) -> Ticket:
    """Make a ticket of an offer that still stands."""
    place = Place.objects.get(zone=entry.offered_zone, number=known(entry.offered_number))
    return give(event, entry, place, at=at)


def end(
    event: Event,
    entry: WaitingEntry,
    status: WaitingStatus,
    at: datetime,
    *,
    actor_id: int | None = None,
    reason: str = "",
) -> None:
    """End an active entry; a place that was held back for it goes to the next, or is free."""
    offered = entry.status == WaitingStatus.OFFERED
    entry.status, entry.changed_at, entry.actor_id, entry.reason = status, at, actor_id, reason
    entry.save()
    if offered:
        held_back = Place.objects.filter(
            zone=entry.offered_zone, number=known(entry.offered_number), free=False
        )
        if held_back.update(free=True) != 1:
            raise Inconsistent("the place of an offer was free")
        pass_on(event, known(entry.offered_zone_id), at)


def lapsed(event: Event, at: datetime) -> WaitingEntry | None:
    """Return the first offer whose deadline is over."""
    offers = WaitingEntry.objects.filter(event=event, status=WaitingStatus.OFFERED, offer_until__lte=at)
    return offers.order_by("offer_until", "student_id").first()


def step(event: Event, at: datetime) -> bool:
    """End one lapsed offer, or let one move up; False when nothing is to be done."""
    if entry := lapsed(event, at):
        end(event, entry, WaitingStatus.LAPSED, at)
        return True
    return move_up(event, at)


def events_with_a_list() -> list[UUID]:
    """Return the events of PostgreSQL for which anybody waits or has an offer."""
    here = SaleCounter.objects.filter(authority=Authority.DATABASE).values("group")
    events = Event.objects.annotate(group=Coalesce("limit_group_id", "id")).filter(group__in=here)
    active = WaitingEntry.objects.filter(status__in=ACTIVE, event__in=events)
    return list(active.order_by().values_list("event", flat=True).distinct())
