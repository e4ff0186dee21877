"""The devices of a student: what they are called, when a kind of them is new, and ending their logins from another."""

import re
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import endings
from accounts.mail import outbox
from accounts.models import Student, StudentSession

SYSTEMS: Final = (
    ("iPhone|iPad", "iOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
BROWSERS: Final = (
    ("KAKAOTALK", "KakaoTalk"),
    ("Instagram", "Instagram"),
    ("everytime", "Everytime"),
    (r"NAVER\(", "NAVER"),
    ("FBAN|FBAV|FB_IAB", "Facebook"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Whale/", "Whale"),
    ("Edg", "Edge"),
    ("Firefox|FxiOS", "Firefox"),
    ("Chrome|CriOS", "Chrome"),
    ("Safari", "Safari"),
)
IN_APPS: Final = frozenset({"KakaoTalk", "Instagram", "Everytime", "NAVER", "Facebook"})


def first_sign(table: tuple[tuple[str, str], ...], agent: str) -> str:
    """Return the name whose sign stands first in the table and anywhere in a User-Agent; empty when none does."""
    return next((name for sign, name in table if re.search(sign, agent, re.IGNORECASE)), "")


def browser_of(request: HttpRequest) -> str:
    """Name the browser; inside another app's window, that app."""
    return first_sign(BROWSERS, request.headers.get("User-Agent", ""))


def system_of(request: HttpRequest) -> str:
    """Name the operating system."""
    return first_sign(SYSTEMS, request.headers.get("User-Agent", ""))


def describe(request: HttpRequest) -> str:
    """Describe the device in two words, browser and system; versions change too often to know a device by."""
    return " · ".join(filter(None, (browser_of(request), system_of(request))))


def is_new(student: Student, device: str) -> bool:
    """Tell whether a student has logged in before, and never from a device of this description."""
    known = StudentSession.objects.filter(student=student).order_by().values_list("device", flat=True)
    seen = set(known.distinct())
    return bool(seen) and device not in seen


def notice(session: StudentSession) -> None:
    """Have the student told by mail of a login from a new device; in the transaction that writes its row."""
    outbox.queue_new_device(session)


def standing(student: Student) -> QuerySet[StudentSession]:
    """Return the logins of a student that are neither ended nor expired, newest first."""
    return StudentSession.objects.filter(student=student, ended_at=None, expires_at__gt=timezone.now())


def end_one(student: Student, session: UUID) -> bool:
    """End one login of a student; False when it is none of theirs or stands no more."""
    return bool(endings.end(standing(student).filter(pk=session)))


def end_others(student: Student, keep: UUID) -> int:
    """End all logins of a student but one, and return how many; its pass stays good: the generation is kept."""
    return endings.end(standing(student).exclude(pk=keep))
