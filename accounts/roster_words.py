"""The words of rosters: usual titles of columns, of academic status and level, in the forms people write them."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy as _

from accounts.models import Level, StudentStatus
from festival.errors import FestivalError


class RosterRefused(FestivalError):
    """This file is no roster that can be read."""

    code = "malformed"


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
# 주민등록번호 as people write it; full-width digits are digits too.
RESIDENT_NUMBER = re.compile(r"(?<!\d)\d{6}\s?[-\u2010-\u2015\u2212\uff0d]\s?\d{7}(?!\d)")


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
        raise resident_numbers()
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


def resident_numbers() -> RosterRefused:
    """Return the refusal of a file that holds resident registration numbers, under whatever title."""
    return RosterRefused(
        _("The file holds resident registration numbers, which must not be stored: please take them out.")
    )


def refuse_resident_numbers(cells: Sequence[str]) -> None:
    """Refuse the file when a cell of this row holds a resident registration number."""
    if RESIDENT_NUMBER.search("\t".join(cells)):
        raise resident_numbers()
