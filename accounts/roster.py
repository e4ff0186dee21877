"""The roster of students: brought to what a file says, all of it or nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection, transaction

from accounts import sessions
from accounts.models import Student, StudentStatus
from accounts.roster_file import BadCell, RosterRefused, Value, read

BATCH = 2000
ONE_AT_A_TIME = 0x726F73746572  # "roster": the number of the advisory lock


class BadRows(RosterRefused):
    """The file has bad rows; nothing was saved."""

    def __init__(self, bad: list[BadCell]) -> None:
        super().__init__()
        self.bad = bad


@dataclass(frozen=True, slots=True)
class Counts:
    """What an import did; students who came back are among the changed."""

    added: int
    changed: int
    unchanged: int
    gone: int


def import_file(data: bytes, *, complete: bool = False) -> Counts:
    """Bring the roster to what a file says; with `complete`, students whom it does not name are gone.

    Raises RosterRefused, or BadRows with every bad cell; then nothing is saved. Columns that the file does not have
    keep their values; a student who was gone and is named again is enrolled unless the file says otherwise.
    """
    roster = read(data)
    if roster.bad:
        raise BadRows(roster.bad)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
        rows = Student.objects.select_for_update(no_key=True).order_by("pk")
        known = {student.student_number: student for student in rows}
        counts = save(roster.rows, known)
        gone = lose(known, {row["student_number"] for row in roster.rows}) if complete else 0
    return Counts(*counts, gone=gone)


def save(rows: Iterable[Mapping[str, Value]], known: Mapping[str, Student]) -> tuple[int, int, int]:
    """Write new and changed students; return how many were added, changed, unchanged."""
    new: list[Student] = []
    changed: list[Student] = []
    same = 0
    for row in rows:
        before = known.get(str(row["student_number"]))
        if before is None:
            new.append(Student(**row))
        elif after := difference(before, row):
            changed.append(Student(**{**content(before), **after}))
        else:
            same += 1
    Student.objects.bulk_create(new, batch_size=BATCH)
    Student.objects.bulk_create(
        changed,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["student_number"],
        update_fields=[*FROM_FILES, "updated_at"],
    )
    return len(new), len(changed), same


FROM_FILES = ("name", "name_key", "department", "year", "level", "status", "campus", "email")


def content(student: Student) -> dict[str, Value]:
    """Return the part of a student that comes from files."""
    return {name: getattr(student, name) for name in ("student_number", *FROM_FILES)}


def difference(before: Student, row: Mapping[str, Value]) -> dict[str, Value]:
    """Return what a row changes; being named at all brings a gone student back."""
    wanted = dict(row)
    if before.status == StudentStatus.GONE:
        wanted.setdefault("status", StudentStatus.ENROLLED)
    return {name: value for name, value in wanted.items() if getattr(before, name) != value}


def lose(known: Mapping[str, Student], named: set[Value]) -> int:
    """Mark the students whom a complete file does not name as gone, demo students never, and end their logins."""
    ids = [
        student.pk
        for number, student in known.items()
        if number not in named and student.status != StudentStatus.GONE and not student.demo
    ]
    Student.objects.filter(pk__in=ids).update(status=StudentStatus.GONE)
    sessions.end_all(ids)
    return len(ids)
