"""The one client of the sale's Redis (`REDIS_URL`); the cache has its own, made by django-redis."""

from functools import cache

import redis
from django.conf import settings


@cache
def sale() -> "redis.Redis":
    """Return this process's client of the sale's Redis; it connects at its first command."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1, decode_responses=True
    )
