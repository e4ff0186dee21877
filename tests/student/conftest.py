"""What students see is the same in both modes."""

from tests.admin.conftest import in_redis, mode, redis_away

__all__ = ["in_redis", "mode", "redis_away"]
