"""Sales of the demo: the first night, and a fresh one whenever somebody asks for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.verification import available
from ticketing.models import Event, Festival, Mode, Zone

FESTIVAL, FESTIVAL_EN = "한빛대학교 대동제 2026", "Hanbit University Daedong Festival 2026"
FIRST_NIGHT, FIRST_NIGHT_EN = "대동제 첫째 밤", "First night"
FIRST_NIGHT_OPENS_IN = timedelta(minutes=5)
PLACES = 5000
LEAST_PLACES = 3
MOST_PLACES = 100_000
SALE_LASTS = timedelta(hours=12)
DOORS_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Part:
    """A zone of every demo sale and its share of the places, in fifths."""

    name: str
    name_en: str
    fifths: int


PARTS = (Part("스탠딩 A", "Standing A", 2), Part("스탠딩 B", "Standing B", 2), Part("좌석", "Seats", 1))


def festival() -> Festival:
    """Return the demo's festival; the untouched one from the first migration becomes it."""
    found = Festival.objects.filter(name=FESTIVAL).first()
    if found is not None:
        return found
    unused = Festival.objects.filter(events__isnull=True).first()
    mine = unused or Festival()
    mine.name, mine.name_en = FESTIVAL, FESTIVAL_EN
    mine.verification_methods = list(available())
    mine.save()
    return mine


def first_night() -> Event | None:
    """Make the first event of the demo, or return None when it was made before."""
    if Event.objects.filter(festival=festival(), name=FIRST_NIGHT).exists():
        return None
    return open_sale(FIRST_NIGHT, FIRST_NIGHT_EN, timezone.now() + FIRST_NIGHT_OPENS_IN, places=PLACES)


def new_sale(
    *, opens_in: timedelta, places: int = PLACES, mode: Mode = Mode.DATABASE, waitlist: int = 0
) -> Event:
    """Make one more sale that opens after `opens_in`; its name says which one it is and when it opens."""
    opens_at = timezone.now() + opens_in
    which = Event.objects.filter(festival=festival()).count() + 1
    clock = timezone.localtime(opens_at).strftime("%H:%M:%S")
    event = open_sale(f"{which}번째 공연 ({clock})", f"Show no. {which} ({clock})", opens_at, places=places)
    if (mode, waitlist) != (event.mode, event.waitlist_size):
        event.mode, event.waitlist_size = mode, waitlist
        event.save(update_fields=["mode", "waitlist_size"])
    return event


def open_sale(name: str, name_en: str, opens_at: datetime, *, places: int) -> Event:
    """Save an event and its zones in one transaction."""
    with transaction.atomic():
        event = Event.objects.create(
            festival=festival(),
            name=name,
            name_en=name_en,
            opens_at=opens_at,
            closes_at=opens_at + SALE_LASTS,
            doors_open_at=opens_at + DOORS_AFTER,
        )
        Zone.objects.bulk_create(
            Zone(event=event, name=part.name, name_en=part.name_en, capacity=capacity)
            for part, capacity in zip(PARTS, shares(places), strict=True)
        )
    return event


def shares(places: int) -> list[int]:
    """Divide the places among the zones; what does not divide goes to the first ones, and none is left empty."""
    whole = sum(part.fifths for part in PARTS)
    counts = [max(1, places * part.fifths // whole) for part in PARTS]
    counts[0] += places - sum(counts)
    return counts
