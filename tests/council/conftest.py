"""The council's pages are the same whoever decides; where that could differ, a test runs in both modes."""

import pytest
from django.core.cache import caches

from tests.admin.conftest import in_redis, mode, redis_away

__all__ = ["in_redis", "mode", "redis_away"]


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Let each test begin in a process that has seen nothing."""
    caches["process"].clear()
