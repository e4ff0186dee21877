"""Finds what Redis should have of a limit group and has not, and counters that are behind what PostgreSQL has seen.

What was made is written by name into the group's state by whoever makes it; that the group was made, PostgreSQL says.
A key that goes away when it is empty is found by a member that stays in it, by what other keys say, or by rows. What is
not found this way: docs/adr/0014-what-is-missing-stops-the-sale.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from ticketing.allocation.rush.keys import Keys
from ticketing.allocation.rush.scripts import run
from ticketing.models import ACTIVE, Claim, SaleCounter, StreamPosition, WaitingEntry

OF_GROUP = ("state", "stream", "live", "tickets")
OF_FESTIVAL = ("students", "ended")
OF_EVENT = ("conf", "barred", "first", "classes", "openings", "waiting", "offers")
OF_ZONE = ("state", "freed", "removed", "generations")


@dataclass(frozen=True, slots=True)
class Look:
    """What was found of a group: whether Redis decides for it in this epoch and is not recovering, and what is lost."""

    decides: bool
    lost: Sequence[str] = ()


def look(
    keys: Keys,
    counter: SaleCounter,
    events: Iterable[UUID],
    zones: Iterable[UUID],
    how: Literal["look", "note"] = "look",
) -> Look:
    """Look for what is lost of a group; PostgreSQL's figures are read first, so that Redis can only be further."""
    position = StreamPosition.objects.filter(group=keys.group).values_list("position", flat=True).first() or 0
    its_events, its_zones = [str(event) for event in events], [str(zone) for zone in zones]
    names = [keys.of_group(name) for name in OF_GROUP] + [keys.of_festival(name) for name in OF_FESTIVAL]
    names += [keys.of_event(event, name) for event in its_events for name in OF_EVENT]
    names += [keys.of_zone(zone, name) for zone in its_zones for name in OF_ZONE]
    word, *found = run("missing", names, [counter.epoch, how, len(its_events), *its_events, *its_zones])
    if word != "seen":
        return Look(decides=False)
    seq, arrival, count = (int(number) for number in found[:3])
    lost, empty = found[3 : 3 + count], found[3 + count :]
    if not lost and (seq < position or arrival < counter.arrival):
        lost = ["counters"]
    drained = seq == position
    return Look(True, [*lost, *(name for name in empty if rows_know(name, drained=drained))])


def rows_know(name: str, *, drained: bool) -> bool:
    """Tell whether a key that is not there has members by PostgreSQL's rows, as far as these cannot be behind."""
    kind, _, event = name.partition(":")
    if kind == "first":
        return Claim.objects.filter(event_id=UUID(event)).exists()
    return drained and WaitingEntry.objects.filter(event_id=UUID(event), status__in=ACTIVE).exists()
