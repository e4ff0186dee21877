"""Figures that are made at most once a second for everybody who looks, whatever their number and that of processes.

One of all makes them; while it does, the others are shown the ones before, with their age. Nobody waits for figures who
has some: viewers must never hold the threads that presses need.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis
from django.core.cache import cache, caches
from django.db import DatabaseError
from django_redis.exceptions import ConnectionInterrupted

from festival.errors import FestivalError, Unavailable

log = logging.getLogger(__name__)
FRESH_SECONDS = 1.0
KEPT_SECONDS = 60
MAKING_SECONDS = 5
FIRST_WAIT_SECONDS = 2.0
CACHE_FAULTS = (redis.RedisError, ConnectionInterrupted)

locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)


@dataclass(frozen=True, slots=True)
class Made:
    """Figures, and when they were made (seconds of the epoch)."""

    at: float
    value: Any

    def is_fresh(self) -> bool:
        return 0 <= time.time() - self.at < FRESH_SECONDS


def shared(name: str, make: Callable[[], Any]) -> Made:
    """Return figures at most a second old, or while they are being made, or cannot be, the last ones.

    Raises what `make` raises, or Unavailable, when there are none.
    """
    kept: Made | None = caches["process"].get(name)
    if kept and kept.is_fresh():
        return kept
    lock = locks[name]
    if not lock.acquire(timeout=0.0 if kept else FIRST_WAIT_SECONDS):
        if kept:
            return kept
        raise Unavailable
    try:
        kept = caches["process"].get(name) or kept
        if not (kept and kept.is_fresh()):
            kept = newer(name, make, kept)
            caches["process"].set(name, kept, KEPT_SECONDS)
        return kept
    finally:
        lock.release()


def newer(name: str, make: Callable[[], Any], kept: Made | None) -> Made:
    """Return what another process has made, or make it; while another one makes it, what was made before."""
    try:
        found: Made | None = cache.get(name) or kept
        if found and found.is_fresh():
            return found
        if not cache.add(f"{name}:making", 1, MAKING_SECONDS):
            return found or made_elsewhere(name)
    except CACHE_FAULTS:
        return made_here(make, kept)  # each process for itself: at most once a second still
    new = None
    try:
        new = made_here(make, found)
        return new
    finally:
        give(name, new)


def give(name: str, new: Made | None) -> None:
    """Show figures to the other processes, and let any of them make the next ones."""
    try:
        if new:
            cache.set(name, new, KEPT_SECONDS)
        cache.delete(f"{name}:making")
    except CACHE_FAULTS:
        log.warning("the council's figures cannot be shared now", exc_info=True)


def made_here(make: Callable[[], Any], before: Made | None) -> Made:
    """Make figures; when that fails, those before tell by their age that they are old."""
    at = time.time()
    try:
        return Made(at, make())
    except (DatabaseError, redis.RedisError, FestivalError):
        if before is None:
            raise
        log.warning("the council's figures cannot be made now", exc_info=True)
        return before


def made_elsewhere(name: str) -> Made:
    """Wait for the first figures, which another process makes; raises Unavailable when none come."""
    until = time.monotonic() + FIRST_WAIT_SECONDS
    while time.monotonic() < until:
        found: Made | None = cache.get(name)
        if found:
            return found
        time.sleep(0.05)
    raise Unavailable
