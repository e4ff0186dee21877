"""What the notebook keeps: answers, tickets, places, counted presses, entries of the waiting list."""

from collections import Counter
from dataclasses import dataclass, field

LIVE = ("held", "used")
ACTIVE = ("waiting", "offered")


@dataclass(frozen=True)
class Answer:
    """What a verb is answered: only what belongs to the kind is set."""

    kind: str
    zone: str | None = None
    number: int | None = None
    generation: int | None = None
    arrival: int | None = None
    more: str | None = None


@dataclass
class Ticket:
    """A ticket, live or ended; tickets are named by their place in the notebook."""

    event: str
    zone: str
    number: int
    generation: int
    student: str
    arrival: int | None
    status: str = "held"
    guest: bool = False


@dataclass
class Zone:
    """The places of a zone: which numbers there are, which of them are free, how often each was given."""

    free: dict[int, bool] = field(default_factory=dict)
    given: Counter[int] = field(default_factory=Counter)
    made: bool = False

    @property
    def left(self) -> int:
        return sum(self.free.values())

    def lowest(self) -> int | None:
        return min((number for number, free in self.free.items() if free), default=None)

    def take(self, number: int) -> int:
        """Give a place; return how often it was given by now."""
        assert self.free[number]
        self.free[number] = False
        self.given[number] += 1
        return self.given[number]

    def follow(self, capacity: int) -> None:
        """Bring the places to a capacity: the highest free ones go, the lowest missing ones come."""
        self.made = True
        while len(self.free) > capacity and self.left:
            del self.free[max(number for number, free in self.free.items() if free)]
        while len(self.free) < capacity:
            self.free[next(n for n in range(1, capacity + 1) if n not in self.free)] = True


@dataclass(frozen=True)
class Claim:
    """A counted press."""

    event: str
    student: str
    arrival: int
    answer: str
    zones: tuple[str, ...]


@dataclass
class Entry:
    """A student on the waiting list; an offer is a place that is held back."""

    event: str
    student: str
    zones: tuple[str, ...]
    arrival: int
    status: str = "waiting"
    offer: tuple[str, int, int] | None = None
    late: bool = False
