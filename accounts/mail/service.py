"""How the council's mail account does: what went wrong with it last, and until when it is left alone."""

from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from accounts.mail.faults import Answer
from accounts.models import MailService

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=10), timedelta(minutes=10)


def look() -> MailService:
    """Return how the account does; an unsaved row before anything was ever noted."""
    return MailService.objects.filter(pk=1).first() or MailService()


def state() -> MailService:
    """Return the one row to note something in, made when it is first needed."""
    return MailService.objects.get_or_create(pk=1)[0]


def closed_until() -> datetime | None:
    """Return until when the server is left alone, if it is."""
    return (
        MailService.objects.values_list("not_before", flat=True).filter(not_before__gt=timezone.now()).first()
    )


def note_fault(answer: Answer) -> None:
    """Remember a fault of the way, and leave the server alone: ten seconds, then twice as long each time."""
    now, row = timezone.now(), state()
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(row.faults, 20))
    MailService.objects.filter(pk=row.pk).update(
        faults=F("faults") + 1,
        stage=answer.stage,
        code=answer.code,
        status=answer.status,
        failed_at=now,
        not_before=now + wait,
    )


def note_success() -> None:
    """Forget the faults: a mail was taken."""
    MailService.objects.filter(pk=1, faults__gt=0).update(faults=0, not_before=None)
