"""Festivals and events: the first festival, and what the public sees of an event, at most a second old."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.cache import caches
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from ticketing.allocation import allocator_of
from ticketing.errors import UnknownEvent
from ticketing.models import Event, Festival, Zone

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
    """Return the public documents of events in two statements, whatever their number."""
    if not events:
        return []
    zones = zones_of(events)
    now = allocator_of(events[0].pk).now()
    return [document(event, zones[event.pk], now) for event in events]


def zones_of(events: Sequence[Event]) -> dict[UUID, list[dict[str, Any]]]:
    """Return the zones of each event with the number of places a newcomer could win now (None: not primed yet)."""
    found: dict[UUID, list[dict[str, Any]]] = {event.pk: [] for event in events}
    free = Count("places", filter=Q(places__free=True))
    rows = (
        Zone.objects.filter(event__in=events)
        .select_related("state")
        .annotate(free=free)
        .order_by("name", "id")
    )
    for zone in rows:
        left = zone.free if hasattr(zone, "state") else None
        found[zone.event_id].append(
            {"name": zone.name, "name_en": zone.name_en, "capacity": zone.capacity, "left": left}
        )
    return found


def document(event: Event, zones: list[dict[str, Any]], now: datetime) -> dict[str, Any]:
    return {
        "id": str(event.pk),
        "name": event.name,
        "name_en": event.name_en,
        "opens_at": timezone.localtime(event.opens_at).isoformat(),
        "closes_at": timezone.localtime(event.closes_at).isoformat(),
        "state": state_of(event, zones, now),
        "rehearsal": event.rehearsal,
        "pause_reason": event.pause_reason if event.paused else "",
        "pause_reason_en": event.pause_reason_en if event.paused else "",
        "resumes_at": timezone.localtime(event.resumes_at).isoformat()
        if event.paused and event.resumes_at
        else None,
        "zones": zones,
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
