"""What whoever waits for a code is told of the queue: the same for a hit and for a miss."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from accounts.mail import rate, service
from accounts.models import MailState, OutgoingMail, Urgency

# Who gets the mail within a minute needs no words about a queue.
WORTH_A_WORD = timedelta(minutes=1)
WORTH_A_WARNING = 3  # faults in a row: about a minute
EXACT_TO, DIGITS = 20, 2


@dataclass(frozen=True, slots=True)
class Wait:
    """About how many mails are ahead of one, and about when it leaves."""

    ahead: int
    leaves_at: datetime
    troubled: bool  # the mail server takes no mails just now


def wait_of(attempt: UUID) -> Wait | None:
    """Return how long the mail of an attempt still waits; None when its turn has come, or is about to.

    Its turn has come with the first try, whatever that led to: an address that is refused must not show here.
    """
    mails = OutgoingMail.objects.filter(attempt=attempt, state=MailState.QUEUED, tries=0)
    if (mail := mails.first()) is None:
        return None
    now, troubled = timezone.now(), service.look().faults >= WORTH_A_WARNING
    ahead = ahead_of(mail)
    leaves_at = max(rate.current().departure(ahead + 1, now), service.closed_until() or now)
    if leaves_at - now < WORTH_A_WORD and not troubled:
        return None
    return Wait(about(ahead), leaves_at, troubled)


def ahead_of(mail: OutgoingMail) -> int:
    """Return how many codes stand in the queue before one."""
    before = Q(queued_at__lt=mail.queued_at) | Q(queued_at=mail.queued_at, pk__lt=mail.pk)
    return OutgoingMail.objects.filter(before, state=MailState.QUEUED, urgency=Urgency.CODE).count()


def about(count: int) -> int:
    """Return a number as people say it: exact while small, then to two digits."""
    return count if count <= EXACT_TO else round(count, DIGITS - len(str(count)))
