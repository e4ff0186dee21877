"""The desk is the same whoever decides; where that could differ, a test runs in both modes."""

from collections.abc import Iterator

import pytest
from django.core.cache import caches
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.models import User
from festival import embedded
from festival.redis import sale
from festival.redis_address import Kind, RedisAddress
from tests.admin.desk import desk_of
from tests.factories import mode_of_events
from ticketing.allocation.rush.scripts import script
from ticketing.models import Mode


@pytest.fixture(params=Mode.values)
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    """Let events be of one mode, then of the other."""
    yield from of_mode(Mode(request.param))


@pytest.fixture
def in_redis() -> Iterator[Mode]:
    """Let events be decided in Redis."""
    yield from of_mode(Mode.REDIS)


def of_mode(mode: Mode) -> Iterator[Mode]:
    token = mode_of_events.set(mode)
    yield mode
    mode_of_events.reset(token)


@pytest.fixture
def council() -> tuple[Client, User]:
    return desk_of("council")


class Away:
    """Takes the sale's Redis away: its address leads nowhere."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.address = settings, settings.REDIS_SALE

    def __enter__(self) -> None:
        url = f"redis://127.0.0.1:{embedded.free_port()}/0"
        self.lead_to(RedisAddress(Kind.SERVER, url))

    def __exit__(self, *_error: object) -> None:
        self.lead_to(self.address)

    def lead_to(self, address: RedisAddress) -> None:
        self.settings.REDIS_SALE = address
        caches["process"].clear()  # it remembers for a second who decides
        sale.cache_clear()
        script.cache_clear()


@pytest.fixture
def redis_away(settings: Settings) -> Iterator[Away]:
    away = Away(settings)
    yield away
    away.__exit__()
