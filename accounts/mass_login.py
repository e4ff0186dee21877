"""Logs thousands of students in at once for load tests: the same rows and cookies as a login makes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from string import ascii_letters, ascii_lowercase, digits

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY
from django.contrib.auth import SESSION_KEY as USER_SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.cached_db import SessionStore
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone
from django.utils.crypto import get_random_string

from accounts.models import Student, StudentSession, User
from accounts.passes import sign_pass
from accounts.sessions import BACKEND, SESSION_KEY, user_name

BATCH = 2000
ADOPT_LOGINS = """
    UPDATE accounts_student s SET user_id = u.id
    FROM accounts_user u
    WHERE s.user_id IS NULL AND s.id = ANY(%s) AND u.username = 'student-' || s.id
"""


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
        USER_SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: BACKEND,
        HASH_SESSION_KEY: user.get_session_auth_hash(),
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
