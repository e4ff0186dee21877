"""Compares what Redis has of a limit group with the rows: all that is decided, and all that decisions rest on."""

from collections.abc import Callable, Iterable, Iterator

from ticketing.allocation.reconciling import copies, inside, people, places, presses, tickets, waiters
from ticketing.allocation.reconciling.findings import Difference, Finding
from ticketing.allocation.reconciling.redis_side import Side
from ticketing.allocation.rush.carrying import Group

Part = Callable[[Group, Side], Iterable[Finding]]


def in_rows(group: Group, _side: Side) -> Iterable[Finding]:
    return inside.look(group.counter.group, group.events)


def incomplete(group: Group, side: Side) -> Iterator[Finding]:
    """Yield that PostgreSQL has lost something that was decided before Redis was built."""
    if side.incomplete:
        told = ("less than Redis was built from", "incomplete")
        yield Finding(Difference("incomplete", str(group.counter.group), *told))


# In the order in which the rows are mended; those parts first in which they may be.
DECIDED: tuple[Part, ...] = (presses.look, places.look, tickets.look, waiters.look)
RESTED_ON: tuple[Part, ...] = (copies.look, people.look, incomplete)


def between(group: Group, side: Side) -> list[Finding]:
    """Return what rows and Redis say against each other."""
    return [found for part in (*DECIDED, *RESTED_ON) for found in part(group, side)]


def mendable(group: Group, side: Side) -> list[Finding]:
    """Return what may be mended in the rows: what they say against Redis, and against each other."""
    return [found for part in (*DECIDED, in_rows) for found in part(group, side)]


def whole(group: Group, side: Side, after_each: Callable[[], None]) -> list[Finding]:
    """Return everything, and let the caller see after each part that the moment still lasts."""
    every: list[Finding] = []
    for part in (*DECIDED, *RESTED_ON, in_rows):
        every += part(group, side)
        after_each()
    return every


def differences(found: list[Finding]) -> list[Difference]:
    """Return each difference once."""
    return list({(it.difference.kind, it.difference.about): it.difference for it in found}.values())
