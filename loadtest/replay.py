"""The simplest sale there can be, which replays all presses in the order of their arrivals and compares the answers.

First come, first served: the lowest free number of the first wanted zone that has one, else the waiting list while it
has room, else sold out. It knows nothing of how the system does it.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]
SLACK_MS = 100  # between the clock that decides and the one that the council's act was timed by


@dataclass(frozen=True, slots=True)
class Change:
    """A zone's capacity as the council wants it from some moment on, in milliseconds after the opening.

    When the authority took it up is known from both sides only: not before `from_ms`, not after `until_ms`.
    """

    zone: str
    capacity: int
    from_ms: float
    until_ms: float


@dataclass
class Model:
    """Free numbers by zone, how many places each zone has, and how many wait."""

    free: dict[str, list[int]]
    places: dict[str, int]
    waitlist_size: int = 0
    waiting: int = 0
    removed: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, zones: Mapping[str, int], waitlist_size: int = 0) -> "Model":
        """Make a sale of which nothing is sold."""
        free = {name: list(range(1, capacity + 1)) for name, capacity in zones.items()}
        return cls(free, dict(zones), waitlist_size)

    def answer(self, zones: Sequence[str]) -> tuple[str, str | None, int | None]:
        """Return what a press for these zones should get, without giving it."""
        zone = next((name for name in zones if self.free.get(name)), None)
        if zone:
            return "won", zone, self.free[zone][0]
        return ("waitlisted" if self.waiting < self.waitlist_size else "sold_out"), None, None

    def give(self, outcome: str, zone: str | None, number: int | None) -> None:
        """Take note of what a press really got."""
        if outcome == "waitlisted":
            self.waiting += 1
        numbers = self.free.get(zone, []) if zone else []
        if numbers and numbers[0] == number:
            heapq.heappop(numbers)
        elif number in numbers:
            numbers.remove(number)
            heapq.heapify(numbers)

    def change(self, change: Change) -> None:
        """Bring a zone to another capacity: free ones with the highest numbers go, the lowest missing ones come."""
        numbers, gone = self.free.setdefault(change.zone, []), self.removed.setdefault(change.zone, [])
        while self.places.get(change.zone, 0) > change.capacity and numbers:
            gone.append(max(numbers))
            numbers.remove(gone[-1])
            self.places[change.zone] -= 1
        top = self.places.get(change.zone, 0) + len(gone)
        missing = sorted(gone)
        while self.places.get(change.zone, 0) < change.capacity:
            number, top = (missing.pop(0), top) if missing else (top + 1, top + 1)
            numbers.append(number)
            self.places[change.zone] = self.places.get(change.zone, 0) + 1
        self.removed[change.zone] = missing
        heapq.heapify(numbers)


def replay(model: Model, presses: Iterable[Row], changes: Sequence[Change] = ()) -> Iterable[Row]:
    """Yield every press that the model would have answered otherwise.

    A change of capacity is taken up where the answers first show it, within its bounds. After a difference the model
    goes on from what was really given, so that one fault is not counted again in all that follow.
    """
    ahead = list(changes)
    for press in presses:
        given = (press["outcome"], press["zone"], press["number"])
        while ahead and is_due(ahead[0], press, differs=model.answer(press["zones"]) != given):
            model.change(ahead.pop(0))
        expected = model.answer(press["zones"])
        if given != expected:
            yield {**press, "model": expected[0], "model_zone": expected[1], "model_number": expected[2]}
        model.give(*given)


def is_due(change: Change, press: Row, *, differs: bool) -> bool:
    """Tell whether a change was taken up before this press: it must have been, or nothing else tells the answer."""
    elapsed = float(press["elapsed_ms"])
    return elapsed > change.until_ms + SLACK_MS or (differs and elapsed >= change.from_ms - SLACK_MS)
