"""Who gets which place: one interface, two authorities behind it, and the way to the one that decides now."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from festival.errors import Unavailable
from ticketing.allocation import recoveries
from ticketing.allocation.base import (
    Allocator,
    CancelResult,
    Decision,
    Gift,
    GrantResult,
    Ineligible,
    LeaveResult,
    Outcome,
    Press,
    Recovering,
    Stale,
    Waits,
)
from ticketing.allocation.database import DatabaseAllocator
from ticketing.allocation.rush.authority import RedisAllocator
from ticketing.allocation.rush.directory import look_up
from ticketing.allocation.witness import FallenBack

__all__ = [
    "Allocator",
    "CancelResult",
    "Decision",
    "Gift",
    "GrantResult",
    "Ineligible",
    "LeaveResult",
    "Outcome",
    "Press",
    "Waits",
    "allocator_of",
    "at_authority",
]
Value = TypeVar("Value")


def allocator_of(event_id: UUID, *, fresh: bool = False) -> Allocator:
    """Return the authority that decides for an event, as far as this process knows: a second old, unless fresh.

    Where the directory cannot be read PostgreSQL is asked, which knows whether it decides.
    """
    try:
        listed = look_up(event_id, fresh=fresh)
    except Unavailable:
        listed = None
    return RedisAllocator(listed) if listed else DatabaseAllocator()


def at_authority(event_id: UUID, ask: Callable[[Allocator], Value]) -> Value:
    """Ask the authority of an event; if it says that another one decides now, ask that one, once.

    Raises Unavailable while nobody decides, in the moment of a handover, and Recovering when decisions are lost:
    whoever notices that stops the sale.
    """
    try:
        return ask_twice(event_id, ask)
    except FallenBack as fallen:
        recoveries.begin(fallen.group, ["counter"], fallen.seen)
        raise Recovering from fallen


def ask_twice(event_id: UUID, ask: Callable[[Allocator], Value]) -> Value:
    """Ask whom this process takes for the authority, then, if need be, the one that is now."""
    try:
        return ask(allocator_of(event_id))
    except Stale:
        pass
    try:
        return ask(allocator_of(event_id, fresh=True))
    except Stale as error:
        raise Unavailable(retry_after=1) from error
