"""The cells of a roster: one reader for each field, which returns its value or says why there is none."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Student, name_key
from accounts.roster_words import LEVEL_WORDS, STATUS_WORDS, TITLES, plain
from accounts.text import tidy, tidy_number

Text = str | Promise
Value = str | int | None

FORMULA_SIGNS = ("=", "+", "-", "@")
TEXT_OF_EXCEL = re.compile(r'="([0-9A-Za-z]+)"')
NUMBER = re.compile(r"[0-9A-Z]+")
LOST_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+E[+-]?|E[+-])[0-9]+")
YEAR = re.compile(r"([0-9]{1,2})(?:학년)?")
YEARS = range(1, 13)
LONGEST: Mapping[str, int] = {
    name: getattr(Student._meta.get_field(name), "max_length", 0) for name in TITLES if name != "year"
}


@dataclass(frozen=True, slots=True)
class BadCell:
    """Why a row cannot be taken: its line in the file, the column's title, the reason."""

    line: int
    column: str
    reason: Text

    def __str__(self) -> str:
        where = f"line {self.line}, {self.column}" if self.column else f"line {self.line}"
        return f"{where}: {self.reason}"


class Bad(Exception):
    """A cell cannot be taken; the argument is the reason."""


def text(name: str, cell: str) -> str:
    """Return tidy text that fits its field."""
    value = tidy(cell)
    if any(unicodedata.category(sign) in ("Cc", "Co", "Cn") or sign == "\ufffd" for sign in value):
        raise Bad(_("holds a broken or unprintable sign"))
    if unicodedata.normalize("NFKC", value[:1]) in FORMULA_SIGNS:
        raise Bad(_("is a formula"))
    if len(value) > LONGEST[name]:
        raise Bad(_("is longer than %(most)d signs") % {"most": LONGEST[name]})
    return value


def full(name: str, cell: str) -> str:
    """Return text that must be there."""
    if not (value := text(name, cell)):
        raise Bad(pgettext_lazy("cell", "is empty"))
    return value


def number(name: str, cell: str) -> str:
    """Return a student number: ASCII letters and digits; Excel's ="2024…" is only a way to write text."""
    excel = TEXT_OF_EXCEL.fullmatch(cell.strip())
    written = full(name, excel[1] if excel else cell)
    if LOST_NUMBER.fullmatch(plain_cell(written).upper()):
        raise Bad(_("was made a rounded number by the spreadsheet, its digits are lost: format it as text"))
    value = tidy_number(written)
    if not NUMBER.fullmatch(value):
        raise Bad(_("is no student number: only letters and digits, written out"))
    return value


def person(name: str, cell: str) -> str:
    """Return a name that has something to compare."""
    value = full(name, cell)
    if len(name_key(value)) > LONGEST[name]:
        raise Bad(_("is longer than %(most)d signs") % {"most": LONGEST[name]})
    return value


def year(name: str, cell: str) -> int | None:
    """Return the year of study, None when the cell is empty (graduate schools have none)."""
    value = plain_cell(cell)
    if not value:
        return None
    found = YEAR.fullmatch(value)
    if found is None or int(found[1]) not in YEARS:
        raise Bad(_("is no year of study: %(word)s") % {"word": value[:20]})
    return int(found[1])


def word_of(words: Mapping[str, str]) -> Callable[[str, str], str]:
    """Return a reader for a cell that holds one of these words."""

    def read_word(name: str, cell: str) -> str:
        value = full(name, plain_cell(cell)[:20])
        if plain(value) not in words:
            raise Bad(_("is not known: %(word)s") % {"word": value})
        return words[plain(value)]

    return read_word


def plain_cell(cell: str) -> str:
    """Return a short cell in one form; a broken or unprintable sign in it is told like any other."""
    if any(unicodedata.category(sign) == "Cc" for sign in cell.strip()):
        raise Bad(_("holds a broken or unprintable sign"))
    value = unicodedata.normalize("NFKC", cell).strip()
    if value[:1] in FORMULA_SIGNS:
        raise Bad(_("is a formula"))
    return value


def address(name: str, cell: str) -> str:
    """Return an e-mail address, or nothing when the cell is empty."""
    value = text(name, cell)
    try:
        if value:
            validate_email(value)
    except ValidationError as error:
        raise Bad(_("is no e-mail address")) from error
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
