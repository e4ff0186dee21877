"""The roster and the ended logins of a festival in Redis: built whole beside the present ones, or told of changes.

A log-out must count at the next press, while the roster is built anew too. So a build begins with a mark in the key
that is built; whoever ends a login tells the present roster and, where that mark is, the new one (telling.py).
"""

from collections.abc import Iterator, Sequence

from django.utils import timezone

from accounts.models import Student, StudentSession
from ticketing.allocation.rush.building import chunks, each, fenced, put, rank, remove, write
from ticketing.allocation.rush.keys import Keys
from ticketing.allocation.rush.lines import milliseconds
from ticketing.allocation.rush.scripts import run

# A member that nobody has, so that a key of which nothing else is left is not taken for a lost one.
SENTINEL = ""


def student_line(generation: int, status: str) -> str:
    """Return a student as the claim script reads it."""
    return f"{generation}|{status}"


def names(keys: Keys) -> dict[str, str]:
    """Return the keys that a build touches, by a short name."""
    all_names = ("lease", "students", "ended", "students:new", "ended:new", "students:raised")
    return {name: keys.of_festival(name) for name in all_names}


def load_roster(keys: Keys, token: int) -> None:
    """Build the whole roster and the sessions that have ended aside, then let them take the place of the present ones.

    1. Whoever ends a login from now on tells the new roster too.
    2. Students and sessions are read: a login that ended before is in what is read, one that ends later is told.
    3. All at once the new roster is the present one. Other changes meanwhile have left marks; the loop tells them next.
    """
    name = names(keys)
    remove(keys, token, name["students:new"], name["ended:new"], name["students:raised"])
    write(keys, token, name["students:new"], "HSET", (SENTINEL, token))
    write(keys, token, name["ended:new"], "ZADD", ("+inf", SENTINEL))
    students = each(Student.objects.values_list("pk", "generation", "status"))
    lines = ((key, student_line(generation, status)) for key, generation, status in students)
    put(keys, token, name["students:new"], lines)
    rank(keys, token, name["ended:new"], ended_sessions())
    fenced(run("enrol", list(name.values()), [token]))


def ended_sessions(only: Sequence[str] | None = None) -> Iterator[tuple[str, int]]:
    """Yield the sessions that have ended while their pass goes on, with the time when it ends."""
    rows = StudentSession.objects.filter(ended_at__isnull=False, expires_at__gt=timezone.now())
    if only is not None:
        rows = rows.filter(pk__in=only)
    for key, at in each(rows.values_list("pk", "expires_at")):
        yield str(key), milliseconds(at)


def tell_students(keys: Keys, token: int, students: Sequence[str]) -> None:
    """Tell the present roster of students who changed, came or went."""
    for some in chunks(students):
        found = Student.objects.filter(pk__in=some).values_list("pk", "generation", "status")
        changed = {str(key): student_line(generation, status) for key, generation, status in found}
        lines = dict.fromkeys(some, "") | changed
        tell(keys, token, lines, {})


def tell_sessions(keys: Keys, token: int, sessions: Sequence[str]) -> None:
    """Tell the present roster of sessions that have ended."""
    for some in chunks(sessions):
        ended = {key: str(at) for key, at in ended_sessions(some)}
        tell(keys, token, {}, dict.fromkeys(some, "") | ended)


def tell(keys: Keys, token: int, students: dict[str, str], sessions: dict[str, str]) -> None:
    """Write changes into the present roster."""
    pairs = [text for pair in (*students.items(), *sessions.items()) for text in pair]
    places = [keys.of_festival(name) for name in ("lease", "students", "ended")]
    fenced(run("roster", places, [token, len(students), *pairs]))


def end_logins(keys: Keys, sessions: dict[str, int], generations: dict[int, int]) -> None:
    """End logins at once, in the present roster and in one that is being built."""
    places = list(names(keys).values())[1:]
    for students in chunks(generations.items()):
        run("logins", places, [len(students), *(number for pair in students for number in pair)])
    for some in chunks(sessions.items()):
        run("logins", places, [0, *(fact for pair in some for fact in pair)])
