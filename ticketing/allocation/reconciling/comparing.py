"""Compares what Redis has of a limit group with the rows: all that is decided, and all that decisions rest on."""

from ticketing.allocation.reconciling import copies, inside, people, places, presses, tickets, waiters
from ticketing.allocation.reconciling.findings import Difference, Finding
from ticketing.allocation.reconciling.redis_side import Side
from ticketing.allocation.rush.carrying import Group


def between(group: Group, side: Side) -> list[Finding]:
    """Return what rows and Redis say against each other, in the order in which the rows are mended."""
    return [
        *presses.look(group, side),
        *places.look(group, side),
        *tickets.look(group, side),
        *waiters.look(group, side),
        *copies.look(side),
        *people.look(group, side),
        *incomplete(group, side),
    ]


def whole(group: Group, side: Side) -> list[Finding]:
    """Return that, and what the rows say against each other."""
    return [*between(group, side), *inside.look(group.counter.group, group.events)]


def incomplete(group: Group, side: Side) -> list[Finding]:
    """PostgreSQL has lost something that was decided before Redis was built."""
    if not side.incomplete:
        return []
    told = ("less than Redis was built from", "incomplete")
    return [Finding(Difference("incomplete", str(group.counter.group), *told))]


def differences(found: list[Finding]) -> list[Difference]:
    """Return each difference once."""
    return list({(it.difference.kind, it.difference.about): it.difference for it in found}.values())
