"""Events of these tests are decided in Redis."""

from collections.abc import Iterator

import pytest

from tests.contract.doors import Door, InProcess
from tests.declared import only_declared_keys
from tests.factories import make_event, mode_of_events
from ticketing.models import Event, Mode


@pytest.fixture(autouse=True)
def in_redis() -> Iterator[None]:
    token = mode_of_events.set(Mode.REDIS)
    yield
    mode_of_events.reset(token)


@pytest.fixture(autouse=True)
def declared_keys() -> Iterator[None]:
    with only_declared_keys():
        yield


@pytest.fixture
def event() -> Event:
    return make_event({"A": 2, "B": 2})


@pytest.fixture
def door() -> Door:
    return InProcess()
