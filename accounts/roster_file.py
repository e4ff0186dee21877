"""Reads a roster as spreadsheets save it: which bytes, which columns, which students; every bad cell by its line."""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Level, Student, StudentStatus, name_key
from accounts.text import tidy, tidy_number
from festival.errors import FestivalError

Text = str | Promise
Value = str | int | None

# Usual names of columns; where a file has two of one field, the name that stands first here is taken.
TITLES: Mapping[str, tuple[str, ...]] = {
    "student_number": ("학번", "학생번호", "studentnumber", "studentno", "studentid"),
    "name": ("이름", "성명", "학생이름", "학생명", "name", "fullname", "studentname"),
    "department": (
        "학과",
        "학과명",
        "학과부",
        "소속학과",
        "학부",
        "전공",
        "소속",
        "department",
        "dept",
        "major",
    ),
    "year": ("학년", "year", "yearofstudy", "grade"),
    "status": ("학적상태", "재적상태", "학적", "학적구분", "status", "academicstatus"),
    "level": ("과정", "학위과정", "과정구분", "level", "degree", "program"),
    "campus": ("캠퍼스", "campus"),
    "email": (
        "이메일",
        "학교이메일",
        "이메일주소",
        "전자우편",
        "메일",
        "email",
        "emailaddress",
        "universityemail",
        "mail",
    ),
}
ALL_TITLES = frozenset(word for known in TITLES.values() for word in known)
NEEDED = ("student_number", "name")
FORBIDDEN = ("주민등록번호", "주민번호", "residentregistrationnumber", "rrn")

STATUS_WORDS: Mapping[str, StudentStatus] = {
    **dict.fromkeys(("재학", "재학생", "재학중", "enrolled"), StudentStatus.ENROLLED),
    **dict.fromkeys(
        ("휴학", "휴학생", "휴학중", "일반휴학", "군휴학", "onleave", "leave"), StudentStatus.ON_LEAVE
    ),
    **dict.fromkeys(("졸업", "졸업생", "graduated"), StudentStatus.GRADUATED),
    **dict.fromkeys(("제적", "자퇴", "퇴학", "left", "withdrawn", "expelled"), StudentStatus.LEFT),
}
LEVEL_WORDS: Mapping[str, Level] = {
    **dict.fromkeys(("학사", "학사과정", "학부", "학부생", "undergraduate", "bachelor"), Level.UNDERGRADUATE),
    **dict.fromkeys(
        (
            "대학원",
            "대학원생",
            "석사",
            "석사과정",
            "박사",
            "박사과정",
            "석박사통합",
            "석박통합",
            "석박사통합과정",
        ),
        Level.GRADUATE,
    ),
    **dict.fromkeys(
        ("graduate", "graduateschool", "master", "masters", "doctor", "doctorate", "phd"), Level.GRADUATE
    ),
}
FORMULA_SIGNS = ("=", "+", "-", "@")
TEXT_OF_EXCEL = re.compile(r'="([0-9A-Za-z]+)"')
NUMBER = re.compile(r"[0-9A-Z]+")
YEAR = re.compile(r"([0-9]{1,2})(?:학년)?")
YEARS = range(1, 13)
LONGEST: Mapping[str, int] = {
    name: getattr(Student._meta.get_field(name), "max_length", 0) for name in TITLES if name != "year"
}


class RosterRefused(FestivalError):
    """This file is no roster that can be read."""

    code = "malformed"


@dataclass(frozen=True, slots=True)
class BadCell:
    """Why a row cannot be taken: its line in the file, the column's title, the reason."""

    line: int
    column: str
    reason: Text

    def __str__(self) -> str:
        where = f"line {self.line}, {self.column}" if self.column else f"line {self.line}"
        return f"{where}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Roster:
    """What a file says: the fields that it has, a student's values for each good row, and what is bad."""

    fields: tuple[str, ...]
    rows: list[dict[str, Value]] = field(default_factory=list)
    bad: list[BadCell] = field(default_factory=list)


class _Bad(Exception):
    """A cell cannot be taken; the argument is the reason."""


def decode(data: bytes) -> str:
    """Return the text of a file in UTF-8, UTF-16 or CP949; anything else is told in one sentence."""
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise RosterRefused(_("This is a spreadsheet file: please save it as CSV and import that."))
    for encoding in encodings(data):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RosterRefused(
        _("The file is neither UTF-8 nor UTF-16 nor CP949 (EUC-KR): please save it as one of them.")
    )


def encodings(data: bytes) -> tuple[str, ...]:
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


def plain(word: str) -> str:
    """Return a title or word without case, spaces and signs."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", word).casefold() if sign.isalnum())


def word_in(title: str) -> str:
    """Return a title in one form; of 학번(Student ID) the part before the bracket, unless the whole is known."""
    whole = plain(title)
    return whole if whole in ALL_TITLES else plain(re.split(r"[(\[（]", title, maxsplit=1)[0]) or whole


def columns_of(titles: Sequence[str]) -> dict[str, int]:
    """Return where each field stands; a forbidden column and a title that stands twice are refused."""
    words = [word_in(title) for title in titles]
    if any(word in FORBIDDEN for word in words):
        raise RosterRefused(
            _(
                "The file has a column of resident registration numbers, which must not be stored: please remove it."
            )
        )
    found = {}
    for name, known in TITLES.items():
        places = {word: place for place, word in enumerate(words) if word in known}
        if any(words.count(word) > 1 for word in places):
            raise RosterRefused(
                _("The file has a column twice: %(title)s.") % {"title": titles[min(places.values())]}
            )
        if places:
            found[name] = places[min(places, key=known.index)]
    return found


def read(data: bytes) -> Roster:
    """Return the roster that a file holds, bad cells included; a file without the needed columns is refused."""
    text = decode(data)
    delimiter = max(
        ",;\t", key=lambda sign: sum(word_in(title) in ALL_TITLES for title in first_line(text, sign))
    )
    lines = lines_of(text, delimiter)
    titles = next(lines, (0, None))[1] or []
    columns = columns_of(titles)
    if missing := [TITLES[name][0] for name in NEEDED if name not in columns]:
        raise RosterRefused(
            _("A needed column is missing: %(titles)s. Is the first line the line of titles?")
            % {"titles": ", ".join(missing)}
        )
    roster = Roster(tuple(columns))
    fill(roster, lines, columns, titles)
    return roster


def first_line(text: str, delimiter: str) -> list[str]:
    """Return the titles that a file has if this is its delimiter."""
    return next(lines_of(text, delimiter), (0, None))[1] or []


def lines_of(text: str, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """Yield each row that is not wholly empty with the line where it begins; None for one that is no CSV."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
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


def fill(
    roster: Roster,
    lines: Iterator[tuple[int, list[str] | None]],
    columns: Mapping[str, int],
    titles: Sequence[str],
) -> None:
    """Read every row into the roster: its values, or each of its bad cells."""
    first_lines: dict[Value, int] = {}
    for line, cells in lines:
        if cells is None:
            roster.bad.append(
                BadCell(line, "", _("is no CSV: a quote stands where none belongs, or is never closed"))
            )
            continue
        values: dict[str, Value] = {}
        bad = (
            [BadCell(line, "", _("has more cells than there are titles"))]
            if any(cells[len(titles) :])
            else []
        )
        for name, place in columns.items():
            try:
                values[name] = READERS[name](name, cells[place] if place < len(cells) else "")
            except _Bad as error:
                bad.append(BadCell(line, titles[place].strip(), error.args[0]))
        number = values.get("student_number")
        if number is not None and (first := first_lines.setdefault(number, line)) != line:
            reason = _("the same number stands in line %(line)d") % {"line": first}
            bad.append(BadCell(line, titles[columns["student_number"]].strip(), reason))
        if bad:
            roster.bad.extend(bad)
        else:
            values["name_key"] = name_key(str(values["name"]))
            roster.rows.append(values)


# One reader for each field: the value of a cell, or _Bad with the reason.


def text(name: str, cell: str) -> str:
    """Return tidy text that fits its field."""
    value = tidy(cell)
    if any(unicodedata.category(sign) in ("Cc", "Co", "Cn") or sign == "\ufffd" for sign in value):
        raise _Bad(_("holds a broken or unprintable sign"))
    if unicodedata.normalize("NFKC", value[:1]) in FORMULA_SIGNS:
        raise _Bad(_("is a formula"))
    if len(value) > LONGEST[name]:
        raise _Bad(_("is longer than %(most)d signs") % {"most": LONGEST[name]})
    return value


def full(name: str, cell: str) -> str:
    """Return text that must be there."""
    if not (value := text(name, cell)):
        raise _Bad(pgettext_lazy("cell", "is empty"))
    return value


def number(name: str, cell: str) -> str:
    """Return a student number: ASCII letters and digits; Excel's ="2024…" is only a way to write text."""
    excel = TEXT_OF_EXCEL.fullmatch(cell.strip())
    value = tidy_number(full(name, excel[1] if excel else cell))
    if not NUMBER.fullmatch(value):
        raise _Bad(_("is no student number: only letters and digits, written out"))
    return value


def person(name: str, cell: str) -> str:
    """Return a name that has something to compare."""
    value = full(name, cell)
    if len(name_key(value)) > LONGEST[name]:
        raise _Bad(_("is longer than %(most)d signs") % {"most": LONGEST[name]})
    return value


def year(name: str, cell: str) -> int | None:
    """Return the year of study, None when the cell is empty (graduate schools have none)."""
    value = plain_cell(cell)
    if not value:
        return None
    found = YEAR.fullmatch(value)
    if found is None or int(found[1]) not in YEARS:
        raise _Bad(_("is no year of study: %(word)s") % {"word": value[:20]})
    return int(found[1])


def word_of(words: Mapping[str, str]) -> Callable[[str, str], str]:
    """Return a reader for a cell that holds one of these words."""

    def read_word(name: str, cell: str) -> str:
        value = full(name, plain_cell(cell)[:20])
        if plain(value) not in words:
            raise _Bad(_("is not known: %(word)s") % {"word": value})
        return words[plain(value)]

    return read_word


def plain_cell(cell: str) -> str:
    """Return a short cell in one form; a broken or unprintable sign in it is told like any other."""
    if any(unicodedata.category(sign) == "Cc" for sign in cell.strip()):
        raise _Bad(_("holds a broken or unprintable sign"))
    value = unicodedata.normalize("NFKC", cell).strip()
    if value[:1] in FORMULA_SIGNS:
        raise _Bad(_("is a formula"))
    return value


def address(name: str, cell: str) -> str:
    """Return an e-mail address, or nothing when the cell is empty."""
    value = text(name, cell)
    try:
        if value:
            validate_email(value)
    except ValidationError as error:
        raise _Bad(_("is no e-mail address")) from error
    return value


READERS: Mapping[str, Callable[[str, str], Value]] = {
    "student_number": number,
    "name": person,
    "department": text,
    "year": year,
    "status": word_of(STATUS_WORDS),
    "level": word_of(LEVEL_WORDS),
    "campus": text,
    "email": address,
}
