"""Takes servers of the test run away for a while."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import redis

from festival.redis import at_each_master


@contextmanager
def frozen_redis(url: str) -> Iterator[None]:
    """Stop a Redis of this machine as a whole while the block runs: it accepts connections and never answers."""
    with redis.Redis.from_url(url) as client:
        pid = int(client.info("server")["process_id"])
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def frozen_sale() -> Iterator[Callable[[], None]]:
    """Stop every master of the sale's Redis while the block runs, or until it calls what it is given."""
    pids = [int(info["process_id"]) for info in at_each_master("info", "server")]

    def thaw() -> None:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield thaw
    finally:
        thaw()
