"""What staff do at the booth: look a code up, check the card, confirm what a colleague has checked, refuse.

Lock order: the row of the check. What hangs on it is read after that lock, and nothing else is locked.
"""

from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.budgets import spend_look
from accounts.models import (
    BoothCheck,
    BoothLook,
    BoothState,
    RefusalReason,
    Student,
    StudentStatus,
    User,
    VerificationAttempt,
)
from festival.errors import FestivalError

MOST_WAITING = 50


class MovedOn(FestivalError):
    """Somebody else was quicker, or this check is over."""

    code = "check_moved_on"


class SamePerson(FestivalError):
    """The second check needs somebody else."""

    code = "same_person"


def look_up(code: str, *, by: User) -> BoothCheck | None:
    """Return the check of a booth code; every look is recorded. Raises budgets.TooManyTries."""
    spend_look(str(by.pk))
    checks = BoothCheck.objects.select_related("attempt__student", "first_by", "second_by")
    check = checks.filter(code=code).first()
    BoothLook.objects.create(by=by, booth_check=check)
    return check


def person_of(check: BoothCheck) -> Student | None:
    """Return who stands in the roster under what was typed, if somebody does still."""
    student = check.attempt.student
    return student if student and student.status != StudentStatus.GONE else None


def check_first(check: BoothCheck, *, by: User) -> None:
    """Record that the card matches. Raises MovedOn."""
    decide(check, Q(first_at=None), first_by=by, first_at=timezone.now())


def check_second(check: BoothCheck, *, by: User) -> None:
    """Record that somebody else has seen it too: now the student's browser may finish. Raises MovedOn, SamePerson."""
    if check.first_by_id == by.pk:
        raise SamePerson
    somebody_else = Q(first_at__isnull=False, second_at=None) & ~Q(first_by=by)
    decide(check, somebody_else, second_by=by, second_at=timezone.now())


def refuse(check: BoothCheck, *, by: User, reason: RefusalReason) -> None:
    """Record that this browser is not let in; it wins over what was confirmed before. Raises MovedOn."""
    decide(check, Q(), named=False, refused_by=by, refused_at=timezone.now(), reason=reason)


def decide(check: BoothCheck, only_if: Q, *, named: bool = True, **recorded: Any) -> None:
    """Write a decision if the check is still where it was and nobody has been let in by it. Raises MovedOn."""
    with transaction.atomic():
        BoothCheck.objects.select_for_update(no_key=True).get(pk=check.pk)
        still_open = VerificationAttempt.objects.filter(
            pk=check.attempt_id, succeeded_at=None, expires_at__gt=timezone.now()
        )
        if named:
            still_open = still_open.filter(student__isnull=False).exclude(student__status=StudentStatus.GONE)
        waiting = BoothCheck.objects.filter(only_if, pk=check.pk, refused_at=None)
        if not still_open.exists() or not waiting.update(**recorded):
            raise MovedOn


def waiting_for_second() -> QuerySet[BoothCheck]:
    """Return the checks that wait for somebody else, the longest first."""
    waiting = BoothCheck.objects.filter(
        first_at__isnull=False,
        second_at=None,
        refused_at=None,
        attempt__succeeded_at=None,
        attempt__expires_at__gt=timezone.now(),
    ).exclude(attempt__student__status=StudentStatus.GONE)
    return waiting.select_related("attempt__student", "first_by").order_by("first_at")[:MOST_WAITING]


def may_decide(check: BoothCheck) -> bool:
    """Tell whether anything about a check can still be decided."""
    return check.state not in (BoothState.REFUSED, BoothState.OVER)
