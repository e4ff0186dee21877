"""The roster of students: brought to what a file says, all of it or nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import connection, transaction

from accounts import endings
from accounts.models import Student, StudentStatus
from accounts.roster_file import BadCell, Roster, RosterRefused, Row, Value, read

BATCH = 2000
SAMPLE = 10
ONE_AT_A_TIME = 0x726F73746572  # "roster": the number of the advisory lock


class BadRows(RosterRefused):
    """The file has bad rows; nothing was saved."""

    def __init__(self, lines: int) -> None:
        super().__init__()
        self.lines = lines


@dataclass(frozen=True, slots=True)
class Counts:
    """What an import did, or would do; students who came back are among the changed."""

    added: int
    changed: int
    unchanged: int
    gone: int


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is meant: `complete` when whoever it does not name is gone; numbers of different lengths or not."""

    complete: bool = False
    mixed_lengths: bool = False


@dataclass(slots=True)
class Comparison:
    """A file beside the roster as far as it was read: numbers of each kind, lines that are bad, a few examples."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0
    read: int = 0
    bad_lines: set[int] = field(default_factory=set)
    sample: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {"added": [], "changed": [], "gone": []}
    )

    @property
    def counts(self) -> Counts:
        return Counts(self.added, self.changed, self.unchanged, self.gone)


def import_file(
    data: bytes, options: Options = Options(), *, on_bad: Callable[[BadCell], None] = lambda _bad: None
) -> Counts:
    """Bring the roster to what a file says.

    Raises RosterRefused, or BadRows after every bad cell was handed to `on_bad`; then nothing is saved. Columns that
    the file does not have keep their values; a student who was gone and is named again is enrolled unless the file
    says otherwise.
    """
    roster = read(data)
    with transaction.atomic():
        take_turn()
        found = compare(roster, options, on_bad=on_bad, save=True)
        if found.bad_lines:
            raise BadRows(len(found.bad_lines))
    return found.counts


def take_turn() -> None:
    """Wait for another import, then lock every student in the order of their keys."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
        cursor.execute(
            "SELECT count(*) FROM (SELECT FROM accounts_student ORDER BY id FOR NO KEY UPDATE) AS locked"
        )


def compare(
    roster: Roster,
    options: Options,
    *,
    on_bad: Callable[[BadCell], None],
    on_progress: Callable[[int], None] = lambda _rows: None,
    save: bool = False,
) -> Comparison:
    """Read a file to its end beside the roster, a batch in memory at a time; with `save`, bring the roster to it.

    Nothing more is written once a row is bad: the caller undoes the rest.
    """
    found = Comparison()
    for batch in batches(roster.rows(mixed_lengths=options.mixed_lengths)):
        for bad in (bad for row in batch for bad in row.bad):
            found.bad_lines.add(bad.line)
            on_bad(bad)
        new, changed = sort_out([row.values for row in batch if not row.bad], found)
        if save and not found.bad_lines:
            write(new, changed)
        found.read += len(batch)
        on_progress(found.read)
    if options.complete and not found.bad_lines:
        gone = list(missing(roster.numbers, found))
        found.gone = len(gone)
        if save:
            lose(gone)
    return found


def batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """Yield the rows by thousands."""
    while batch := list(islice(rows, BATCH)):
        yield batch


def sort_out(rows: Iterable[Mapping[str, Value]], found: Comparison) -> tuple[list[Student], list[Student]]:
    """Count what rows add, change and leave alone; return the new students and the changed ones."""
    by_number = {str(row["student_number"]): row for row in rows}
    known = {each.student_number: each for each in Student.objects.filter(student_number__in=by_number)}
    new: list[Student] = []
    changed: list[Student] = []
    for number, row in by_number.items():
        if (before := known.get(number)) is None:
            new.append(Student(**row))
            example(found, "added", new[-1])
        elif after := difference(before, row):
            changed.append(Student(**{**content(before), **after}))
            example(found, "changed", before, after)
    found.added += len(new)
    found.changed += len(changed)
    found.unchanged += len(by_number) - len(new) - len(changed)
    return new, changed


def example(found: Comparison, kind: str, student: Student, after: Mapping[str, Value] | None = None) -> None:
    """Keep the first few of a kind to show them."""
    if len(found.sample[kind]) >= SAMPLE:
        return
    shown = {name: getattr(student, name) for name in ("student_number", "name", "department", "year")}
    shown["changes"] = [
        [name, getattr(student, name), value] for name, value in (after or {}).items() if name != "name_key"
    ]
    found.sample[kind].append(shown)


def write(new: list[Student], changed: list[Student]) -> None:
    """Write a batch of new and changed students."""
    Student.objects.bulk_create(new)
    Student.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["student_number"],
        update_fields=[*FROM_FILES, "updated_at"],
    )


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


def missing(named: Mapping[str, int], found: Comparison) -> Iterator[int]:
    """Yield the keys of the students whom a complete file does not name; those gone and demo students never."""
    rows = Student.objects.filter(demo=False).exclude(status=StudentStatus.GONE).order_by("pk")
    for student in rows.only("student_number", "name", "department", "year").iterator(BATCH):
        if student.student_number not in named:
            example(found, "gone", student)
            yield student.pk


def lose(ids: list[int]) -> None:
    """Mark students as gone and end their logins."""
    Student.objects.filter(pk__in=ids).update(status=StudentStatus.GONE)
    endings.end_all(ids)
