"""Every mail arrives once, whatever becomes of the job worker: real processes, real kills, a real mail server."""

import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from accounts.mail import outbox
from accounts.models import MailState, OutgoingMail, VerificationAttempt
from festival import processes
from tests.accounts.mails import queue_codes
from tests.accounts.smtp import MailServer, age_the_dead, start_worker

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_queue"),
]
PATIENCE = 90


@contextmanager
def worker(server: MailServer, name: str, dies: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """Run a job worker that is killed at the end of the block, if it still lives."""
    process = start_worker(server, name=name, dies=dies)
    try:
        yield process
    finally:
        processes.end(process, end_signal=signal.SIGKILL, seconds=5)


def queued() -> int:
    return OutgoingMail.objects.filter(state=MailState.QUEUED).count()


def revive() -> None:
    """Let the minute pass after which the dead are known to be dead, and the one in which they are looked for."""
    age_the_dead()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_periodic_defers")


def finish(server: MailServer) -> None:
    """Let a worker that nobody kills bring the queue to its end, and see the answer to its last mail."""
    revive()
    of_the_dead = list(OutgoingMail.objects.filter(state=MailState.HANDED).values_list("pk", flat=True))
    under_way = OutgoingMail.objects.filter(state__in=(MailState.QUEUED, MailState.HANDED))
    with worker(server, "last"):
        assert processes.wait_until(lambda: not under_way.exclude(pk__in=of_the_dead).exists(), PATIENCE), (
            queued()
        )


def die(server: MailServer, dies: str, name: str) -> None:
    """Run a worker until it has killed itself."""
    with worker(server, name, dies) as process:
        assert processes.wait_until(lambda: process.poll() is not None, PATIENCE)
        assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("where", ["before-mark", "after-dot"])
def test_a_worker_killed_at_either_side_of_the_mark_sends_each_mail_once(
    where: str, mail_server: MailServer
) -> None:
    queue_codes(30)
    die(mail_server, f"{where} 7", "first")
    revive()
    die(mail_server, f"{where} 5", "second")
    finish(mail_server)
    assert Counter(mail_server.ids()) == Counter(str(key) for key in keys())


def keys() -> list[object]:
    return list(OutgoingMail.objects.values_list("pk", flat=True))


def test_a_worker_killed_between_mark_and_dot_loses_that_one_mail_and_the_council_sees_which(
    mail_server: MailServer,
) -> None:
    queue_codes(12)
    die(mail_server, "after-mark 4", "first")
    finish(mail_server)
    unanswered = OutgoingMail.objects.get(state=MailState.HANDED)
    assert Counter(mail_server.ids()) == Counter(str(key) for key in keys() if key != unanswered.pk)


def test_kills_at_random_send_no_mail_twice_and_lose_none_unseen(mail_server: MailServer) -> None:
    count, dice = 300, random.Random(20261122)
    queue_codes(count)
    for kill in range(5):
        before = len(mail_server.ids())
        wanted = before + dice.randint(1, 40)
        with worker(mail_server, f"victim-{kill}"):
            assert processes.wait_until(lambda: len(mail_server.ids()) >= wanted, PATIENCE)  # noqa: B023 - called in this turn
            time.sleep(dice.random() / 100)  # anywhere within a mail
        revive()
    finish(mail_server)
    arrived = Counter(mail_server.ids())
    assert max(arrived.values()) == 1
    # A kill while the mark is committed, about a millisecond, loses a mail in plain sight: no other way to be lost.
    lost = {str(key) for key in keys()} - set(arrived)
    unanswered = OutgoingMail.objects.filter(state=MailState.HANDED)
    assert lost <= {str(key) for key in unanswered.values_list("pk", flat=True)}


def test_a_slow_server_gets_each_mail_once(mail_server: MailServer) -> None:
    mail_server.stop()
    mail_server.seconds = 0.5
    mail_server.start()
    queue_codes(6)
    with worker(mail_server, "victim"):  # is killed while the server thinks about the third
        assert processes.wait_until(lambda: len(mail_server.ids()) == 3, PATIENCE)
    finish(mail_server)
    assert Counter(mail_server.ids()) == Counter(str(key) for key in keys())


def test_a_job_of_a_dead_worker_that_waits_in_another_is_ended(mail_server: MailServer) -> None:
    queue_codes(4)
    die(mail_server, "before-mark 2", "first")
    outbox.wake()  # the dead one holds the lock, and this one may not start
    finish(mail_server)
    assert Counter(mail_server.ids()) == Counter(str(key) for key in keys())
    assert not VerificationAttempt.objects.filter(sent_at=None).exists()
