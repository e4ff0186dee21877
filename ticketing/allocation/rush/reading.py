"""Single looks into the sale's Redis, with our own words for its faults."""

from typing import Any

import redis

from festival.errors import Unavailable
from festival.redis import sale
from ticketing.allocation.rush.keys import Keys


def ask(command: str, *args: Any) -> Any:
    """Run one command of the client; raises Unavailable."""
    try:
        return getattr(sale(), command)(*args)
    except redis.RedisError as error:
        raise Unavailable from error


def read_one(key: str, field: str) -> str | None:
    """Return one field of a hash."""
    found: str | None = ask("hget", key, field)
    return found


def now_ms(keys: Keys) -> int:
    """Return the deciding clock: the server's, and never earlier than the last decision."""
    seconds, microseconds = ask("time")
    last = read_one(keys.of_group("state"), "clock")
    return max(int(seconds) * 1000 + int(microseconds) // 1000, int(last or 0))
