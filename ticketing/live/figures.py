"""The figures of a festival's sales at one moment: what the authorities have given, and what the rows count beside it.

As plain values, because they travel through the cache. Made by `shared` once a second for everybody; the statements are
as many for thirty events as for one.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import redis
from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from festival.errors import Unavailable
from ticketing.allocation.rush.applied import places_of
from ticketing.allocation.rush.keys import Keys
from ticketing.allocation.rush.lines import EntryLine
from ticketing.allocation.rush.reading import ask
from ticketing.events import newest_festival, state_of
from ticketing.live.tally import Answers, answers
from ticketing.models import (
    ACTIVE,
    LIVE,
    Authority,
    Claim,
    Event,
    SaleCounter,
    Scan,
    StreamPosition,
    Ticket,
    TicketStatus,
    WaitingEntry,
    WaitingStatus,
    Zone,
)
from ticketing.models.gate import Verdict
from ticketing.writeback import Lag, lag_behind

MOST_EVENTS = 30


@dataclass(slots=True)
class OfZone:
    """The places of a zone."""

    given: int = 0
    offered: int = 0
    entered: int = 0
    places: int = 0


@dataclass(slots=True)
class OfEvent:
    """What is counted of an event."""

    zones: dict[UUID, OfZone] = field(default_factory=lambda: defaultdict(OfZone))
    by_hand: int = 0
    waiting: int = 0
    answers: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    gates: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    asked: bool = True
    recovering: bool = False
    lag: Lag | None = None


def of_festival() -> dict[str, Any]:
    """Return the figures of every event of the newest festival: what is open or comes first, then what is over."""
    festival = newest_festival()
    over = Case(
        When(closes_at__lt=timezone.now(), then=Value(1)), default=Value(0), output_field=IntegerField()
    )
    rows = Event.objects.filter(festival=festival).select_related("state").annotate(over=over)
    events = list(rows.order_by("over", "opens_at", "id")[:MOST_EVENTS])
    zones = zones_of(events)
    counters = SaleCounter.objects.in_bulk([event.group_key for event in events])
    counted = in_rows(events, zones)
    in_memory([event for event in events if rush(counters, event)], zones, counted)
    pressed = answered(events)
    return {
        "festival": {"name": festival.name, "name_en": festival.name_en} if festival else None,
        "events": [
            document(event, zones[event.pk], counted[event.pk], counters.get(event.group_key), pressed)
            for event in events
        ],
    }


def restored(counter: SaleCounter | None) -> bool:
    return counter is not None and counter.authority == Authority.RECOVERING


def rush(counters: Mapping[UUID, SaleCounter], event: Event) -> bool:
    counter = counters.get(event.group_key)
    return counter is not None and counter.authority == Authority.REDIS


def zones_of(events: Sequence[Event]) -> dict[UUID, list[Zone]]:
    found: dict[UUID, list[Zone]] = {event.pk: [] for event in events}
    for zone in Zone.objects.filter(event__in=events).select_related("state").order_by("name", "id"):
        found[zone.event_id].append(zone)
    return found


def in_rows(events: Sequence[Event], zones: Mapping[UUID, Sequence[Zone]]) -> dict[UUID, OfEvent]:
    """Count what the rows say of events."""
    found = {event.pk: OfEvent() for event in events}
    for event in events:
        for zone in zones[event.pk]:
            found[event.pk].zones[zone.pk].places = zone.state.capacity if hasattr(zone, "state") else 0
    count_tickets(found)
    count_waiting(found)
    for key, answer, number in (
        Claim.objects.filter(event__in=found).order_by().values_list("event", "answer").annotate(Count("pk"))
    ):
        found[key].answers[answer] = number
    count_scans(found)
    return found


def count_tickets(found: Mapping[UUID, OfEvent]) -> None:
    tickets = Ticket.objects.filter(event__in=found, status__in=LIVE).order_by()
    by_zone = tickets.values_list("event", "zone", "status")
    by_hand = Count("pk", filter=~Q(grant_reason=""))
    for event, zone, status, number, granted in by_zone.annotate(number=Count("pk"), by_hand=by_hand):
        its = found[event].zones[zone]
        its.given += number
        its.entered += number if status == TicketStatus.USED else 0
        found[event].by_hand += granted


def count_waiting(found: Mapping[UUID, OfEvent]) -> None:
    waiting = WaitingEntry.objects.filter(event__in=found, status__in=ACTIVE).order_by()
    for event, status, zone, number in waiting.values_list("event", "status", "offered_zone").annotate(
        number=Count("pk")
    ):
        if status == WaitingStatus.OFFERED:
            found[event].zones[zone].offered += number
        else:
            found[event].waiting += number


def count_scans(found: Mapping[UUID, OfEvent]) -> None:
    """Count who entered and who was refused at each gate; an entry that was undone is none."""
    scans = Scan.objects.annotate(at_event=Coalesce("event_id", "ticket__event_id")).filter(
        at_event__in=found
    )
    standing = scans.exclude(verdict=Verdict.ADMIT, undone_at__isnull=False).order_by()
    for event, gate, verdict, number in standing.values_list("at_event", "gate", "verdict").annotate(
        number=Count("pk")
    ):
        found[event].gates[gate][verdict] += number


def in_memory(
    events: Sequence[Event], zones: Mapping[UUID, Sequence[Zone]], found: Mapping[UUID, OfEvent]
) -> None:
    """Put what Redis has given in the place of what the rows know; once it does not answer, it is asked no more."""
    positions = StreamPosition.objects.in_bulk([event.group_key for event in events])
    reachable = True
    for event in events:
        if reachable:
            try:
                ask_redis(event, zones[event.pk], positions.get(event.group_key), found[event.pk])
                continue
            except (Unavailable, redis.RedisError):
                reachable = False
        found[event.pk].asked = False


def ask_redis(event: Event, zones: Sequence[Zone], position: StreamPosition | None, found: OfEvent) -> None:
    """Read places, offers, who waits and how far the rows are behind; entries at the gate are the rows' own."""
    keys = Keys(event.festival_id, event.group_key)  # type: ignore[arg-type]  # it was found by its festival
    offers = offers_of(keys, event.pk)
    places = {zone.pk: places_of(keys, zone.pk) for zone in zones}
    found.waiting = ask("zcard", keys.of_event(event.pk, "waiting")) - sum(offers.values())
    found.recovering = bool(ask("hget", keys.of_group("state"), "recovering"))
    found.lag = lag_behind(keys, position)
    for zone, its_places in places.items():
        its = found.zones[zone]
        its.places, its.offered = its_places.made if its_places else 0, offers.get(str(zone), 0)
        its.given = its.places - its_places.free - its.offered if its_places else 0


def offers_of(keys: Keys, event: UUID) -> dict[str, int]:
    """Return how many places of each zone are held back for somebody."""
    students = ask("zrange", keys.of_event(event, "offers"), 0, -1)
    lines = ask("hmget", keys.of_event(event, "entries"), students) if students else []
    found: dict[str, int] = defaultdict(int)
    for line in lines:
        if line:
            found[EntryLine.read(line).offer_zone] += 1
    return found


def answered(events: Sequence[Event]) -> Mapping[UUID, Answers] | None:
    """Return what presses were answered; None when the cache that counts it cannot be asked."""
    try:
        return answers([event.pk for event in events], time.time())
    except redis.RedisError:
        return None


def document(
    event: Event,
    zones: Iterable[Zone],
    found: OfEvent,
    counter: SaleCounter | None,
    pressed: Mapping[UUID, Answers] | None,
) -> dict[str, Any]:
    """Return the figures of an event as plain values."""
    shown = [zone_document(zone, found.zones[zone.pk]) for zone in zones]
    given, entered = (sum(zone[name] for zone in shown) for name in ("given", "entered"))
    begun = entered > 0 or (event.doors_open_at is not None and event.doors_open_at <= timezone.now())
    told = (pressed or {}).get(event.pk)
    return {
        "id": str(event.pk),
        "name": event.name,
        "name_en": event.name_en,
        "rehearsal": event.rehearsal,
        "opens_at": event.opens_at,
        "closes_at": event.closes_at,
        "state": state(event, shown, found) if not restored(counter) else "recovering",
        "rush": counter is not None and counter.authority == Authority.REDIS,
        "prepared": counter is not None and counter.authority != Authority.LOADING,
        "asked": found.asked,
        "lag": lag_document(found.lag),
        "zones": shown,
        **{
            name: sum(zone[name] for zone in shown)
            for name in ("capacity", "places", "given", "offered", "left", "entered")
        },
        "by_hand": found.by_hand,
        "waiting": found.waiting,
        "no_shows": given - entered if begun else None,
        "counted": dict(found.answers),
        "gates": [{"name": name, **dict(verdicts)} for name, verdicts in sorted(found.gates.items())],
        "answers": answers_document(told) if told else None,
        "answers_asked": pressed is not None,
    }


def state(event: Event, zones: list[dict[str, Any]], found: OfEvent) -> str:
    if found.recovering or not found.asked:
        return "recovering"
    return state_of(event, zones, timezone.now())


def zone_document(zone: Zone, found: OfZone) -> dict[str, Any]:
    return {
        "id": str(zone.pk),
        "name": zone.name,
        "name_en": zone.name_en,
        "capacity": zone.capacity,
        "places": found.places,
        "given": found.given,
        "offered": found.offered,
        "left": max(0, found.places - found.given - found.offered),
        "entered": found.entered,
    }


def lag_document(lag: Lag | None) -> dict[str, Any] | None:
    if lag is None:
        return None
    return {"entries": lag.entries, "seconds": lag.seconds, "stopped": bool(lag.stopped_by)}


def answers_document(told: Answers) -> dict[str, Any]:
    return {
        "by_code": dict(told.by_code),
        "since": told.since,
        "a_second": told.a_second,
        "peak": told.peak,
        "peak_at": told.peak_at,
    }
