"""Logins end here, and whoever decides by them is told at once: at the student's next press it counts."""

from collections.abc import Iterable
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.dispatch import Signal
from django.utils import timezone

from accounts.models import Student, StudentSession

# sessions: list of UUID; students: list of keys whose generation was raised. Sent after the commit; a receiver that
# fails must not fail the log-out: the priming loop tells it again.
logins_ended = Signal()


def end(sessions: QuerySet[StudentSession]) -> int:
    """End these logins if they have not ended yet; return how many did."""
    ended = list(sessions.filter(ended_at=None).values_list("pk", flat=True))
    count = StudentSession.objects.filter(pk__in=ended, ended_at=None).update(ended_at=timezone.now())
    tell(ended, [])
    return count


def end_all(student_ids: Iterable[int]) -> None:
    """End every login of these students and every pass they hold; the caller holds the transaction."""
    ids = list(student_ids)
    Student.objects.filter(pk__in=ids).update(generation=F("generation") + 1)
    StudentSession.objects.filter(student__in=ids, ended_at=None).update(ended_at=timezone.now())
    tell([], ids)


def tell(sessions: list[UUID], students: list[int]) -> None:
    """Send the signal once the transaction is committed."""
    if sessions or students:
        transaction.on_commit(
            partial(logins_ended.send, sender=None, sessions=sessions, students=students), robust=True
        )
