"""Counts what presses are answered, refusals too, which leave no row.

A web process counts in its own memory, and a thread of it carries the counts to the cache once a second: a press waits
for neither. So the figures are approximate: what a process has counted in its last second before it dies is missing,
and an emptied cache begins anew, which `since` tells.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import redis
from django.conf import settings

log = logging.getLogger(__name__)
EVERY_SECONDS = 1
KEPT_SECONDS = 30 * 24 * 3600
MOST_WAITING = (
    10_000  # different counts that wait for the cache: more are not kept, so that memory has an end
)
MOST_SECONDS = 20_000
STEP, HOUR = 5, 3600
NOW_SECONDS = 5
GRANTED = {"won", "already_won", "waitlisted"}
COUNTED = {*GRANTED, "sold_out"}  # what the plot takes from the rows, where each is kept

Key = tuple[UUID, str, int]


@dataclass(frozen=True, slots=True)
class Answers:
    """What presses for an event were answered, by code; `since` and `peak_at` are seconds of the epoch."""

    by_code: Mapping[str, int]
    since: int
    a_second: float
    peak: int
    peak_at: int


class Tally:
    """The counts of this process that the cache has not been told yet."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.counts: Counter[Key] = Counter()
        self.carrier: threading.Thread | None = None

    def count(self, event: UUID, code: str) -> None:
        """Count an answer; costs no network."""
        key = (event, code, int(time.time()))
        with self.lock:
            if key in self.counts or len(self.counts) < MOST_WAITING:
                self.counts[key] += 1
            if self.carrier is None and settings.ROLE == "web":
                self.carrier = threading.Thread(target=self.carry_forever, name="tally", daemon=True)
                self.carrier.start()

    def carry(self) -> None:
        """Tell the cache what was counted; raises RedisError, and keeps the counts, when it cannot be told."""
        with self.lock:
            taken, self.counts = self.counts, Counter()
        if not taken:
            return
        try:
            tell(taken)
        except redis.RedisError:
            with self.lock:
                self.counts.update(taken)
            raise

    def carry_forever(self) -> None:
        away = False
        while True:
            time.sleep(EVERY_SECONDS)
            try:
                self.carry()
                away = False
            except redis.RedisError:
                if not away:
                    log.warning("the answers to presses cannot be counted in the cache now", exc_info=True)
                away = True


TALLY = Tally()


@cache
def counters() -> redis.Redis:
    """Return this process's client of the cache's Redis: one server, so that a pipeline may name several keys."""
    return redis.Redis.from_url(settings.CACHE_URL, socket_connect_timeout=1, socket_timeout=1)


def name(what: str, event: UUID | str) -> str:
    return f"council:{what}:{event}"


def tell(counts: Mapping[Key, int]) -> None:
    """Add counts to those of the other processes, in one round trip."""
    with counters().pipeline(transaction=False) as pipe:
        for (event, code, second), number in counts.items():
            codes, seconds = name("answers", event), name("seconds", event)
            pipe.hsetnx(codes, "since", second)
            pipe.hincrby(codes, code, number)
            pipe.zincrby(seconds, number, second)
            touched = [codes, seconds]
            if code not in COUNTED:
                hour, hours = name("steps", f"{event}:{second // HOUR}"), name("hours", event)
                pipe.hincrby(hour, str(second // STEP), number)
                pipe.hincrby(hours, str(second // HOUR), number)
                touched += [hour, hours]
            for key in touched:
                pipe.expire(key, KEPT_SECONDS)
        for event in {event for event, _code, _second in counts}:
            pipe.zremrangebyrank(name("seconds", event), 0, -MOST_SECONDS - 1)
        pipe.execute()


def answers(events: Sequence[UUID], now: float) -> dict[UUID, Answers]:
    """Return what was counted for events, in one round trip; the present second and the last are not whole yet."""
    whole = [str(second) for second in range(int(now) - NOW_SECONDS - 1, int(now) - 1)]
    with counters().pipeline(transaction=False) as pipe:
        for event in events:
            pipe.hgetall(name("answers", event))
            pipe.zmscore(name("seconds", event), whole)
            pipe.zrevrange(name("seconds", event), 0, 0, withscores=True)
        found = pipe.execute()
    return {
        event: told
        for event, codes, seconds, most in zip(events, found[::3], found[1::3], found[2::3], strict=True)
        if (told := read(codes, seconds, most))
    }


def read(
    codes: Mapping[bytes, bytes], seconds: Sequence[float | None], most: Sequence[Any]
) -> Answers | None:
    """Return the counts of an event as the cache keeps them; None where there are none."""
    by_code = {code.decode(): int(number) for code, number in codes.items()}
    since = by_code.pop("since", None)
    if since is None or not most:
        return None
    peak_at, peak = most[0]
    return Answers(
        by_code, since, sum(score or 0 for score in seconds) / NOW_SECONDS, int(peak), int(peak_at)
    )


def refused(event: UUID, *, begin: int, step: int, steps: int) -> list[int]:
    """Return how many presses were refused in each step of a time from `begin` on; whole hours from the hours."""
    found = [0] * steps
    with counters().pipeline(transaction=False) as pipe:
        if step % HOUR == 0:
            pipe.hgetall(name("hours", event))
        else:
            for hour in range(begin // HOUR, (begin + step * steps - 1) // HOUR + 1):
                pipe.hgetall(name("steps", f"{event}:{hour}"))
        kept = pipe.execute()
    unit = HOUR if step % HOUR == 0 else STEP
    for part in kept:
        for at, number in part.items():
            place = (int(at) * unit - begin) // step
            if 0 <= place < steps:
                found[place] += int(number)
    return found
