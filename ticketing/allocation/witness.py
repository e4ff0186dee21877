"""What this process has seen of the counters: a server that has fallen back to an older state is behind it.

A counter of PostgreSQL is compared under its lock; that of Redis by the scripts, which are told what was seen.
"""

from functools import partial
from uuid import UUID

from django.db import transaction

from festival.errors import Unavailable
from ticketing.models import SaleCounter

Seen = tuple[
    int, int
]  # epoch and number of decisions in PostgreSQL, epoch and number of the last entry in Redis
_rows: dict[UUID, Seen] = {}
_streams: dict[str, Seen] = {}  # by the name of the group's state


class FallenBack(Unavailable):
    """A counter is behind what was seen of it: decisions are lost."""

    code = "recovering"

    def __init__(self, group: UUID, seen: Seen) -> None:
        super().__init__(retry_after=1)
        self.group, self.seen = group, seen


def compare(counter: SaleCounter) -> None:
    """Raise FallenBack when a counter that is locked is behind what was seen of it."""
    seen = seen_of_rows(counter.group)
    if counter.reached < seen:
        raise FallenBack(counter.group, seen)
    note(counter.group, counter.reached)


def note(group: UUID, reached: Seen) -> None:
    """Remember how far a counter is, once the transaction that knows it has been committed."""
    transaction.on_commit(partial(_keep, group, reached))


def _keep(group: UUID, reached: Seen) -> None:
    _rows[group] = max(seen_of_rows(group), reached)


def seen_of_rows(group: UUID) -> Seen:
    """Return the furthest that a group's counter in PostgreSQL was seen."""
    return _rows.get(group, (0, 0))


def note_stream(state: str, epoch: int, sequence: int) -> None:
    """Remember the number of an entry that a script has written, or found written."""
    _streams[state] = max(_streams.get(state, (0, 0)), (epoch, sequence))


def seen_of_stream(state: str, epoch: int) -> int:
    """Return the highest number that was seen in an epoch of a group, 0 when none was."""
    its_epoch, sequence = _streams.get(state, (0, 0))
    return sequence if its_epoch == epoch else 0


def forget() -> None:
    """Forget everything, as a process that starts anew: for tests that empty the servers."""
    _rows.clear()
    _streams.clear()
