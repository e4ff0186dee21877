"""Reads XLSX without trusting it: sizes are proven before anything is unpacked into memory."""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from accounts.roster_words import RosterRefused

MOST_UNPACKED = 200 * 1024 * 1024
MOST_PARTS = 2000
MOST_CELLS = 5_000_000  # the reader lays a sheet out whole, empty cells in between included
CHUNK = 1024 * 1024
PLACE = re.compile(rb"""\br\s*=\s*["']([A-Z]{1,3})([0-9]{1,7})["']""")
OVERLAP = 40  # longer than one such place: one that two chunks share is found in the second
EXACT = 10**15  # a spreadsheet's numbers are exact up to 15 digits


@dataclass(frozen=True, slots=True)
class OpenSheet:
    """The first sheet with data."""

    name: str
    sheet: CalamineSheet

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each row as text with its number in the spreadsheet."""
        for line, cells in enumerate(self.sheet.iter_rows(), start=1):
            yield line, [as_text(cell) for cell in cells]


def open_xlsx(data: bytes) -> OpenSheet:
    """Return the first visible sheet that holds anything; other archives and bombs are told in one sentence."""
    prove_sizes(data)
    try:
        book = CalamineWorkbook.from_object(io.BytesIO(data))
        for about in book.sheets_metadata:
            if about.typ == SheetTypeEnum.WorkSheet and about.visible == SheetVisibleEnum.Visible:
                sheet = book.get_sheet_by_name(about.name)
                if sheet.start is not None:
                    return OpenSheet(about.name, sheet)
    except CalamineError as error:
        raise broken() from error
    raise RosterRefused(_("The spreadsheet has no sheet with data."))


def prove_sizes(data: bytes) -> None:
    """Refuse what is no spreadsheet, what is broken, and what would fill the memory when it is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if not any(part.filename.lower() == "xl/workbook.xml" for part in parts):
                raise RosterRefused(
                    _("This is an archive or another kind of document: XLSX or CSV is needed.")
                )
            if any(part.flag_bits & 1 for part in parts):
                raise RosterRefused(_("The spreadsheet is locked by a password: please save it without one."))
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
                raise bomb()
            for part in parts:
                go_through(archive, part)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError) as error:
        raise broken() from error


def go_through(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Read a part by pieces: it is as long as it says (or zipfile finds a wrong check sum), no sheet is too wide.

    A sheet may lie under any name, so places of cells are looked for in every part.
    """
    before, rows, columns = b"", 0, 0
    with archive.open(part) as stream:
        while piece := stream.read(CHUNK):
            for column, row in PLACE.findall(before + piece):
                rows, columns = max(rows, int(row)), max(columns, column_number(column))
            before = piece[-OVERLAP:]
            if rows * columns > MOST_CELLS:
                raise bomb()


def column_number(letters: bytes) -> int:
    """Return the number of a column: A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def bomb() -> RosterRefused:
    """Return the refusal of a file that is far larger inside than a roster."""
    return RosterRefused(_("Unpacked, this spreadsheet is far larger than any roster: it is not opened."))


def broken() -> RosterRefused:
    """Return the refusal of a file that cannot be opened."""
    return RosterRefused(_("The spreadsheet is damaged: please save it again."))


def as_text(cell: object) -> str:
    """Return a cell as its text; whole numbers lose the point that the file gives all numbers."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < EXACT:
        return str(int(cell))
    if isinstance(cell, float) and abs(cell) >= EXACT:
        return f"{cell:.9E}"
    return str(cell)
