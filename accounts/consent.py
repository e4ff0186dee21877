"""The consent of students: which notice is in force, who has agreed to it."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from accounts import cards, endings
from accounts.models import Consent, Student, VerificationAttempt

CURRENT = "2026-11-22"  # change it with the words of templates/accounts/notice.html: everybody is asked again


def give(student: Student) -> None:
    """Record that a student agrees to the notice in force; once is enough."""
    Consent.objects.get_or_create(student=student, version=CURRENT, withdrawn_at=None)


def give_many(students: Iterable[Student]) -> None:
    """Record the consent of many students at once; those who have agreed before keep their date."""
    rows = [Consent(student=student, version=CURRENT) for student in students]
    Consent.objects.bulk_create(rows, batch_size=2000, ignore_conflicts=True)


def in_force(student: Student) -> bool:
    """Tell whether a student has agreed to the notice in force and not withdrawn it."""
    return Consent.objects.filter(student=student, version=CURRENT, withdrawn_at=None).exists()


def withdraw(student: Student) -> None:
    """Record that a student takes the consent back: all logins end, and the next one asks for it again.

    A live ticket stays theirs: it was given while the consent stood, taking it away would punish the use of a right,
    and somebody who does not want it gives it back. Showing its QR needs a login, so a new consent; the page says so
    before anything is pressed. A code that was asked for before dies too, because the consent that came with it was
    the old one; a card that waits goes with its picture. Only a login whose code is being judged in this very instant
    is not undone: the list of devices has it.
    """
    now = timezone.now()
    with transaction.atomic():
        endings.end_all([student.pk])
        Consent.objects.filter(student=student, withdrawn_at=None).update(
            withdrawn_at=Greatest(F("given_at"), now)  # a server's clock may be a little behind another's
        )
        cards.end_of([student.pk])
        VerificationAttempt.objects.filter(
            student=student, succeeded_at=None, created_at__lt=now, expires_at__gt=now
        ).update(expires_at=now)
