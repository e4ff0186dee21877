"""A sale as somebody with a notebook would keep it: the model that the real one is compared with.

It shares no code with the allocators, and knows nothing of locks, scripts, streams or caches.
"""

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field, replace

from tests.properties.wishes import Person, Seen, Wishes

LIVE = ("held", "used")


@dataclass(frozen=True)
class Answer:
    """What a verb is answered: only what belongs to the kind is set."""

    kind: str
    zone: str | None = None
    number: int | None = None
    arrival: int | None = None
    ticket: int | None = None
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


class Notebook:
    """Events by name, each in a group; who decides for a group; everything that was decided."""

    def __init__(
        self, groups: dict[str, tuple[str, ...]], wishes: dict[str, Wishes], people: list[str]
    ) -> None:
        self.groups, self.wishes = groups, wishes
        self.group_of = {event: group for group, events in groups.items() for event in events}
        self.mode = dict.fromkeys(groups, "database")  # wanted
        self.authority = dict.fromkeys(groups, "database")
        self.zones = {event: {zone: Zone() for zone in wishes[event].capacities} for event in wishes}
        self.people = {name: Person() for name in people}
        self.logged_in = dict.fromkeys(people, True)
        self.applied: dict[str, Seen] = {}  # what Redis was told, of events that it decides for
        self.statuses: dict[str, str] = {}  # what Redis was told of the roster
        self.tickets: list[Ticket] = []
        self.claims: list[Claim] = []
        self.barred: set[tuple[str, str]] = set()
        self.bars: Counter[tuple[str, str]] = Counter()  # all that there ever were
        self.arrivals = Counter(dict.fromkeys(groups, 0))

    # What an authority looks at

    def in_redis(self, event: str) -> bool:
        return self.authority[self.group_of[event]] == "redis"

    def seen(self, event: str) -> Seen:
        """Return what decides: in PostgreSQL the wishes as they are, in Redis as they were carried last."""
        if not self.in_redis(event):
            return Seen(self.wishes[event], self.people)
        told = self.applied[event]
        return replace(told, status_now=self.statuses)

    def live(self, event: str, student: str) -> int | None:
        """Return the student's live ticket of the event's limit group."""
        group = self.group_of[event]
        return next(
            (
                place
                for place, ticket in enumerate(self.tickets)
                if ticket.student == student
                and ticket.status in LIVE
                and self.group_of[ticket.event] == group
            ),
            None,
        )

    def newest(self, event: str, student: str) -> int | None:
        """Return the student's newest ticket of an event, live or not."""
        own = [n for n, t in enumerate(self.tickets) if (t.event, t.student) == (event, student)]
        return own[-1] if own else None

    def claims_of(self, event: str, student: str) -> list[Claim]:
        return [claim for claim in self.claims if (claim.event, claim.student) == (event, student)]

    # Verbs

    def claim(self, student: str, event: str, zones: tuple[str, ...]) -> Answer:
        return self.refusal(student, event, zones) or self.allocate(student, event, zones)

    def refusal(self, student: str, event: str, zones: tuple[str, ...]) -> Answer | None:
        """Return the first refusal that holds, in the order of the contract."""
        seen = self.seen(event)
        if not set(zones) <= seen.wishes.capacities.keys():
            return Answer("unknown_zone")
        if not all(self.zones[event][zone].made for zone in zones):
            return Answer("unavailable")
        if not self.logged_in[student] or (self.in_redis(event) and student not in self.statuses):
            return Answer("session_ended")
        if (held := self.live(event, student)) is not None:
            ticket = self.tickets[held]
            if ticket.event == event:
                return Answer("already_won", ticket.zone, ticket.number, ticket.arrival, held)
            return Answer("limit_reached", more=ticket.event)
        if (event, student) in self.barred:
            return Answer("barred")
        return self.refusal_by_wishes(seen, student, zones)

    def refusal_by_wishes(self, seen: Seen, student: str, zones: tuple[str, ...]) -> Answer | None:
        times = [time for time in seen.openings(student, zones) if time is not None]
        if not times:
            return Answer("not_eligible", more=seen.why_not(student, zones))
        if min(times) > 0:
            return Answer("not_open", more=str(min(times)))
        if seen.wishes.paused:
            return Answer("paused")
        return Answer("closed") if seen.wishes.closes < 0 else None

    def allocate(self, student: str, event: str, zones: tuple[str, ...]) -> Answer:
        """Give the lowest free place of the first zone that is open to the student and has one."""
        times = self.seen(event).openings(student, zones)
        for zone, time in zip(zones, times, strict=True):
            number = self.zones[event][zone].lowest()
            if time is not None and time < 0 and number is not None:
                return self.win(student, event, zone, number, zones)
        if before := self.claims_of(event, student):
            return Answer("sold_out", arrival=before[0].arrival)
        arrival = self.count(student, event, "sold_out", zones)
        return Answer("sold_out", arrival=arrival)

    def win(self, student: str, event: str, zone: str, number: int, zones: tuple[str, ...]) -> Answer:
        generation = self.zones[event][zone].take(number)
        arrival = self.count(student, event, "won", zones)
        self.tickets.append(Ticket(event, zone, number, generation, student, arrival))
        return Answer("won", zone, number, arrival, len(self.tickets) - 1)

    def count(self, student: str, event: str, answer: str, zones: tuple[str, ...]) -> int:
        group = self.group_of[event]
        self.arrivals[group] += 1
        self.claims.append(Claim(event, student, self.arrivals[group], answer, zones))
        return self.arrivals[group]

    def last_answer(self, student: str, event: str) -> Answer | None:
        """Return what the student was answered last and still holds."""
        held = self.live(event, student)
        if held is not None and self.tickets[held].event == event:
            ticket = self.tickets[held]
            return Answer("won", ticket.zone, ticket.number, ticket.arrival, held)
        counted = self.claims_of(event, student)
        if not counted or counted[-1].answer == "won":
            return None
        return Answer("sold_out", arrival=counted[0].arrival)

    def cancel(self, student: str, ticket: int) -> str:
        """Cancel a ticket for a student; return the code of the refusal, or 'cancelled'."""
        found = self.tickets[ticket]
        if found.student != student:
            return "unknown_ticket"
        if found.status == "held" and self.seen(found.event).wishes.doors is None:
            self.end(ticket, "cancelled")
        return "cancelled" if found.status == "cancelled" else "not_cancellable"

    def void(self, ticket: int) -> bool:
        found = self.tickets[ticket]
        if found.status not in LIVE:
            return False
        self.end(ticket, "void")
        self.bar(found.event, found.student)
        return True

    def end(self, ticket: int, status: str) -> None:
        found = self.tickets[ticket]
        found.status = status
        self.zones[found.event][found.zone].free[found.number] = True

    def use(self, ticket: int) -> str:
        """Show a ticket at the gate; return the verdict's word."""
        found = self.tickets[ticket]
        if found.status == "held":
            found.status = "used"
            return "admit"
        return "already_used" if found.status == "used" else found.status

    def take_back(self, ticket: int) -> None:
        assert self.tickets[ticket].status == "used"
        self.tickets[ticket].status = "held"

    def bar(self, event: str, student: str) -> bool:
        if (event, student) in self.barred:
            return False
        self.barred.add((event, student))
        self.bars[event, student] += 1
        return True

    def lift(self, event: str, student: str) -> bool:
        known = (event, student) in self.barred
        self.barred.discard((event, student))
        return known

    def enrol(self, student: str) -> None:
        self.people[student], self.logged_in[student] = Person(), True

    # What reaches Redis at once, and what the loop carries

    def tell(self, student: str) -> None:
        """Let Redis know a student anew, as a log-out everywhere does."""
        self.logged_in[student] = False
        self.statuses[student] = self.people[student].status

    def prime(self) -> None:
        """Carry everything that is wanted and can be had."""
        self.authority = dict(self.mode)
        for event, wishes in self.wishes.items():
            for name, capacity in wishes.capacities.items():
                self.zones[event].setdefault(name, Zone()).follow(capacity)
            if self.in_redis(event):
                self.applied[event] = Seen(deepcopy(wishes), dict(self.people))
        self.statuses = {name: person.status for name, person in self.people.items()}
