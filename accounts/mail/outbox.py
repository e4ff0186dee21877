"""The queue of mails: what is to leave stands in a row, written in the transaction that needs it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import AlreadyEnqueued

from accounts.models import MailKind, OutgoingMail, StudentSession, Urgency, User, VerificationAttempt

DELIVER = "accounts.tasks.deliver"
NOW, LATER = "mail now", "mail later"
SOON = timedelta(seconds=1)


def queue_code(attempt: VerificationAttempt) -> None:
    """Queue the mail of a code, of a hit and of a miss alike; in the transaction that writes the attempt."""
    queue(OutgoingMail(kind=MailKind.CODE, urgency=Urgency.CODE, attempt=attempt))


def queue_new_device(session: StudentSession) -> None:
    """Queue the mail about a login from a new device; in the transaction that writes the login."""
    queue(OutgoingMail(kind=MailKind.NEW_DEVICE, urgency=Urgency.NOTICE, session=session))


def queue_place(kind: MailKind, claim_id: UUID) -> None:
    """Queue the mail about a place that a student got without a press; in the transaction that writes the rows."""
    queue(OutgoingMail(kind=kind, urgency=Urgency.PLACE, about=claim_id))


def queue_test(user: User, address: str) -> OutgoingMail:
    """Queue a test mail of the council; it goes first, and the way that all mails go."""
    return queue(OutgoingMail(kind=MailKind.TEST, urgency=Urgency.TEST, user=user, address=address))


def queue(mail: OutgoingMail) -> OutgoingMail:
    """Save a mail that is to leave, and have it delivered once its transaction is over.

    Woken after the commit, so that no delivery looks before the row can be seen; were the process killed in between,
    the job of every minute finds it.
    """
    mail.save(force_insert=True)
    transaction.on_commit(wake, robust=True)
    return mail


def wake(at: datetime | None = None) -> None:
    """Have the outbox delivered now, or at a later time; once is enough, however many ask.

    A delivery that waits for its time stands behind one that does not: procrastinate keeps jobs of one lock in order.
    """
    later = at is not None and at > timezone.now() + SOON
    name = LATER if later else NOW
    if ProcrastinateJob.objects.filter(queueing_lock=name, status="todo").exists():
        return
    options: dict[str, Any] = {"schedule_at": at, "priority": -1} if later else {}
    job = app.configure_task(DELIVER, queue="mail", lock="mail", queueing_lock=name, **options)
    try:
        with transaction.atomic():
            job.defer()
    except AlreadyEnqueued:  # somebody else was quicker in this instant, and one delivery is enough
        return
