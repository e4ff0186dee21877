"""The turn of a limit group in mode `database`: whoever holds the counter's lock decides for its events.

What is locked in which order, and which races are accepted, stands in docs/locking.md.
"""

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db import connection

from festival.errors import Unavailable
from ticketing.allocation import witness
from ticketing.allocation.base import Recovering, Stale
from ticketing.errors import Inconsistent
from ticketing.models import Authority, Event, SaleCounter

Value = TypeVar("Value")


def lock(group: UUID, *, whoever_decides: bool = False) -> SaleCounter:
    """Take the group's turn: until the transaction ends, nobody else decides for its events.

    Raises Stale when Redis decides for the group, Recovering while nobody does, unless the caller is about to change
    just that; and FallenBack when the counter is behind what this process has seen.
    """
    counter = SaleCounter.objects.select_for_update(of=("self",), no_key=True).filter(group=group).first()
    if counter is None:
        raise Unavailable
    if whoever_decides:
        return counter
    require(counter.authority)
    witness.compare(counter)
    return counter


def require(authority: str) -> None:
    """Raise Stale when Redis decides, Recovering while nobody does."""
    if authority == Authority.RECOVERING:
        raise Recovering
    if authority != Authority.DATABASE:
        raise Stale


def count(counter: SaleCounter) -> None:
    """Count a decision that is no arrival; the caller holds the turn and has changed something."""
    counter.decisions += 1
    SaleCounter.objects.filter(pk=counter.pk).update(decisions=counter.decisions)
    witness.note(counter.group, counter.reached)


def group_of(event_id: UUID) -> UUID:
    """Return the key of an event's limit group."""
    return Event.objects.only("limit_group_id").get(pk=event_id).group_key


def clock() -> datetime:
    """Return the deciding clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        at: datetime = cursor.fetchone()[0]
        return at


def known(value: Value | None) -> Value:
    """Return a fact that the decision rests on and that is therefore there."""
    if value is None:
        raise Inconsistent("a decision rests on a fact that is missing")
    return value
