"""How a worker's loop ends: asked once it finishes what it has begun, asked again it ends at once."""

import signal
import threading
from collections.abc import Callable

from django.db import connections
from django_redis import get_redis_connection

from festival import redis

ASKING = (signal.SIGTERM, signal.SIGINT)


def until_asked(loop: Callable[[threading.Event], None]) -> None:
    """Run a loop until SIGTERM or SIGINT sets its flag; the connections to the servers are given back last."""
    asked = threading.Event()

    def ask(_number: int, _frame: object) -> None:
        asked.set()
        for number in ASKING:
            signal.signal(number, signal.SIG_DFL)

    for number in ASKING:
        signal.signal(number, ask)
    try:
        loop(asked)
    finally:
        give_back()


def give_back() -> None:
    """Close this process's connections to PostgreSQL and to both Redis."""
    connections.close_all()
    get_redis_connection().connection_pool.disconnect()
    redis.close()
