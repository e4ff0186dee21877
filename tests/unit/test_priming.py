"""Places follow the wanted capacity within a second, however it was changed, from a real process of the loop."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from festival import processes
from tests.conftest import test_database_url as database_url
from tests.factories import make_event, make_players
from ticketing.allocation.priming import prime
from ticketing.claims import claim
from ticketing.models import Event, EventState, Place, SaleCounter, Zone, ZoneState
from ticketing.tickets import cancel

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `manage.py prime --forever` as the system does."""
    env = {**os.environ, "DATABASE_URL": database_url(), "FESTIVAL_ROLE": "worker"}
    command = [sys.executable, "manage.py", "prime", "--forever"]
    process = processes.spawn(command, log=tmp_path / "log", record=tmp_path / "record", env=env)
    yield process
    processes.end(process, end_signal=signal.SIGTERM, seconds=10)


def places(zone: Zone) -> list[int]:
    return list(Place.objects.filter(zone=zone).order_by("number").values_list("number", flat=True))


def comes_true(zone: Zone, wanted: list[int]) -> bool:
    return processes.wait_until(lambda: places(zone) == wanted, 20)


def test_the_loop_follows_orm_update_and_bulk_create_and_ends_cleanly(loop: subprocess.Popen[bytes]) -> None:
    now = timezone.now()
    (event,) = Event.objects.bulk_create(
        [Event(name="밤", mode="database", opens_at=now, closes_at=now + timedelta(hours=1))]
    )
    (zone,) = Zone.objects.bulk_create([Zone(event=event, name="A", capacity=3)])
    assert comes_true(zone, [1, 2, 3])
    Zone.objects.filter(pk=zone.pk).update(capacity=5)
    assert comes_true(zone, [1, 2, 3, 4, 5])
    Zone.objects.filter(pk=zone.pk).update(capacity=2)
    assert comes_true(zone, [1, 2])
    loop.send_signal(signal.SIGTERM)
    assert loop.wait(10) == 0


def test_priming_again_changes_nothing() -> None:
    event = make_event({"A": 3, "B": 0})
    assert prime() == 0
    assert (
        SaleCounter.objects.filter(group=event.pk).count()
        == EventState.objects.filter(event=event).count()
        == 1
    )


def test_numbers_that_are_missing_are_made_again_with_the_next_generation() -> None:
    event = make_event({"A": 3})
    zone = Zone.objects.get(event=event)
    alice, bob = make_players(["alice", "bob"])
    for player in (alice, bob):
        claim(event_id=event.pk, zones=["A"], claimant=player.claimant)
    first = claim(event_id=event.pk, zones=["A"], claimant=alice.claimant)
    assert first.ticket is not None
    cancel(alice.student, first.ticket.code)
    Zone.objects.filter(pk=zone.pk).update(capacity=1)
    prime()
    assert places(zone) == [2], "bob's place stays, the free ones went"
    Zone.objects.filter(pk=zone.pk).update(capacity=3)
    prime()
    assert places(zone) == [1, 2, 3]
    again = claim(event_id=event.pk, zones=["A"], claimant=alice.claimant)
    assert again.ticket is not None
    assert (again.ticket.number, again.ticket.generation) == (1, 2)


def test_a_zone_with_more_tickets_than_wanted_places_is_no_work_for_the_loop() -> None:
    event = make_event({"A": 2})
    for player in make_players(2):
        claim(event_id=event.pk, zones=["A"], claimant=player.claimant)
    Zone.objects.filter(event=event).update(capacity=1)
    assert prime() == 0
    assert ZoneState.objects.get(zone__event=event).capacity == 2
