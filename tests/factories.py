"""Makes festivals, sales and people for tests. The cast: alice holds, bob waits, charlie must be refused."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from accounts import consent
from accounts.models import Student
from accounts.passes import Claimant, read_pass
from accounts.sessions import LoginCookies, open_many
from ticketing.allocation.priming import prime
from ticketing.models import Event, Mode, Zone
from ticketing.writeback import write_back

DAY = timedelta(days=1)
numbers = count(20_260_001)
mode_of_events: ContextVar[Mode] = ContextVar("mode of new events", default=Mode.DATABASE)


def settle() -> None:
    """Let the loops do what is to be done: wishes reach the authority, rows follow its decisions."""
    while prime() + write_back():
        pass


@dataclass(frozen=True, slots=True)
class Player:
    """A student with one login: as the steps know it, and as a browser shows it."""

    student: Student
    claimant: Claimant
    cookies: LoginCookies


def make_event(
    zones: Mapping[str, int] | None = None,
    *,
    opens_in: float = -1,
    closes_in: float = 3600,
    primed: bool = True,
    **fields: Any,
) -> Event:
    """Make a sale (open since a second unless told otherwise) and its zones; times in seconds from now."""
    now = timezone.now().replace(microsecond=0)
    event = Event.objects.create(
        **{"name": "첫째 밤", "mode": mode_of_events.get()}
        | {"opens_at": now + timedelta(seconds=opens_in), "closes_at": now + timedelta(seconds=closes_in)}
        | fields
    )
    wanted = {"A": 3} if zones is None else zones
    Zone.objects.bulk_create(Zone(event=event, name=name, capacity=places) for name, places in wanted.items())
    if primed:
        settle()
    return event


def make_student(name: str = "김대동", **fields: Any) -> Student:
    """Make an enrolled student who has consented."""
    student = Student.objects.create(
        **{"student_number": str(next(numbers)), "name": name, "department": "국어국문학과", "year": 2}
        | fields
    )
    consent.give(student)
    return student


def make_players(names: Sequence[str] | int, **fields: Any) -> list[Player]:
    """Make students, each logged in once."""
    wanted = [f"학생 {number}" for number in range(names)] if isinstance(names, int) else names
    return log_in(*(make_student(name, **fields) for name in wanted))


def log_in(*students: Student) -> list[Player]:
    """Log students in on one more device each."""
    logged_in = open_many(students, timezone.now() + DAY)
    if mode_of_events.get() == Mode.REDIS:
        settle()  # the loop tells Redis of new students
    return [player_of(cookies) for cookies in logged_in]


def player_of(cookies: LoginCookies) -> Player:
    claimant = read_pass(cookies.claim_pass)
    assert claimant is not None
    return Player(cookies.student, claimant, cookies)
