"""No command to the sale's Redis is sent twice: what lost its answer was decided once, and the next press tells it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from django.core.cache import caches
from redis.connection import AbstractConnection

from festival import processes
from festival.redis import at_each_master, sale
from tests.contract.doors import Door
from tests.factories import make_players, settle
from tests.faults import frozen_sale
from tests.rush.test_writeback import keys_of
from ticketing.allocation.rush.keys import Keys
from ticketing.models import Event, Ticket

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def long_memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process remember who decides, so that a press asks for nothing but the decision."""
    monkeypatch.setattr("ticketing.allocation.rush.directory.FRESH_SECONDS", 600)
    yield
    caches["process"].clear()


def scripts_run() -> int:
    """Return how many scripts the masters have run since their figures were set to zero."""
    figures = at_each_master("info", "commandstats")
    return sum(int(its["cmdstat_evalsha"]["calls"]) for its in figures if "cmdstat_evalsha" in its)


def decided(keys: Keys, tickets: int) -> bool:
    """Tell whether that many students hold a ticket; a cluster needs a moment to find itself again."""
    try:
        return sale().hlen(keys.of_group("live")) == tickets
    except redis.RedisError:
        return False


def when_a_connection_is_given_up(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Do something whenever a client of this process closes a connection, before it goes on."""
    plain = AbstractConnection.disconnect

    def disconnect(self: AbstractConnection, *args: Any, **options: Any) -> None:
        act()
        plain(self, *args, **options)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(AbstractConnection, "disconnect", disconnect)


def test_a_claim_whose_answer_was_lost_is_decided_once_and_told_at_the_next_press(
    event: Event, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = make_players(["alice", "bob"])
    settle()
    assert door.claim(bob, event.pk, "A").kind == "won", "the server knows the script from now on"
    keys = keys_of(event)
    at_each_master("config_resetstat")
    with frozen_sale() as thaw:
        when_a_connection_is_given_up(monkeypatch, thaw)  # whoever tries again now is answered
        lost = door.claim(alice, event.pk, "A")
    assert lost.kind == "unavailable"
    assert processes.wait_until(lambda: decided(keys, 2), 20)
    assert scripts_run() == 1
    told = door.claim(alice, event.pk, "A")
    assert (told.kind, told.body["number"], told.body["arrival"]) == ("already_won", 2, 2)
    settle()
    assert Ticket.objects.get(student=alice.student).code == told.body["ticket"]
