"""Every loss in the mode in which it matters."""

from collections.abc import Iterator

import pytest

from tests.contract.doors import Door, InProcess
from tests.declared import only_declared_keys
from tests.factories import mode_of_events
from tests.recovery.losing import Loss, RedisEmptied, RowsFallenBack, kept_tables
from ticketing.allocation import witness
from ticketing.models import Mode


@pytest.fixture(autouse=True)
def declared_keys() -> Iterator[None]:
    with only_declared_keys():
        yield


@pytest.fixture(autouse=True)
def new_process() -> Iterator[None]:
    """Let nothing be remembered of other tests' servers."""
    witness.forget()
    yield
    witness.forget()


@pytest.fixture(params=["redis emptied", "rows fallen back"])
def loss(request: pytest.FixtureRequest, transactional_db: None) -> Iterator[Loss]:
    lost: Loss = RedisEmptied() if request.param == "redis emptied" else RowsFallenBack()
    token = mode_of_events.set(Mode.REDIS if isinstance(lost, RedisEmptied) else Mode.DATABASE)
    with kept_tables():
        yield lost
    mode_of_events.reset(token)


@pytest.fixture
def door() -> Door:
    return InProcess()
