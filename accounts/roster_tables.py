"""What kind of file this is, told by its content: CSV in its encodings or a spreadsheet; its rows as text."""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from accounts.roster_words import ALL_TITLES, RosterRefused, word_in
from accounts.roster_xlsx import OpenSheet, open_xlsx

MOST_BYTES = 20 * 1024 * 1024
CHUNK = 256 * 1024
Line = tuple[int, list[str] | None]
NAMES_OF_ENCODINGS = {"utf-8-sig": "UTF-8", "cp949": "CP949", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file that are not wholly empty, each with its line; None for one that is no CSV."""

    kind: str
    lines: Iterator[Line]
    sheet: str = ""


def open_table(data: bytes) -> Table:
    """Return the table in a file; what is none is told in one sentence."""
    if len(data) > MOST_BYTES:
        raise too_long()
    if data.startswith(b"PK\x03\x04"):
        sheet = open_xlsx(data)
        return Table("XLSX", rows_of(sheet), sheet.name)
    refuse_other_kinds(data)
    encoding = encoding_of(data)
    delimiter = max(",;\t", key=lambda sign: known_titles(csv_lines(data, encoding, sign)))
    kind = f"CSV, {NAMES_OF_ENCODINGS.get(encoding, encoding.upper())}"
    return Table(kind, csv_lines(data, encoding, delimiter))


def too_long() -> RosterRefused:
    """Return the refusal of a file that no roster needs."""
    return RosterRefused(
        _("The file is larger than %(most)d MB: a roster is not.") % {"most": MOST_BYTES // (1024 * 1024)}
    )


def refuse_other_kinds(data: bytes) -> None:
    """Refuse the kinds of files that people take for a roster, each with what helps."""
    start = data[:512].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise RosterRefused(_("The spreadsheet is locked by a password: please save it without one."))
        raise RosterRefused(_("This is an old spreadsheet (XLS): please save it as XLSX or CSV."))
    if start.startswith((b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta")):
        raise RosterRefused(
            _("This is a web page under a spreadsheet's name: open it in Excel and save it as XLSX.")
        )
    if start.startswith((b"%pdf", b"\x89png", b"\xff\xd8\xff", b"gif8", b"riff", b"\x1f\x8b", b"7z\xbc\xaf")):
        raise RosterRefused(
            _("This is a document, a picture or an archive, no roster: XLSX or CSV is needed.")
        )


def encoding_of(data: bytes) -> str:
    """Return the encoding of a text, tried to its end; a text in none of ours is told in one sentence."""
    for encoding in candidates(data):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            for place in range(0, len(data), CHUNK):
                decoder.decode(data[place : place + CHUNK])
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise RosterRefused(
        _("The file is neither UTF-8 nor UTF-16 nor CP949 (EUC-KR): please save it as one of them.")
    )


def candidates(data: bytes) -> tuple[str, ...]:
    """Return the encodings that a file may have, by its first bytes."""
    if data.startswith(b"\xef\xbb\xbf"):
        return ("utf-8-sig",)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ("utf-16",)
    start = data[:200]
    if start[1::2].count(0) > len(start) // 8:
        return ("utf-16-le",)
    if start[0::2].count(0) > len(start) // 8:
        return ("utf-16-be",)
    return ("utf-8", "cp949")


def known_titles(lines: Iterator[Line]) -> int:
    """Return how many titles of the first line are usual ones."""
    first = next(lines, (0, None))[1] or []
    return sum(word_in(title) in ALL_TITLES for title in first)


def csv_lines(data: bytes, encoding: str, delimiter: str) -> Iterator[Line]:
    """Yield the rows of a CSV with the line where each begins."""
    text = io.TextIOWrapper(io.BytesIO(data), encoding, newline="")
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    begins = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield begins, None
        else:
            if any(cell.strip() for cell in cells):
                yield begins, cells
        begins = reader.line_num + 1


def rows_of(sheet: OpenSheet) -> Iterator[Line]:
    """Yield the rows of a sheet by the numbers that the spreadsheet shows."""
    for line, cells in sheet.rows():
        if any(cell.strip() for cell in cells):
            yield line, cells
