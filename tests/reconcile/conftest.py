"""Sales that are compared: each test says in which mode."""

from collections.abc import Iterator

import pytest

from tests.contract.doors import Door, InProcess
from tests.declared import only_declared_keys
from tests.factories import mode_of_events
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
