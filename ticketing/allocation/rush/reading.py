"""Single looks into the sale's Redis, with our own words for its faults."""

from typing import Any

import redis

from festival.errors import Unavailable
from festival.redis import sale
from ticketing.allocation.rush.keys import Keys
from ticketing.allocation.rush.scripts import run


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
    """Return the deciding clock: that of the server that has the keys, and never earlier than the last decision."""
    _word, now = run("clock", [keys.of_group("state")], [])
    return int(now)
