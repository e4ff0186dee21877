"""Who gets which place: one interface, and the authority that implements it."""

from uuid import UUID

from ticketing.allocation.base import Allocator, CancelResult, Decision, Ineligible, Outcome, Press
from ticketing.allocation.database import DatabaseAllocator

__all__ = ["Allocator", "CancelResult", "Decision", "Ineligible", "Outcome", "Press", "allocator_of"]


def allocator_of(event_id: UUID) -> Allocator:
    """Return the authority that decides for an event."""
    return DatabaseAllocator()
