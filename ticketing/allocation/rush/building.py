"""Builds large keys in Redis, a chunk at a time: little memory, short commands, nothing by a loop that was replaced."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, TypeVar

from django.db.models import QuerySet

from ticketing.allocation.rush import lease
from ticketing.allocation.rush.keys import Keys
from ticketing.allocation.rush.scripts import run

PAGE = 5000  # rows of one statement
CHUNK = 1000  # fields of one script: a few milliseconds, in which nobody else is served
Item = TypeVar("Item")
Pairs = Iterable[tuple[Any, Any]]


def chunks(items: Iterable[Item], size: int = CHUNK) -> Iterator[list[Item]]:
    """Yield the items in lists of at most that size."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def pages(rows: "QuerySet[Any, Any]", key: str = "pk", *then: str) -> Iterator[list[Any]]:
    """Yield rows in lists, by `key` and then as said, each by a statement of its own from where the last one ended.

    No cursor is kept open, so that it costs as little behind a transaction pooler. Values must begin with the key.
    """
    rows = rows.order_by(key, *then)
    page = list(rows[:PAGE])
    while page:
        yield page
        last = page[-1]
        reached = last[0] if isinstance(last, tuple) else getattr(last, key)
        page = list(rows.filter(**{f"{key}__gt": reached})[:PAGE])


def each(rows: "QuerySet[Any, Any]", key: str = "pk", *then: str) -> Iterator[Any]:
    """Yield rows one by one, read in pages."""
    return chain.from_iterable(pages(rows, key, *then))


def write(keys: Keys, token: int, name: str, command: str, arguments: Iterable[Any]) -> None:
    """Run a command of Redis with few arguments as the loop that holds the lease; raises Lost."""
    fenced(run("build", [keys.of_festival("lease"), name], [token, command, *map(text, arguments)]))


def text(value: Any) -> str | int:
    return value if isinstance(value, int) else str(value)


def put(keys: Keys, token: int, name: str, pairs: Pairs) -> None:
    """Write fields of a hash."""
    for chunk in chunks(pairs):
        lease.keep(token)
        write(keys, token, name, "HSET", chain.from_iterable(chunk))


def rank(keys: Keys, token: int, name: str, pairs: Pairs) -> None:
    """Write members of a sorted set, each with its score."""
    for chunk in chunks(pairs):
        lease.keep(token)
        write(keys, token, name, "ZADD", chain.from_iterable((score, member) for member, score in chunk))


def add(keys: Keys, token: int, name: str, members: Iterable[Any]) -> None:
    """Write members of a set."""
    for chunk in chunks(members):
        lease.keep(token)
        write(keys, token, name, "SADD", chunk)


def remove(keys: Keys, token: int, *names: str) -> None:
    """Take keys away."""
    fenced(run("build", [keys.of_festival("lease"), *names], [token, "UNLINK"]))


def fenced(answer: list[str]) -> None:
    if answer[0] == "fenced":
        raise lease.Lost
