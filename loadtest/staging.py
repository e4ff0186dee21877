"""Sets a sale up for a play: an event of its own, and a session for every student of the crowd."""

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from pathlib import Path
from uuid import UUID

from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from festival.redis import sale
from loadtest.crowd import Login, PlayError, read_logins
from loadtest.redis_keys import Where, opening
from ticketing.models import Event, Mode, Zone

FAR_AWAY = timedelta(hours=6)
SALE_LASTS = timedelta(hours=12)
APPLIED_SECONDS = 60.0
LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Wanted:
    """The sale to play: zones with their capacities, the waiting list, who decides."""

    zones: Mapping[str, int]
    waitlist: int
    mode: Mode


def make_event(wanted: Wanted) -> Event:
    """Save an event that opens some day; it is a rehearsal, so that its tickets never open a gate."""
    opens_at = timezone.now() + FAR_AWAY
    clock = timezone.localtime().strftime("%H:%M:%S")
    with transaction.atomic():
        event = Event.objects.create(
            name=f"선착순 시험 {clock}",
            name_en=f"Played sale {clock}",
            opens_at=opens_at,
            closes_at=opens_at + SALE_LASTS,
            mode=wanted.mode,
            waitlist_size=wanted.waitlist,
            rehearsal=True,
        )
        zones = (Zone(event=event, name=name, capacity=count) for name, count in wanted.zones.items())
        Zone.objects.bulk_create(zones)
    return event


def make_sessions(event: Event, students: int) -> list[Login]:
    """Log the crowd in; the file that carries the sessions is gone when they have been read."""
    with tempfile.TemporaryDirectory(prefix="rush-") as folder:
        file = Path(folder) / "sessions.tsv"
        call_command("rush_sessions", event=event.pk, students=students, out=file, stdout=StringIO())
        return read_logins(file)


def open_in(event: Event, seconds: float) -> None:
    """Let the event open in so many seconds, as the council would, and wait until the authority knows."""
    event.opens_at = timezone.now().replace(microsecond=0) + timedelta(seconds=seconds)
    event.closes_at = event.opens_at + SALE_LASTS
    event.save(update_fields=["opens_at", "closes_at"])
    if event.mode == Mode.REDIS and not wait_until(lambda: knows_opening(event), APPLIED_SECONDS):
        raise PlayError("Redis is not told of the opening: does the worker (prime) run?")


def knows_opening(event: Event) -> bool:
    """Tell whether Redis has the event's opening."""
    known = opening(sale(), where(event))
    return known is not None and abs(known - event.opens_at.timestamp() * 1000) < 1


def wait_until(
    done: Callable[[], bool], seconds: float, stopping: Callable[[], bool] = lambda: False
) -> bool:
    """Wait for something and tell whether it came in time."""
    limit = time.monotonic() + seconds
    while not done():
        if time.monotonic() > limit or stopping():
            return False
        time.sleep(LOOK_SECONDS)
    return True


def wait_for_places(event: Event) -> None:
    """Wait until the wanted authority decides and has made the places; raise PlayError when it never does."""
    if not wait_until(lambda: authority(event) == event.mode and has_places(event), APPLIED_SECONDS):
        raise PlayError(
            f"after {APPLIED_SECONDS:.0f} s the places are not there: do the workers (prime, writeback) run?"
        )


def authority(event: Event) -> str | None:
    """Return who decides for the event now."""
    with connection.cursor() as cursor:
        cursor.execute('SELECT authority FROM ticketing_salecounter WHERE "group" = %s', [event.group_key])
        row = cursor.fetchone()
    return str(row[0]) if row else None


def has_places(event: Event) -> bool:
    """Tell whether every zone has as many places as wanted."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT bool_and(coalesce(state.capacity, -1) = zone.capacity)
              FROM ticketing_zone zone LEFT JOIN ticketing_zonestate state ON state.zone_id = zone.id
             WHERE zone.event_id = %s
            """,
            [event.pk],
        )
        return bool(cursor.fetchone()[0])


def where(event: Event) -> Where:
    """Return which of Redis' keys are the event's."""
    zones: list[UUID] = list(event.zones.order_by("name").values_list("pk", flat=True))
    if event.festival_id is None:
        raise PlayError("the event has no festival")
    return Where(event.festival_id, event.group_key, event.pk, zones)
