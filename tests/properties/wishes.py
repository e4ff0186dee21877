"""What the council wants of a sale, and the roster, in plain words; times are days from now, so that none is near."""

from collections.abc import Mapping
from dataclasses import dataclass, field

PAST, OVER, FUTURE, LATER = -2, -1, 2, 3
EARLY, LATE = -3, 5  # the times that a rule may name for itself


@dataclass(frozen=True)
class Rule:
    """Lets students into a zone or all: of a department or any, on leave too or not, from a time of its own or not."""

    zone: str | None
    department: str | None
    on_leave: bool
    opens: int | None

    @property
    def statuses(self) -> list[str]:
        return ["enrolled", "on_leave"] if self.on_leave else ["enrolled"]

    def covers(self, zone: str) -> bool:
        return self.zone is None or self.zone == zone

    def is_met_by(self, person: "Person") -> bool:
        return person.status in self.statuses and self.department in (None, person.department)


@dataclass(frozen=True)
class Person:
    """A student on the roster."""

    status: str = "enrolled"
    department: str = "국어국문학과"


@dataclass
class Wishes:
    """What the council wants of one event."""

    capacities: dict[str, int]
    opens: int = PAST
    closes: int = LATER
    doors: int | None = None
    paused: bool = False
    rules: tuple[Rule, ...] = ()
    excluded: frozenset[str] | None = None  # None: there never was such a list
    waitlist: int = 0
    promotion: str = "immediate"
    quiet: bool = False
    promotions_over: bool = False

    @property
    def may_promote(self) -> bool:
        return not (self.paused or self.quiet or self.promotions_over)

    @property
    def has_rules(self) -> bool:
        return bool(self.rules) or self.excluded is not None


@dataclass
class Seen:
    """What an authority knows of an event's wishes, and of the people where it judged them by rules."""

    wishes: Wishes
    people: Mapping[str, Person]
    status_now: Mapping[str, str] = field(default_factory=dict)  # wins where there are no rules

    def openings(self, student: str, zones: tuple[str, ...]) -> list[int | None]:
        """Return when each zone opens for a student, None where it does not."""
        if student in (self.wishes.excluded or ()):
            return [None for _zone in zones]
        return [self.opening(student, zone) for zone in zones]

    def opening(self, student: str, zone: str) -> int | None:
        person = self.person(student)
        covering = [rule for rule in self.wishes.rules if rule.covers(zone)]
        if not covering:
            return self.wishes.opens if person.status == "enrolled" else None
        times = [
            self.wishes.opens if rule.opens is None else rule.opens
            for rule in covering
            if rule.is_met_by(person)
        ]
        return min(times, default=None)

    def person(self, student: str) -> Person:
        if not self.wishes.has_rules and student in self.status_now:
            return Person(self.status_now[student])
        return self.people.get(student, Person("gone"))

    def why_not(self, student: str, zones: tuple[str, ...]) -> str:
        """Return why none of the zones is for a student."""
        if student in (self.wishes.excluded or ()):
            return "excluded"
        status = self.person(student).status
        named = any(
            status in rule.statuses and rule.covers(zone) for rule in self.wishes.rules for zone in zones
        )
        return "rules" if named else "status"
