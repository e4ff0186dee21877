"""Reads a roster as spreadsheets save it: which columns, which students; every bad cell by its line."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from accounts.models import name_key
from accounts.roster_cells import READERS, Bad, BadCell, Value
from accounts.roster_tables import Line, Table, open_table
from accounts.roster_words import TITLES, RosterRefused, columns_of, refuse_resident_numbers

__all__ = ["BadCell", "Roster", "RosterRefused", "Row", "Value", "read"]

NEEDED = ("student_number", "name")
ONE_LENGTH = (
    0.8  # from this share on, one length of student numbers is the rule and shorter ones have lost something
)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the file: a student's values, or what is bad."""

    line: int
    values: dict[str, Value]
    bad: tuple[BadCell, ...] = ()


@dataclass(slots=True)
class Roster:
    """What a file says, read row by row; `numbers` holds the line of every student number so far."""

    table: Table
    titles: list[str]
    columns: dict[str, int]
    numbers: dict[str, int] = field(default_factory=dict)

    def rows(self, *, mixed_lengths: bool = False) -> Iterator[Row]:
        """Yield every row; after them those whose number is shorter than all the others, unless that may be."""
        self.numbers.clear()
        for line in self.table.lines:
            yield self.row(line)
        if not mixed_lengths:
            yield from self.shortened()

    def row(self, numbered: Line) -> Row:
        """Return a row as its values, or with each of its bad cells."""
        line, cells = numbered
        if cells is None:
            broken = _("is no CSV: a quote stands where none belongs, or is never closed")
            return Row(line, {}, (BadCell(line, "", broken),))
        refuse_resident_numbers(cells)
        bad = []
        if any(cell.strip() for cell in cells[len(self.titles) :]):
            bad.append(BadCell(line, "", _("has more cells than there are titles")))
        values: dict[str, Value] = {}
        for name, place in self.columns.items():
            try:
                values[name] = READERS[name](name, cells[place] if place < len(cells) else "")
            except Bad as error:
                bad.append(BadCell(line, self.title_of(name), error.args[0]))
        if "student_number" in values and (first := self.first_line(str(values["student_number"]), line)):
            reason = _("the same number stands in line %(line)d") % {"line": first}
            bad.append(BadCell(line, self.title_of("student_number"), reason))
        if not bad:
            values["name_key"] = name_key(str(values["name"]))
        return Row(line, values, tuple(bad))

    def first_line(self, number: str, line: int) -> int | None:
        """Return where this number stood before."""
        first = self.numbers.setdefault(number, line)
        return first if first != line else None

    def shortened(self) -> Iterator[Row]:
        """Yield the rows whose number has fewer digits than nearly all others: a spreadsheet took its zeros."""
        digits = [number for number in self.numbers if number.isdecimal()]
        if not digits:
            return
        usual, count = Counter(map(len, digits)).most_common(1)[0]
        if count < ONE_LENGTH * len(digits):
            return
        reason = _("has fewer digits than the others (%(usual)d): leading zeros may be lost") % {
            "usual": usual
        }
        for number in digits:
            if len(number) < usual:
                line = self.numbers[number]
                yield Row(line, {}, (BadCell(line, self.title_of("student_number"), reason),))

    def title_of(self, name: str) -> str:
        """Return the title that the file gives a field."""
        return self.titles[self.columns[name]].strip()


def read(data: bytes) -> Roster:
    """Return the roster that a file holds; a file without the needed columns is refused."""
    table = open_table(data)
    titles: Sequence[str] = next(table.lines, (0, None))[1] or []
    refuse_resident_numbers(titles)
    columns = columns_of(titles)
    if missing := [TITLES[name][0] for name in NEEDED if name not in columns]:
        raise RosterRefused(
            _("A needed column is missing: %(titles)s. Is the first line the line of titles?")
            % {"titles": ", ".join(missing)}
        )
    return Roster(table, list(titles), columns)
