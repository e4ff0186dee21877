"""Step 4 of a claim: the rows follow the stream, each entry exactly once, whoever carries it.

A batch is read while nothing is held. Then one transaction moves the group's position from where the batch began to
where it ends, on condition that it is still there, and applies the batch in order: of two writers one finds the
position moved and does nothing. A database that falls back to an older state takes its position with it.
"""

import json
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import redis
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, DataError, IntegrityError, connection, transaction
from django.utils import timezone

from festival.errors import FestivalError
from festival.redis import sale
from ticketing.allocation.rush.keys import GROUPS, Keys
from ticketing.allocation.rush.scripts import run
from ticketing.models import StreamPosition
from ticketing.stream import Unreadable, apply, read

log = logging.getLogger(__name__)
BATCH = 1000
MOST_BATCHES = 20
EVERY_SECONDS = 0.1
_told: dict[Keys, int] = {}  # what this process has told Redis last


class Moved(Exception):
    """Another writer has applied this batch."""


@dataclass(frozen=True, slots=True)
class Lag:
    """How far the rows are behind the stream of a group."""

    entries: int
    seconds: float
    stopped_by: str


def groups() -> list[Keys]:
    """Return the groups that Redis decides for: those whose rows may be behind."""
    return [Keys.read(str(text)) for text in sorted(sale().smembers(GROUPS))]


def never() -> bool:
    """Say that nobody has asked to end."""
    return False


def write_back(stopping: Callable[[], bool] = never) -> int:
    """Apply everything that stands in the streams, until somebody asks to end; return the number of entries.

    What fails for one stream is raised when the others have been followed.
    """
    applied, failed = 0, None
    for keys in groups():
        try:
            applied += follow(keys, stopping)
        except DatabaseError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return applied


def follow(keys: Keys, stopping: Callable[[], bool] = never) -> int:
    """Apply the entries of one stream until it ends or stops, or somebody asks to end: a batch is never cut short."""
    applied = 0
    while not stopping() and (count := step(keys)):
        applied += count
    return applied


def come_near(keys: Keys) -> None:
    """Apply batches until one is not full, or a few of them: a sale may go on faster than its rows."""
    for _ in range(MOST_BATCHES):
        if step(keys) < BATCH:
            return


def step(keys: Keys) -> int:
    """Apply the next batch of a stream; return its size, 0 when there is none or the stream is stopped."""
    position, _new = StreamPosition.objects.get_or_create(group=keys.group)
    tell(keys, position.position)
    if position.stopped_at is not None:
        return 0
    entries = read_from(keys, position.position)
    if not entries:
        return 0
    try:
        carry(keys.group, position.position, entries)
    except Moved:
        return 0
    except (IntegrityError, DataError, Unreadable):
        return one_by_one(keys.group, position.position, entries)
    tell(keys, position.position + len(entries))
    return len(entries)


def tell(keys: Keys, position: int) -> None:
    """Tell Redis how far the rows are: it gives nothing any more when they are further behind than receipts allow."""
    if _told.get(keys) != position:
        run("written", [keys.of_group("state"), keys.of_group("stream")], [position])
        _told[keys] = position


def read_from(keys: Keys, position: int, most: int = 0) -> list[tuple[str, dict[str, str]]]:
    """Return the entries after a position, at most a batch."""
    entries: Any = sale().xrange(keys.of_group("stream"), f"({position}-0", "+", most or BATCH)
    return list(entries)


def carry(group: UUID, begin: int, entries: Sequence[tuple[str, dict[str, str]]]) -> None:
    """Apply a batch and move the position in one transaction; raises Moved when another writer was faster."""
    batch = [read(key, fields) for key, fields in entries]
    expected = range(begin + 1, begin + 1 + len(batch))
    if [entry["sequence"] for entry in batch] != list(expected):
        raise Unreadable("an entry is missing before it")
    with transaction.atomic():
        moved = StreamPosition.objects.filter(group=group, position=begin, stopped_at=None).update(
            position=begin + len(batch), applied_at=timezone.now()
        )
        if moved != 1:
            raise Moved
        try:
            apply(group, batch)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise Unreadable("a part is missing or of another type") from error
        except ObjectDoesNotExist as error:
            raise Unreadable("about something that is not there") from error


def one_by_one(group: UUID, begin: int, entries: Sequence[tuple[str, dict[str, str]]]) -> int:
    """Apply a batch that holds a bad entry up to that entry, and stop the stream there."""
    for done, entry in enumerate(entries):
        try:
            carry(group, begin + done, [entry])
        except Moved:
            return 0
        except (IntegrityError, DataError, Unreadable) as error:
            stop(group, begin + done, error)
            return 0
    return len(entries)


def stop(group: UUID, position: int, error: Exception) -> None:
    """Record that the entry after this position cannot be applied; nothing after it is, until it is released."""
    cause = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or type(error).__name__
    if isinstance(error, Unreadable):
        cause = f"{cause}, {error}"
    StreamPosition.objects.filter(group=group, position=position, stopped_at=None).update(
        stopped_at=timezone.now(), stopped_by=f"{position + 1}: {cause}"
    )
    log.error("the stream of %s stopped before entry %d: %s", group, position + 1, cause)


def is_stopped(keys: Keys) -> bool:
    """Tell whether a stream has stopped at an entry that cannot be applied."""
    return StreamPosition.objects.filter(group=keys.group, stopped_at__isnull=False).exists()


def release(group: UUID) -> bool:
    """Let a stopped stream try its next entry again."""
    stopped = StreamPosition.objects.filter(group=group, stopped_at__isnull=False)
    return stopped.update(stopped_at=None, stopped_by="") == 1


def drained(keys: Keys) -> bool:
    """Apply what is left of a stream whose scripts are fenced; tell whether the rows are at its end."""
    follow(keys)
    last = sale().hget(keys.of_group("state"), "seq")
    position = StreamPosition.objects.get(group=keys.group)
    return last is not None and position.position == int(last)


def lag(keys: Keys) -> Lag:
    """Return how far the rows of a group are behind its stream."""
    return lag_behind(keys, StreamPosition.objects.filter(group=keys.group).first())


def lag_behind(keys: Keys, position: StreamPosition | None) -> Lag:
    """Return how far the rows of a group, which are at that position, are behind its stream."""
    applied = position.position if position else 0
    last = int(sale().hget(keys.of_group("state"), "seq") or 0)
    waiting = read_from(keys, applied, most=1)
    return Lag(
        max(0, last - applied),
        seconds_since(waiting[0]) if waiting else 0,
        position.stopped_by if position else "",
    )


def seconds_since(entry: tuple[str, dict[str, str]]) -> float:
    """Return how long an entry has waited; 0 for one that says no time."""
    try:
        at = float(json.loads(entry[1]["entry"])["at"])
    except (KeyError, TypeError, ValueError):
        return 0
    return max(0.0, timezone.now().timestamp() - at / 1000)


def lags() -> dict[UUID, Lag]:
    """Return how far the rows of every group in Redis are behind."""
    return {keys.group: lag(keys) for keys in groups()}


def write_back_forever(stop_wanted: threading.Event) -> None:
    """Write back until told to stop; a batch that was begun is finished first. While a server is away, wait for it."""
    while not stop_wanted.is_set():
        try:
            carried = write_back(stop_wanted.is_set)
        except (DatabaseError, redis.RedisError, FestivalError):
            log.exception("write-back failed, trying again")
            connection.close()
            carried = 0
        if not carried:
            stop_wanted.wait(EVERY_SECONDS)
    connection.close()
