"""Logins of students: begun, ended, and found again from a request."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from string import ascii_letters, ascii_lowercase, digits
from typing import Final
from uuid import UUID

from django.conf import settings
from django.contrib import auth
from django.contrib.auth import login, logout
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.cached_db import SessionStore
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import get_random_string

from accounts import devices, endings
from accounts.models import Student, StudentSession, User
from accounts.passes import KEPT_PREFIX, PASS_COOKIE, sign_pass
from ticketing.models import Festival

SESSION_KEY = "student_session"
BACKEND = "django.contrib.auth.backends.ModelBackend"
WITHOUT_AN_END = timedelta(days=14)
SHORTEST = timedelta(minutes=10)
ON_A_SHARED_COMPUTER = timedelta(minutes=30)
_ASKED: Final = "_current_student"
BATCH = 2000
ADOPT_LOGINS = """
    UPDATE accounts_student s SET user_id = u.id
    FROM accounts_user u
    WHERE s.user_id IS NULL AND s.id = ANY(%s) AND u.username = 'student-' || s.id
"""


def user_name(student: Student) -> str:
    """Return the name of a student's login; it holds no student number."""
    return f"student-{student.pk}"


def ends_at(now: datetime) -> datetime:
    """Return when a login made now ends: with the newest festival, or after 14 days when that has no end."""
    end = Festival.objects.order_by("-created_at", "id").values_list("ends_at", flat=True).first()
    return end if end and end > now + SHORTEST else now + WITHOUT_AN_END


def user_of(student: Student) -> User:
    """Return the student's login, made now if there is none; two first logins at once make one.

    The row is locked by itself: after a wait PostgreSQL reads the locked row anew, but not what was joined to it.
    """
    with transaction.atomic():
        row = Student.objects.select_for_update(no_key=True).only("user_id").get(pk=student.pk)
        if row.user_id is None:
            row.user_id = User.objects.create_user(user_name(student)).pk
            Student.objects.filter(pk=row.pk).update(user=row.user_id)
    return User.objects.get(pk=row.user_id)


def log_in(
    request: HttpRequest, response: HttpResponse, student: Student, *, shared: bool = False
) -> StudentSession:
    """Log a student in on this device: Django's session, our row, and the claim pass in a cookie.

    On a shared computer both cookies end with the browser, and row and pass after half an hour.
    """
    end_this(request)
    login(request, user_of(student), backend=BACKEND)
    session = open_one(student, devices.describe(request), shared=shared)
    request.session[SESSION_KEY] = str(session.pk)
    # Zero is Django's word for a cookie that ends with the browser; the row's end is what counts on the server.
    request.session.set_expiry(0 if shared else session.expires_at)
    setattr(request, _ASKED, student)
    response.set_cookie(
        PASS_COOKIE,
        sign_pass(session, student),
        expires=None if shared else session.expires_at,
        path="/",
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )
    return session


def open_one(student: Student, device: str, *, shared: bool) -> StudentSession:
    """Write the row of a login; one from a new device leaves a mail in the same transaction.

    The student's row is locked, so that a log-out everywhere comes wholly before this login or wholly after it, and
    two first logins from one new device leave one mail.
    """
    now = timezone.now()
    end = min(ends_at(now), now + ON_A_SHARED_COMPUTER) if shared else ends_at(now)
    with transaction.atomic():
        locked = Student.objects.select_for_update(no_key=True).only("generation").get(pk=student.pk)
        student.generation = locked.generation
        new = devices.is_new(student, device)
        session = StudentSession.objects.create(
            student=student, device=device, created_at=now, expires_at=end
        )
        if new:
            devices.notice(session)
    return session


def end_this(request: HttpRequest) -> None:
    """End the student's session of this browser, if there is one."""
    if key := request.session.get(SESSION_KEY):
        endings.end(StudentSession.objects.filter(pk=key))


def log_out(request: HttpRequest, response: HttpResponse) -> None:
    """End the login of this device; other devices stay logged in."""
    end_this(request)
    logout(request)
    setattr(request, _ASKED, None)
    for name in [PASS_COOKIE, *(name for name in request.COOKIES if name.startswith(KEPT_PREFIX))]:
        response.delete_cookie(name, path="/", samesite="Lax")


def log_out_everywhere(student: Student) -> None:
    """End every login of a student, on all devices."""
    with transaction.atomic():
        endings.end_all([student.pk])


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


# Thousands of logins at once, as load tests need them: the same rows and cookies as a login makes.


@dataclass(frozen=True, slots=True)
class LoginCookies:
    """What a browser of a logged-in student sends; the CSRF secret is good as cookie and as token."""

    student: Student
    session_key: str
    csrf: str
    claim_pass: str


def open_many(students: Sequence[Student], expires_at: datetime) -> list[LoginCookies]:
    """Log students in beside the sessions they have, and return their cookies in the same order."""
    give_logins(students)
    users = User.objects.in_bulk([student.user_id for student in students])
    now = timezone.now()
    sessions = [
        StudentSession(student=student, device="load test", created_at=now, expires_at=expires_at)
        for student in students
    ]
    rows = {}
    with transaction.atomic():
        StudentSession.objects.bulk_create(sessions, batch_size=BATCH)
        for session in sessions:
            key = get_random_string(32, ascii_lowercase + digits)
            rows[key] = contents(users[session.student.user_id], session)
        store_many(rows, expires_at)
    return [
        LoginCookies(
            student=session.student,
            session_key=key,
            csrf=get_random_string(32, ascii_letters + digits),
            claim_pass=sign_pass(session, session.student),
        )
        for key, session in zip(rows, sessions, strict=True)
    ]


def give_logins(students: Sequence[Student]) -> None:
    """Give a login to each student who has none, and note it in the objects too."""
    without = [student for student in students if student.user_id is None]
    names = [user_name(student) for student in without]
    with transaction.atomic(), connection.cursor() as cursor:
        users = [User(username=name, password=make_password(None)) for name in names]
        User.objects.bulk_create(users, batch_size=BATCH, ignore_conflicts=True)
        cursor.execute(ADOPT_LOGINS, [[student.pk for student in without]])
    keys = dict(User.objects.filter(username__in=names).values_list("username", "pk"))
    for student in without:
        student.user_id = keys[user_name(student)]


def contents(user: User, session: StudentSession) -> dict[str, str]:
    """Return what Django's login and ours leave in a session."""
    return {
        auth.SESSION_KEY: str(user.pk),
        auth.BACKEND_SESSION_KEY: BACKEND,
        auth.HASH_SESSION_KEY: user.get_session_auth_hash(),
        SESSION_KEY: str(session.pk),
        "_session_expiry": session.expires_at.isoformat(),
    }


def store_many(rows: dict[str, dict[str, str]], expires_at: datetime) -> None:
    """Write Django's session rows and their copies in the cache."""
    store = SessionStore()
    Session.objects.bulk_create(
        (
            Session(session_key=key, session_data=store.encode(data), expire_date=expires_at)
            for key, data in rows.items()
        ),
        batch_size=BATCH,
    )
    copies = {f"{store.cache_key_prefix}{key}": data for key, data in rows.items()}
    seconds = int((expires_at - timezone.now()).total_seconds())
    cache.set_many(copies, timeout=max(1, seconds))
