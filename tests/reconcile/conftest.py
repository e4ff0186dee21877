"""Sales that are compared: each test says in which mode."""

from collections.abc import Iterator

import pytest

from tests.contract.doors import Door, InProcess
from tests.declared import only_declared_keys
from tests.factories import make_event, make_players, mode_of_events, settle
from tests.reconcile.comparing import assert_alike
from tests.reconcile.planted import World
from tests.rush.test_writeback import keys_of
from ticketing.allocation import witness
from ticketing.models import Mode


@pytest.fixture(autouse=True)
def declared_keys() -> Iterator[None]:
    with only_declared_keys():
        yield


@pytest.fixture(autouse=True)
def new_process() -> Iterator[None]:
    witness.forget()
    yield
    witness.forget()


@pytest.fixture
def door() -> Door:
    return InProcess()


@pytest.fixture
def in_redis() -> Iterator[None]:
    token = mode_of_events.set(Mode.REDIS)
    yield
    mode_of_events.reset(token)


@pytest.fixture(params=list(Mode))
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    token = mode_of_events.set(request.param)
    yield request.param
    mode_of_events.reset(token)


@pytest.fixture
def world(door: Door, in_redis: None) -> World:
    event, players = make_event({"A": 3}, waitlist_size=2), make_players(7)
    told = [door.claim(player, event.pk, "A") for player in players[:6]]
    assert [answer.kind for answer in told] == ["won"] * 3 + ["waitlisted"] * 2 + ["sold_out"]
    settle()
    assert_alike(event)
    return World(event, keys_of(event), players, told)
