"""Mails for tests: codes that students have asked for, by the hundred."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count
from uuid import uuid4

from django.conf import settings
from django.utils import timezone

from accounts.guesses import SHORT
from accounts.mail import outbox
from accounts.models import MailKind, OutgoingMail, Student, Urgency, VerificationAttempt
from accounts.verification.digests import digest
from accounts.verification.mailed import code_by
from accounts.verification.validity import WAITING

numbers = count(30_000_001)
BATCH = 2000


def queue_codes(wanted: int, *, address: str = "", hit: bool = True) -> Sequence[OutgoingMail]:
    """Let so many students ask for a code, in this order, without the pages; without `hit` they ask in vain."""
    students = [student_of(str(next(numbers)), address) for _ in range(wanted)]
    Student.objects.bulk_create(students if hit else [], batch_size=BATCH)
    now = timezone.now()
    attempts = [
        attempt_of(student if hit else None, now + timedelta(microseconds=place))
        for place, student in enumerate(students)
    ]
    VerificationAttempt.objects.bulk_create(attempts, batch_size=BATCH)
    mails = [
        OutgoingMail(kind=MailKind.CODE, urgency=Urgency.CODE, attempt=attempt, queued_at=attempt.created_at)
        for attempt in attempts
    ]
    OutgoingMail.objects.bulk_create(mails, batch_size=BATCH)
    outbox.wake()
    return mails


def student_of(number: str, address: str) -> Student:
    """Return a student of the roster."""
    return Student(
        student_number=number,
        name=f"학생 {number}",
        name_key=f"학생{number}",
        email=address or f"s{number}@univ.example",
    )


def attempt_of(student: Student | None, at: datetime) -> VerificationAttempt:
    """Return an attempt with a code, as the step writes it."""
    key = uuid4()
    code = code_by(settings.SIGNING_KEYS[0], key, SHORT)
    return VerificationAttempt(
        id=key,
        student=student,
        subject_digest=digest("subject", str(key)),
        network_digest="",
        code_digits=SHORT,
        code_digest=digest("proof", f"{key}:{code}"),
        created_at=at,
        expires_at=timezone.now() + WAITING,
    )
