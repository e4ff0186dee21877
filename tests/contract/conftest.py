"""The contract suite runs through every door; a new allocator joins by its mode."""

import os
from collections.abc import Iterator

import pytest

from tests.conftest import Live
from tests.contract.doors import Door, InProcess, OverHttp
from tests.declared import only_declared_keys
from tests.factories import mode_of_events
from ticketing.models import Mode


@pytest.fixture(autouse=True)
def declared_keys() -> Iterator[None]:
    """Let the scripts of this process touch only keys that they are given."""
    with only_declared_keys():
        yield


# On a cluster only the mode that decides there: the other asks the sale's Redis no more than who decides.
MODES = [Mode.REDIS.value] if os.environ.get("FESTIVAL_TEST_SERVERS") == "cluster" else Mode.values


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    """Let events be of one mode, then of the other."""
    token = mode_of_events.set(Mode(request.param))
    yield Mode(request.param)
    mode_of_events.reset(token)


@pytest.fixture(params=["in process", "over http"])
def door(request: pytest.FixtureRequest, transactional_db: None, mode: Mode) -> Iterator[Door]:
    if request.param == "in process":
        yield InProcess()
        return
    live: Live = request.getfixturevalue("live")
    http = OverHttp(live.url)
    yield http
    http.client.close()
