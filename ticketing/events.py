"""Festivals and events: the first festival, and what the public sees of an event, at most a second old."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.cache import caches
from django.db.models import QuerySet
from django.utils import timezone

from festival.errors import Unavailable
from ticketing.allocation import allocator_of
from ticketing.allocation.base import Stale
from ticketing.allocation.database import DatabaseAllocator
from ticketing.errors import UnknownEvent
from ticketing.last_tickets import last_tickets
from ticketing.models import Authority, Event, Festival, SaleCounter, Zone

FRESH_SECONDS = 1
MOST_SHOWN = 50


def keep_a_festival(**_kwargs: Any) -> None:
    """Make the first festival after the migrations, so that an event has one to belong to."""
    if not Festival.objects.exists():
        Festival.objects.create(name="대동제", name_en="Daedong Festival")


def newest_festival() -> Festival | None:
    """Return the festival whose name and colour the pages carry, at most a second old."""
    found: Festival | None = caches["process"].get("festival")
    if found is None:
        found = Festival.objects.order_by("-created_at", "id").first()
        caches["process"].set("festival", found, FRESH_SECONDS)
    return found


def public_event(event_id: UUID) -> dict[str, Any]:
    """Return the public document of an event, at most a second old; raises UnknownEvent."""
    found: dict[str, Any] | None = caches["process"].get(f"event:{event_id}")
    if found is None:
        event = events_with_state().filter(pk=event_id).first()
        if event is None:
            raise UnknownEvent
        found = documents([event])[0]
        caches["process"].set(f"event:{event_id}", found, FRESH_SECONDS)
    return found


def current_events(shown_after_closing: timedelta) -> list[dict[str, Any]]:
    """Return the public documents of the events that a visitor may still care for, the soonest first."""
    found: list[dict[str, Any]] | None = caches["process"].get("events:current")
    if found is None:
        oldest = timezone.now() - shown_after_closing
        found = documents(list(events_with_state().filter(closes_at__gt=oldest)[:MOST_SHOWN]))
        caches["process"].set("events:current", found, FRESH_SECONDS)
    return found


def events_with_state() -> QuerySet[Event]:
    """Return all events with what the authority knows of them, by their opening."""
    return Event.objects.select_related("state").order_by("opens_at", "id")


def documents(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Return the public documents of events; those that PostgreSQL decides for by four statements for all.

    An event that is being restored, or whose authority cannot be asked, shows that, and no figures.
    """
    if not events:
        return []
    zones = {event.pk: list[Zone]() for event in events}
    for zone in Zone.objects.filter(event__in=events).order_by("name", "id"):
        zones[zone.event_id].append(zone)
    figures = figures_of({event.pk: [zone.pk for zone in zones[event.pk]] for event in events})
    figures |= {event.pk: (None, figures[event.pk][1]) for event in being_restored(events)}
    shown = [document(event, zones[event.pk], *figures[event.pk]) for event in events]
    tell_last_tickets(
        {
            row.pk: zone
            for event, told in zip(events, shown, strict=True)
            for row, zone in zip(zones[event.pk], told["zones"], strict=True)
        }
    )
    return shown


def being_restored(events: Sequence[Event]) -> list[Event]:
    """Return the events for which nobody decides until receipts have been taken back."""
    keys = [event.group_key for event in events]
    groups = set(
        SaleCounter.objects.filter(group__in=keys, authority=Authority.RECOVERING).values_list(
            "group", flat=True
        )
    )
    return [event for event in events if event.group_key in groups]


def tell_last_tickets(zones: dict[UUID, dict[str, Any]]) -> None:
    """Add to the documents of full zones when their last ticket went."""
    latest = last_tickets([key for key, zone in zones.items() if zone["left"] == 0])
    for key, zone in zones.items():
        zone.update(dict.fromkeys(("last_ticket", "last_returned")) | latest.get(key, {}))


Figures = tuple[dict[UUID, int] | None, datetime]


def figures_of(zones: dict[UUID, list[UUID]]) -> dict[UUID, Figures]:
    """Return for each event the free places of its zones by their authority (None: not to be asked), and its clock."""
    here: list[UUID] = []
    found: dict[UUID, Figures] = {}
    for event, its_zones in zones.items():
        try:
            figures = figures_elsewhere(event, its_zones)
        except (Unavailable, Stale):  # away, or just being handed over
            figures = None, timezone.now()
        if figures is None:
            here.append(event)
        else:
            found[event] = figures
    if here:
        left = DatabaseAllocator().left([zone for event in here for zone in zones[event]])
        now = DatabaseAllocator().now()
        found |= dict.fromkeys(here, (left, now))
    return found


def figures_elsewhere(event: UUID, zones: Sequence[UUID]) -> Figures | None:
    """Return the figures of an event that Redis decides for, None for any other; look again, once, after a handover."""
    for fresh in (False, True):
        authority = allocator_of(event, fresh=fresh)
        if isinstance(authority, DatabaseAllocator):
            return None
        try:
            return authority.left(zones), authority.now()
        except Stale:
            if fresh:
                raise
    return None


def document(
    event: Event, zones: Sequence[Zone], left: dict[UUID, int] | None, now: datetime
) -> dict[str, Any]:
    """Return an event as the public sees it; `left` is unknown for a zone whose places are not made yet."""
    shown = [
        {
            "name": zone.name,
            "name_en": zone.name_en,
            "capacity": zone.capacity,
            "left": left.get(zone.pk) if left is not None else None,
        }
        for zone in zones
    ]
    return {
        "id": str(event.pk),
        "name": event.name,
        "name_en": event.name_en,
        "opens_at": timezone.localtime(event.opens_at).isoformat(),
        "closes_at": timezone.localtime(event.closes_at).isoformat(),
        "state": state_of(event, shown, now) if left is not None else "recovering",
        "rehearsal": event.rehearsal,
        "pause_reason": event.pause_reason if event.paused else "",
        "pause_reason_en": event.pause_reason_en if event.paused else "",
        "resumes_at": timezone.localtime(event.resumes_at).isoformat()
        if event.paused and event.resumes_at
        else None,
        "zones": shown,
    }


def state_for(
    document: dict[str, Any],
    zones: Sequence[dict[str, Any]],
    *,
    opening: datetime,
    now: datetime,
    paused: bool,
) -> str:
    """Return what a press of one student would meet, whose zones open at a time of their own."""
    if document["state"] in ("closed", "recovering"):
        return str(document["state"])
    if now < opening:
        return "scheduled"
    if paused:
        return "paused"
    return "sold_out" if zones and all(zone["left"] == 0 for zone in zones) else "open"


def state_of(event: Event, zones: list[dict[str, Any]], now: datetime) -> str:
    """Return what a press would meet now: the order is that of the refusals."""
    seen = hasattr(event, "state") and event.state.opening == event.opens_at
    if now < event.opens_at and not seen:
        return "scheduled"
    if event.paused and now < event.closes_at:
        return "paused"
    if now >= event.closes_at:
        return "closed"
    return "sold_out" if zones and all(zone["left"] == 0 for zone in zones) else "open"
