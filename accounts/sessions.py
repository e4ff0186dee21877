"""Logins of students: begun, ended, and found again from a request."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.contrib.auth import login, logout
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import Student, StudentSession, User
from accounts.passes import PASS_COOKIE, sign_pass
from ticketing.models import Festival

SESSION_KEY = "student_session"
BACKEND = "django.contrib.auth.backends.ModelBackend"
WITHOUT_AN_END = timedelta(days=14)
SHORTEST = timedelta(minutes=10)
_ASKED: Final = "_current_student"

SYSTEMS = (
    ("iPhone|iPad", "iOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
BROWSERS = (
    ("KAKAOTALK", "KakaoTalk"),
    ("Instagram", "Instagram"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Whale/", "Whale"),
    ("Edg", "Edge"),
    ("Firefox|FxiOS", "Firefox"),
    ("Chrome|CriOS", "Chrome"),
    ("Safari", "Safari"),
)


def user_name(student: Student) -> str:
    """Return the name of a student's login; it holds no student number."""
    return f"student-{student.pk}"


def device_of(request: HttpRequest) -> str:
    """Describe the device in two words: browser and system."""
    agent = request.headers.get("User-Agent", "")
    names = (
        next((name for sign, name in table if re.search(sign, agent)), "") for table in (BROWSERS, SYSTEMS)
    )
    return " · ".join(filter(None, names))


def ends_at(now: datetime) -> datetime:
    """Return when a login made now ends: with the newest festival, or after 14 days when that has no end."""
    end = Festival.objects.order_by("-created_at", "id").values_list("ends_at", flat=True).first()
    return end if end and end > now + SHORTEST else now + WITHOUT_AN_END


def user_of(student: Student) -> User:
    """Return the student's login, made now if there is none; two first logins at once make one."""
    with transaction.atomic():
        row = (
            Student.objects.select_for_update(of=("self",), no_key=True)
            .select_related("user")
            .get(pk=student.pk)
        )
        if row.user is None:
            row.user = User.objects.create_user(user_name(student))
            Student.objects.filter(pk=row.pk).update(user=row.user)
    return row.user


def log_in(request: HttpRequest, response: HttpResponse, student: Student) -> StudentSession:
    """Log a student in on this device: Django's session, our row, and the claim pass in a cookie."""
    end_this(request)
    login(request, user_of(student), backend=BACKEND)
    now = timezone.now()
    session = StudentSession.objects.create(
        student=student, device=device_of(request), created_at=now, expires_at=ends_at(now)
    )
    request.session[SESSION_KEY] = str(session.pk)
    request.session.set_expiry(session.expires_at)
    setattr(request, _ASKED, student)
    response.set_cookie(
        PASS_COOKIE,
        sign_pass(session, student),
        expires=session.expires_at,
        path="/",
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )
    return session


def end_this(request: HttpRequest) -> None:
    """End the student's session of this browser, if there is one."""
    if key := request.session.get(SESSION_KEY):
        StudentSession.objects.filter(pk=key, ended_at=None).update(ended_at=timezone.now())


def log_out(request: HttpRequest, response: HttpResponse) -> None:
    """End the login of this device; other devices stay logged in."""
    end_this(request)
    logout(request)
    setattr(request, _ASKED, None)
    response.delete_cookie(PASS_COOKIE, path="/", samesite="Lax")


def end_all(student_ids: Iterable[int]) -> None:
    """End every login of these students and every pass they hold; the caller holds the transaction."""
    ids = list(student_ids)
    Student.objects.filter(pk__in=ids).update(generation=F("generation") + 1)
    StudentSession.objects.filter(student__in=ids, ended_at=None).update(ended_at=timezone.now())


def log_out_everywhere(student: Student) -> None:
    """End every login of a student, on all devices."""
    with transaction.atomic():
        end_all([student.pk])


def current_student(request: HttpRequest) -> Student | None:
    """Return the student whose session this is, unless it has ended; one query for each request."""
    if not hasattr(request, _ASKED):
        setattr(request, _ASKED, find_student(request.session.get(SESSION_KEY)))
    found: Student | None = getattr(request, _ASKED)
    return found


def find_student(key: str | None) -> Student | None:
    """Return the student of a session that stands."""
    if key is None:
        return None
    standing = StudentSession.objects.filter(
        pk=UUID(key), ended_at=None, expires_at__gt=timezone.now(), student__user__is_active=True
    )
    session = standing.select_related("student").first()
    return session.student if session else None
