"""Delivers the queue over one connection, within the council's rate, each mail at most once.

A mail goes through these steps, and a process may be killed after any of them:

1. The whole mail is sent, without the dot that ends it: the server throws it away if we die.
2. The row is marked as handed over, in a transaction whose COMMIT is sent. Nobody sends a marked mail.
3. The dot is sent: three bytes in one packet, while the answer to the commit is on its way.
4. The server answers, and the row says what.

Killed before 2, the mail is still queued and is sent anew. Killed after 3, it arrives once and the council sees "no
answer seen". Between the two calls that send COMMIT and dot, some microseconds, it is lost, seen just so, and the
student may ask again. Should PostgreSQL die before it has committed what we have sent, the mail would leave twice.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.mail import faults, letters, rate, service
from accounts.mail.commit import committed_on_the_way
from accounts.mail.faults import Answer
from accounts.mail.post import Letter
from accounts.mail.way import Moved, Way
from accounts.models import MailState, OutgoingMail, VerificationAttempt
from accounts.verification.validity import good_for

# Other jobs of the same worker get their turn between two runs.
RUN_SECONDS = 15
BATCH = 20
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=2)
# Refusals in a row speak of our account rather than of ten addresses.
MOST_REFUSED_IN_A_ROW = 10


def deliver(*, stopping: Callable[[], bool] = lambda: False) -> datetime | None:
    """Send what may leave now, for some seconds; return when to come again, None when nothing waits."""
    ends = time.monotonic() + RUN_SECONDS

    def over() -> bool:
        return time.monotonic() >= ends or stopping()

    with Way() as way:
        while not over():
            again = next_departure()
            if again is None or again > timezone.now() or not way.open():
                return next_departure()
            if not send_batch(way, over):
                return next_departure()
    return next_departure()


def next_departure() -> datetime | None:
    """Return when the next mail may leave, by the council's rate, the server's state and the mails' own waits."""
    now = timezone.now()
    queued = OutgoingMail.objects.filter(state=MailState.QUEUED).order_by(
        F("not_before").asc(nulls_first=True)
    )
    first = queued.values_list("not_before", flat=True)[:1]
    if not (found := list(first)):
        return None
    room = rate.current().room(now)
    spent = rate.current().departure(1, now) if room == 0 else None
    return max([now, *filter(None, (found[0], spent, service.closed_until()))])


def due(now: datetime) -> QuerySet[OutgoingMail]:
    """Return what may leave, in its order: codes first, then the oldest."""
    waiting = OutgoingMail.objects.filter(state=MailState.QUEUED).exclude(not_before__gt=now)
    return waiting.select_related("attempt__student", "session__student", "user").order_by(
        "urgency", "queued_at", "id"
    )


def send_batch(way: Way, over: Callable[[], bool]) -> bool:
    """Send the next few mails; False when the server is to be left alone for a while."""
    now = timezone.now()
    room = rate.current().room(now)
    for mail in list(due(now)[: BATCH if room is None else min(BATCH, room)]):
        if over():
            return True
        if (fault := send(way, mail)) and not way.recover(fault):
            return False
        if way.refused_in_a_row >= MOST_REFUSED_IN_A_ROW:
            service.note_fault(faults.REFUSALS)
            return False
        if fault:
            return True
    return True


def send(way: Way, mail: OutgoingMail) -> Answer | None:
    """Bring one mail to its end, or to its next try; return what went wrong with the way itself."""
    now = timezone.now()
    letter = letters.letter_of(mail, now)
    if not isinstance(letter, Letter):
        end_unsent(mail, letter, now)
        return None
    marked: list[bool] = []
    letter.hand_over = partial(hand_over, mail, marked)
    try:
        way.send(letter)
    except Moved:
        way.drop()
        return None
    except faults.OF_POST as error:
        return settle_fault(way, mail, faults.read(error), marked=bool(marked))
    settle(mail, MailState.SENT, Answer(faults.DOT, faults.ACCEPTED))
    way.note_sent()
    return None


@contextmanager
def hand_over(mail: OutgoingMail, marked: list[bool]) -> Iterator[None]:
    """Mark a mail as handed over and run the block that sends its dot; raise Moved when it is not ours to send."""
    assert not connection.in_atomic_block  # noqa: S101 - a mark that a rollback could take back would be none
    with committed_on_the_way(partial(mark, mail, timezone.now())):
        marked.append(True)
        yield


def mark(mail: OutgoingMail, now: datetime) -> None:
    """Mark a mail as handed over, and let its code live from now on; raise Moved when it is not ours to send."""
    queued = OutgoingMail.objects.filter(pk=mail.pk, state=MailState.QUEUED)
    if not queued.update(state=MailState.HANDED, handed_at=now):
        raise Moved
    if mail.attempt and not start_clock(mail.attempt, now, sent_at=now):
        raise Moved


def start_clock(attempt: VerificationAttempt, now: datetime, **fields: datetime) -> int:
    """Let a code live from now; one that has been used, or was ended while it waited, stays so."""
    alive = VerificationAttempt.objects.filter(pk=attempt.pk, succeeded_at=None, expires_at__gt=now)
    return alive.update(expires_at=now + good_for(attempt, now), **fields)


def end_unsent(mail: OutgoingMail, state: MailState, now: datetime) -> None:
    """End a mail that has nothing to send; the clock of a miss starts like that of a hit."""
    settle(mail, state)
    if mail.attempt:
        start_clock(mail.attempt, now)


def settle(mail: OutgoingMail, state: MailState, answer: Answer | None = None) -> None:
    """Write down how a mail has ended; nothing is kept of an address."""
    fields = {"code": answer.code, "status": answer.status} if answer else {}
    OutgoingMail.objects.filter(pk=mail.pk, state__in=(MailState.QUEUED, MailState.HANDED)).update(
        state=state, ended_at=timezone.now(), not_before=None, address="", **fields
    )


def settle_fault(way: Way, mail: OutgoingMail, answer: Answer, *, marked: bool) -> Answer | None:
    """Write down a mail's refusal, its next try, or that its answer was never seen; return a fault of the way."""
    if marked and not answer.definite:
        return answer  # the dot went out: it stays marked, because the server may have it
    if answer.about_the_mail:
        take_back(mail)
        settle(mail, MailState.REFUSED, answer)
        way.refused_in_a_row += 1
        return None
    put_off(mail, answer)
    return answer if answer.about_us else None


def put_off(mail: OutgoingMail, answer: Answer) -> None:
    """Try a mail again later, each time later; the others go on."""
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(mail.tries, 20))
    take_back(mail)
    OutgoingMail.objects.filter(pk=mail.pk, state=MailState.QUEUED).update(
        tries=F("tries") + 1,
        not_before=timezone.now() + wait,
        code=answer.code,
        status=answer.status,
    )


def take_back(mail: OutgoingMail) -> None:
    """Take the mark back from a mail that the server has refused in so many words."""
    with transaction.atomic():
        handed = OutgoingMail.objects.filter(pk=mail.pk, state=MailState.HANDED)
        if handed.update(state=MailState.QUEUED, handed_at=None) and (attempt := mail.attempt):
            VerificationAttempt.objects.filter(
                pk=attempt.pk, succeeded_at=None, expires_at__gt=timezone.now()
            ).update(sent_at=None, expires_at=attempt.expires_at)
