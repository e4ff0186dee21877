"""What Redis has of a limit group, read while it decides nothing."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from festival.redis import sale
from ticketing.allocation.reconciling.told import Told, read_told
from ticketing.allocation.rush.complete import INCOMPLETE
from ticketing.allocation.rush.freezing import Freeze
from ticketing.allocation.rush.keys import Keys
from ticketing.allocation.rush.lines import EntryLine, TicketLine
from ticketing.allocation.rush.roster import SENTINEL

AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class ZonePlaces:
    """The places of a zone: the numbers 1 to `top` without those `removed`; nobody had `next` and higher ones yet."""

    top: int
    next: int
    freed: frozenset[int]
    removed: frozenset[int]
    generations: dict[int, int]

    def numbers(self, below: int) -> set[int]:
        """Return the numbers below one that are places."""
        return set(range(1, min(below, self.top + 1))) - self.removed

    def free(self, below: int) -> set[int]:
        """Return the numbers below one that are free."""
        return {number for number in self.numbers(below) if number in self.freed or number >= self.next}


@dataclass(frozen=True, slots=True)
class EventSide:
    """What Redis has of one event."""

    conf: dict[str, str]
    first: dict[str, str]
    entries: dict[str, EntryLine]
    waiting: dict[str, int]
    wants: dict[str, int]
    offers: dict[str, int]
    barred: frozenset[str]
    classes: dict[str, str]
    openings: dict[str, str]


@dataclass(frozen=True, slots=True)
class Side:
    """All of it, with what the stream tells since it was built."""

    sequence: int
    arrival: int
    incomplete: bool
    tickets: dict[str, TicketLine]
    live: dict[str, str]
    students: dict[str, str]
    ended: dict[str, int]
    told: Told
    events: dict[UUID, EventSide] = field(default_factory=dict)
    zones: dict[UUID, ZonePlaces | None] = field(default_factory=dict)


def read_side(freeze: Freeze, sequence: int, events: list[UUID], zones: list[UUID]) -> Side:
    """Read everything, in small steps, each of which sees that the freeze still holds; raises Lapsed."""
    keys = freeze.keys
    state = table(freeze, keys.of_group("state"))
    lines = table(freeze, keys.of_group("tickets")).values()
    side = Side(
        sequence=sequence,
        arrival=int(state["arrival"]),
        incomplete=INCOMPLETE in state,
        tickets={line.claim: line for line in map(TicketLine.read, lines)},
        live=table(freeze, keys.of_group("live")),
        students=table(freeze, keys.of_festival("students")),
        ended=ranked(freeze, keys.of_festival("ended")),
        told=read_told(keys, int(state.get("base") or 0), sequence),
    )
    for event in events:
        if f"event:{event}" in state:
            side.events[event] = read_event(freeze, keys, event)
    for zone in zones:
        if f"zone:{zone}" in state:
            side.zones[zone] = read_zone(freeze, keys, zone)
    freeze.prolong()
    return side


def read_event(freeze: Freeze, keys: Keys, event: UUID) -> EventSide:
    def name(part: str) -> str:
        return keys.of_event(event, part)

    entries = table(freeze, name("entries"))
    return EventSide(
        conf=table(freeze, name("conf")),
        first=table(freeze, name("first")),
        entries={student: EntryLine.read(line) for student, line in entries.items()},
        waiting=ranked(freeze, name("waiting")),
        wants={zone: int(count) for zone, count in table(freeze, name("wants")).items() if int(count)},
        offers=ranked(freeze, name("offers")),
        barred=frozenset(map(str, sale().smembers(name("barred")))) - {SENTINEL},
        classes=table(freeze, name("classes")),
        openings=table(freeze, name("openings")),
    )


def read_zone(freeze: Freeze, keys: Keys, zone: UUID) -> ZonePlaces | None:
    """Return the places of a zone; None when its state is lost."""
    state = table(freeze, keys.of_zone(zone, "state"))
    if "top" not in state or "next" not in state:
        return None
    generations = table(freeze, keys.of_zone(zone, "generations"))
    return ZonePlaces(
        top=int(state["top"]),
        next=int(state["next"]),
        freed=frozenset(map(int, ranked(freeze, keys.of_zone(zone, "freed")))),
        removed=frozenset(map(int, ranked(freeze, keys.of_zone(zone, "removed")))),
        generations={int(number): int(count) for number, count in generations.items()},
    )


def table(freeze: Freeze, name: str) -> dict[str, str]:
    """Return a hash, read a part at a time so that other sales go on."""
    freeze.prolong()
    found = sale().hscan_iter(name, count=AT_ONCE)
    return {str(field_name): str(value) for field_name, value in found}


def ranked(freeze: Freeze, name: str) -> dict[str, int]:
    """Return the members of a sorted set with their scores; one without an end has -1."""
    freeze.prolong()
    found: dict[str, int] = {}
    while part := rank_of(name, len(found)):
        found |= part
    return found


def rank_of(name: str, begin: int) -> dict[str, int]:
    part: Any = sale().zrange(name, begin, begin + AT_ONCE - 1, withscores=True)
    return {str(member): -1 if score == float("inf") else int(score) for member, score in part}
