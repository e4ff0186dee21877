"""The claim pass: a signed cookie that says who claims, checked without asking any server."""

import time
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest

from accounts.models import Student, StudentSession

KEPT_PREFIX = "receipt_"  # cookies that a browser keeps for its student go with the login
PASS_COOKIE = "festival_pass"  # noqa: S105 - a name, no secret
MOST_CHARACTERS = 200
PARTS = 4


@dataclass(frozen=True, slots=True)
class Claimant:
    """Whom a valid pass names; whether the session still stands is known to the authority of the event."""

    student_id: int
    session_id: UUID
    generation: int


def _signer() -> Signer:
    newest, *older = settings.SIGNING_KEYS
    return Signer(key=newest, fallback_keys=[*older], salt="festival.pass")


def sign_pass(session: StudentSession, student: Student) -> str:
    """Return the pass of a session, good until the session's end."""
    ends = int(session.expires_at.timestamp())
    return _signer().sign(f"{student.pk}.{session.pk.hex}.{student.generation}.{ends}")


def read_pass(source: HttpRequest | str | None) -> Claimant | None:
    """Return whom a request's cookie (or its text) names; None when it is absent, forged or expired."""
    text = source if source is None or isinstance(source, str) else source.COOKIES.get(PASS_COOKIE)
    if not text or len(text) > MOST_CHARACTERS:
        return None
    try:
        parts = _signer().unsign(text).split(".")
    except BadSignature:
        return None
    if len(parts) != PARTS or time.time() >= int(parts[3]):
        return None
    return Claimant(student_id=int(parts[0]), session_id=UUID(parts[1]), generation=int(parts[2]))
