"""What happens at the same instant: guesses, requests for codes, first logins."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from django.db import connection

from accounts.guesses import MAILS_PER_DAY, NO_MAIL
from accounts.models import OutgoingMail, Student, User, VerificationAttempt
from accounts.sessions import user_of
from accounts.verification import MAILED, mailed
from accounts.verification.base import MOST_FAILURES

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_queue"),
]
CROWD = 12


def at_once(act: Callable[[], object]) -> list[object]:
    """Let a crowd act in the same instant, each with a database connection of its own."""
    start = Barrier(CROWD)

    def one(_number: int) -> object:
        try:
            start.wait()
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(CROWD) as pool:
        return list(pool.map(one, range(CROWD)))


@pytest.fixture
def alice() -> Student:
    return Student.objects.create(student_number="1", name="alice", email="alice@univ.example")


def begin() -> UUID:
    return MAILED.begin(number="1", name="alice", network="192.0.2.1")


def test_parallel_guesses_get_five_comparisons(alice: Student, monkeypatch: pytest.MonkeyPatch) -> None:
    challenge = begin()
    compared: list[str] = []
    judge = mailed.matches

    def counted(attempt: VerificationAttempt, code: str) -> bool:
        compared.append(code)
        return judge(attempt, code)

    monkeypatch.setattr(mailed, "matches", counted)
    at_once(lambda: MAILED.finish(challenge=challenge, proof="x", network="192.0.2.1"))
    assert len(compared) == MOST_FAILURES == VerificationAttempt.objects.get().failures


def test_parallel_requests_for_codes_get_five_mails(alice: Student) -> None:
    at_once(begin)
    assert VerificationAttempt.objects.count() == CROWD
    assert VerificationAttempt.objects.exclude(code_digits=NO_MAIL).count() == MAILS_PER_DAY
    assert OutgoingMail.objects.count() == MAILS_PER_DAY


def test_parallel_first_logins_make_one_user() -> None:
    for number in range(10):  # who waits for the lock must see what the first has written: a matter of luck
        bob = Student.objects.create(student_number=f"b{number}", name="bob")
        users = at_once(lambda student=bob: user_of(student).pk)  # type: ignore[misc]  # a default in a lambda
        assert len(set(users)) == 1
    assert User.objects.count() == 10
