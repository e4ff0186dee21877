"""The outbox is delivered in its order, at the council's rate, and every answer of the mail server has its effect."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError
from django.db.backends.utils import CursorWrapper
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts import consent, tasks
from accounts.mail import delivery, outbox, rate
from accounts.mail.commit import committed_on_the_way
from accounts.mail.post import DOT, MarkingSMTP
from accounts.mail.rate import DAY, HOUR, Rate, departures
from accounts.models import (
    MailService,
    MailState,
    OutgoingMail,
    Student,
    StudentSession,
    Urgency,
    User,
    VerificationAttempt,
)
from tests.accounts.mails import queue_codes
from tests.accounts.post import work_jobs
from tests.accounts.smtp import MailServer
from tests.gate.cast import make_staff
from ticketing.models import Festival

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_queue"),
]


def states(mails: Sequence[OutgoingMail]) -> list[str]:
    """Return what became of these mails, in their order."""
    found = OutgoingMail.objects.in_bulk([mail.pk for mail in mails])
    return [found[mail.pk].state for mail in mails]


def later(by: timedelta) -> None:
    """Let time pass for everything that waits, and for what has left."""
    for mail in OutgoingMail.objects.all():
        for name in ("handed_at", "not_before", "queued_at"):
            if moment := getattr(mail, name):
                setattr(mail, name, moment - by)
        mail.save()
    for row in MailService.objects.exclude(not_before=None):
        MailService.objects.update(not_before=(row.not_before or timezone.now()) - by)


def limit(*, per_hour: int | None = None, per_day: int | None = None) -> None:
    Festival.objects.update(mails_per_hour=per_hour, mails_per_day=per_day)


def test_many_mails_go_over_one_connection_in_their_order(mail_server: MailServer) -> None:
    mails = queue_codes(25)
    assert delivery.deliver() is None
    assert mail_server.ids() == [str(mail.pk) for mail in mails]
    assert len({mail["from_port"] for mail in mail_server.taken()}) == 1
    assert set(states(mails)) == {MailState.SENT}


def test_codes_go_before_notices_and_the_councils_test_before_all(mail_server: MailServer) -> None:
    (code,) = queue_codes(1)
    student = Student.objects.get()
    end = timezone.now() + DAY
    session = StudentSession.objects.create(student=student, device="Safari · iOS", expires_at=end)
    outbox.queue_new_device(session)
    outbox.queue_test(make_staff("council"), "council@univ.example")
    notice = OutgoingMail.objects.get(kind="new_device")
    OutgoingMail.objects.filter(pk=notice.pk).update(queued_at=timezone.now() - HOUR)
    delivery.deliver()
    test = OutgoingMail.objects.get(kind="test")
    assert mail_server.ids() == [str(test.pk), str(code.pk), str(notice.pk)]
    assert mail_server.taken()[0]["to"] == "council@univ.example"
    assert test.address == ""


def test_the_rate_is_counted_in_mails_that_left_and_the_job_comes_when_it_frees(
    mail_server: MailServer,
) -> None:
    limit(per_hour=3, per_day=5)
    missed = queue_codes(4, hit=False)
    mails = queue_codes(7)
    work_jobs()
    assert states(missed) == [MailState.NOTHING] * 4
    assert [state == MailState.SENT for state in states(mails)] == [True] * 3 + [False] * 4
    first = OutgoingMail.objects.exclude(handed_at=None).earliest("handed_at").handed_at
    (job,) = ProcrastinateJob.objects.filter(status="todo", task_name=outbox.DELIVER)
    assert first
    assert job.scheduled_at == first + HOUR
    later(HOUR)
    assert delivery.deliver() == first - HOUR + DAY
    assert len(mail_server.ids()) == 5
    later(DAY)
    assert delivery.deliver() is None
    assert mail_server.ids() == [str(mail.pk) for mail in mails]


def test_when_the_rate_is_spent_a_miss_waits_like_a_hit(mail_server: MailServer) -> None:
    limit(per_hour=1)
    queue_codes(1)
    delivery.deliver()
    (hit,), (miss,) = queue_codes(1), queue_codes(1, hit=False)
    delivery.deliver()
    assert states([hit, miss]) == [MailState.QUEUED, MailState.QUEUED]


def test_a_raised_rate_is_noticed_within_the_minute(mail_server: MailServer) -> None:
    limit(per_day=1)
    mails = queue_codes(2)
    work_jobs()
    limit(per_day=2)
    tasks.look_for_mail.configure().defer(timestamp=0)  # as every minute
    work_jobs()
    assert states(mails) == [MailState.SENT] * 2


def test_one_refused_address_is_seen_and_the_others_go_on(mail_server: MailServer) -> None:
    mails = [
        *queue_codes(1),
        *queue_codes(1, address="nobody@univ.example"),
        *queue_codes(1, address="full@univ.example"),
        *queue_codes(1),
    ]
    assert delivery.deliver() is None
    assert states(mails) == [MailState.SENT, MailState.REFUSED, MailState.REFUSED, MailState.SENT]
    nobody, full = (OutgoingMail.objects.get(pk=mail.pk) for mail in mails[1:3])
    assert (nobody.code, nobody.status, nobody.handed_at) == (550, "5.1.1", None)
    assert (full.code, full.status, full.handed_at) == (552, "5.2.2", None)
    assert full.attempt is not None
    assert full.attempt.sent_at is None
    assert rate.left_since(timezone.now() - HOUR) == 2


def test_an_address_that_cannot_be_written_down_stops_nobody(mail_server: MailServer) -> None:
    mails = [*queue_codes(1, address="two\nlines@univ.example"), *queue_codes(1)]
    delivery.deliver()
    assert states(mails) == [MailState.REFUSED, MailState.SENT]


def test_who_is_told_to_come_again_is_tried_later_each_time_later(mail_server: MailServer) -> None:
    (mail,), (other,) = queue_codes(1, address="later@univ.example"), queue_codes(1)
    waits = []
    for _ in range(3):
        again = delivery.deliver()
        assert again is not None
        waits.append(round((again - timezone.now()).total_seconds() / 60))
        later(again - timezone.now())
    assert waits == [1, 2, 4]
    assert states([mail, other]) == [MailState.QUEUED, MailState.SENT]
    Student.objects.update(email="back@univ.example")
    delivery.deliver()
    assert states([mail]) == [MailState.SENT]


def test_a_server_that_hangs_up_after_the_dot_with_a_no_takes_the_mark_back(mail_server: MailServer) -> None:
    first, (busy,) = queue_codes(1), queue_codes(1, address="busy@univ.example")
    last = queue_codes(1)
    delivery.deliver()
    assert states([*first, busy, *last]) == [MailState.SENT, MailState.QUEUED, MailState.SENT]
    attempt = VerificationAttempt.objects.get(mails=busy)
    assert attempt.sent_at is None
    assert attempt.expires_at > timezone.now() + timedelta(days=13)


def test_a_mail_whose_answer_was_never_seen_is_not_sent_again(mail_server: MailServer) -> None:
    mails = [*queue_codes(1), *queue_codes(1, address="silent@univ.example"), *queue_codes(1)]
    delivery.deliver()
    later(HOUR)
    delivery.deliver()
    assert states(mails) == [MailState.SENT, MailState.HANDED, MailState.SENT]
    assert mail_server.ids() == [str(mail.pk) for mail in mails]


def test_a_server_that_is_away_loses_nothing_and_is_left_alone_longer_each_time(
    mail_server: MailServer,
) -> None:
    mail_server.stop()
    mails, missed = queue_codes(2), queue_codes(1, hit=False)
    waits = []
    for _ in range(3):
        again = delivery.deliver()
        assert again is not None
        waits.append(round((again - timezone.now()).total_seconds()))
        later(again - timezone.now())
    assert waits == [10, 20, 40]
    assert MailService.objects.get().faults == 3
    assert states([*mails, *missed]) == [MailState.QUEUED] * 3  # a miss does not show by ending earlier
    mail_server.start()
    assert delivery.deliver() is None
    assert states(mails) == [MailState.SENT] * 2
    assert MailService.objects.get().faults == 0


def test_ten_refusals_in_a_row_are_about_the_account(mail_server: MailServer) -> None:
    mails = [mail for _ in range(12) for mail in queue_codes(1, address="nobody@univ.example")]
    again = delivery.deliver()
    assert again is not None
    assert states(mails).count(MailState.REFUSED) == 10
    assert MailService.objects.get().stage == "refusals"


def test_a_code_lives_ten_minutes_or_a_day_from_when_it_leaves(mail_server: MailServer) -> None:
    quick, slow = queue_codes(1)[0], queue_codes(1)[0]
    missed = queue_codes(1, hit=False)[0]
    ago = timezone.now() - timedelta(minutes=3)
    VerificationAttempt.objects.filter(mails__in=[slow.pk, missed.pk]).update(created_at=ago)
    delivery.deliver()
    lives = []
    for mail in (quick, slow, missed):
        attempt = VerificationAttempt.objects.get(mails=mail)
        lives.append(round((attempt.expires_at - timezone.now()).total_seconds() / 60))
    assert lives == [10, 24 * 60, 24 * 60]
    texts = {mail["id"]: mail["text"] for mail in mail_server.taken()}
    assert [("24 hours" in text, "ten minutes" in text) for text in texts.values()] == [
        (False, True),
        (True, False),
    ]


def test_a_code_that_was_ended_while_it_waited_is_not_sent(mail_server: MailServer) -> None:
    withdrawn, verified, late = queue_codes(3)
    assert withdrawn.attempt
    assert withdrawn.attempt.student
    consent.withdraw(withdrawn.attempt.student)
    VerificationAttempt.objects.filter(mails=verified).update(succeeded_at=timezone.now())
    past = timezone.now() - timedelta(seconds=1)
    VerificationAttempt.objects.filter(mails=late).update(created_at=past - HOUR, expires_at=past)
    delivery.deliver()
    assert states([withdrawn, verified, late]) == [MailState.LAPSED, MailState.NOTHING, MailState.LAPSED]
    assert mail_server.ids() == []


def test_a_mail_that_another_delivery_has_taken_is_not_sent(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails, real = queue_codes(3), delivery.hand_over

    def overtaken(mail: OutgoingMail, marked: list[bool]) -> AbstractContextManager[None]:
        if mail.pk == mails[1].pk:
            now = timezone.now()
            OutgoingMail.objects.filter(pk=mail.pk).update(state=MailState.HANDED, handed_at=now)
        return real(mail, marked)

    monkeypatch.setattr(delivery, "hand_over", overtaken)
    delivery.deliver()
    assert mail_server.ids() == [str(mails[0].pk), str(mails[2].pk)]


def test_f9_nothing_is_sent_inside_a_transaction(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between BEGIN and COMMIT stand the mark and the clock; the dot follows the COMMIT, the rest comes before."""
    queue_codes(2)
    seen: list[str] = []
    execute, commit, send = CursorWrapper.execute, psycopg.Connection.execute, MarkingSMTP.send

    def noting(name: Callable[[Any], str], real: Callable[..., Any]) -> Callable[..., Any]:
        def noted(self: Any, what: Any, *more: Any) -> Any:
            seen.append(name(what))
            return real(self, what, *more)

        return noted

    def first_word(statement: str) -> str:
        return statement.split(maxsplit=1)[0]

    monkeypatch.setattr(CursorWrapper, "execute", noting(first_word, execute))
    monkeypatch.setattr(psycopg.Connection, "execute", noting(first_word, commit))
    monkeypatch.setattr(MarkingSMTP, "send", noting(lambda data: "dot" if data == DOT else "smtp", send))
    delivery.deliver()
    for begun in [place for place, word in enumerate(seen) if word == "BEGIN"]:
        assert seen[begun - 1 : begun + 5] == ["smtp", "BEGIN", "UPDATE", "UPDATE", "COMMIT", "dot"]
    assert (seen.count("BEGIN"), seen.count("dot")) == (2, 2)


def test_a_mark_that_fails_is_taken_back_and_its_block_does_not_run() -> None:
    (mail,) = queue_codes(1)

    def fail() -> None:
        OutgoingMail.objects.filter(pk=mail.pk).update(state=MailState.HANDED, handed_at=timezone.now())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), committed_on_the_way(fail):
        pytest.fail("the block must not run")
    assert OutgoingMail.objects.get().state == MailState.QUEUED

    def change() -> None:
        OutgoingMail.objects.filter(pk=mail.pk).update(state=MailState.HANDED, handed_at=timezone.now())

    with committed_on_the_way(change):
        pass
    assert OutgoingMail.objects.get().state == MailState.HANDED


def test_a_run_ends_when_the_worker_is_told_to(mail_server: MailServer) -> None:
    mails = queue_codes(5)
    asked = iter([False, False, False, True, True, True])
    again = delivery.deliver(stopping=lambda: next(asked, True))
    assert again is not None
    assert states(mails).count(MailState.SENT) == 2


def test_who_asks_wakes_one_delivery_however_many_ask() -> None:
    queue_codes(1)
    for _ in range(3):
        outbox.wake()
        outbox.wake(timezone.now() + HOUR)
    names = ProcrastinateJob.objects.filter(status="todo").values_list("queueing_lock", flat=True)
    assert sorted(names) == [outbox.LATER, outbox.NOW]


def test_the_queue_is_played_through_for_a_promise() -> None:
    now = timezone.now()
    assert departures(Rate(), [], 0, now) == now
    assert departures(Rate(per_hour=10), [], 10, now) - now < timedelta(minutes=1)
    assert departures(Rate(per_hour=10), [], 11, now) - now - HOUR < timedelta(minutes=1)
    assert departures(Rate(per_hour=10), [], 95, now) - now - 9 * HOUR < timedelta(minutes=1)
    both = departures(Rate(per_hour=100, per_day=300), [], 900, now)
    assert DAY * 2 + 2 * HOUR <= both - now < DAY * 2 + 2 * HOUR + timedelta(minutes=1)
    left = [now - timedelta(minutes=50)] * 10
    assert departures(Rate(per_hour=10), left, 1, now) == left[0] + HOUR


def test_the_database_keeps_no_address_and_no_half_state(mail_server: MailServer) -> None:
    (mail,) = queue_codes(1)
    for fields in ({"address": "a@b.example"}, {"state": "sent"}, {"handed_at": timezone.now()}):
        with pytest.raises(IntegrityError):
            OutgoingMail.objects.filter(pk=mail.pk).update(**fields)
    staff = User.objects.create_user("kim")
    test = OutgoingMail(kind="test", urgency=Urgency.TEST, user=staff, address="a@b.example", state="lapsed")
    with pytest.raises(IntegrityError):
        test.save()
