"""The contract suite runs through every door; a new allocator joins by its mode."""

from collections.abc import Iterator

import pytest

from tests.conftest import Live
from tests.contract.doors import Door, InProcess, OverHttp


@pytest.fixture(params=["in process", "over http"])
def door(request: pytest.FixtureRequest, transactional_db: None) -> Iterator[Door]:
    if request.param == "in process":
        yield InProcess()
        return
    live: Live = request.getfixturevalue("live")
    http = OverHttp(live.url)
    yield http
    http.client.close()
