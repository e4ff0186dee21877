"""The council's pages are the same whoever decides; where that could differ, a test runs in both modes."""

from tests.admin.conftest import in_redis, mode, redis_away

__all__ = ["in_redis", "mode", "redis_away"]
