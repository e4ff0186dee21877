"""Budgets of verification: nobody is locked out by strangers, codes grow long, and hit and miss cost the same."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from limits import RateLimitItemPerDay
from procrastinate.contrib.django.models import ProcrastinateJob
from pytest_django.fixtures import Settings

from accounts import guesses
from accounts.guesses import LONG, MAILS_PER_DAY, NO_MAIL, SHORT
from accounts.models import OutgoingMail, Student, StudentSession, VerificationAttempt, VerificationMethod
from accounts.verification import MAILED
from accounts.verification.base import Challenge, Result, Verdict
from accounts.verification.mailed import code_of
from tests.accounts.post import code_in, mails, work_jobs
from ticketing.models import Festival

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_queue"),
]
NUMBER, NAME = "2024123456", "김앨리스"
CODE_PAGE = "/accounts/verify/code/"
LOOK = '"ticketing_festival"."accent"'  # how the site looks: read once a second, for whoever comes first
# Who may be asked for: a hit, another name, an unknown number, a gone student, a student without mail.
TYPED = {
    "hit": (NUMBER, NAME),
    "name": (NUMBER, "이앨리스"),
    "number": ("2099999999", NAME),
    "gone": ("2019000001", "박찰리"),
    "without mail": ("2019000002", "최밥"),
}


@pytest.fixture(autouse=True)
def alice() -> Student:
    for kind, fields in (("gone", {"status": "gone", "email": "c@univ.example"}), ("without mail", {})):
        number, name = TYPED[kind]
        Student.objects.create(student_number=number, name=name, **fields)
    return Student.objects.create(student_number=NUMBER, name=NAME, email="alice@univ.example")


def ask(client: Client, number: str = NUMBER, name: str = NAME) -> VerificationAttempt:
    """Type number and name; nobody is ever refused. Return the challenge."""
    answer = client.post("/accounts/verify/", {"number": number, "name": name, "consent": "on"})
    assert (answer.status_code, answer.headers["Location"]) == (302, CODE_PAGE)
    return VerificationAttempt.objects.get(pk=client.session["challenge"])


def text_of(client: Client) -> str:
    return client.get(CODE_PAGE).content.decode()


def wrong(attempt: VerificationAttempt) -> str:
    """Return a code that is not this one's."""
    return f"{(int(code_of(attempt) or '0') + 1) % 10**SHORT:0{SHORT}}"


def long_code_in(folder: Path) -> str:
    work_jobs()
    found = re.search(r"\b\d{4} \d{4} \d{4}\b", mails(folder)[-1])
    assert found
    return found[0]


def test_a_subject_gets_five_mails_a_day_and_nobody_is_refused(mail_folder: Path) -> None:
    lengths = [ask(Client()).code_digits for _ in range(MAILS_PER_DAY + 2)]
    assert lengths == [SHORT] * 4 + [LONG, NO_MAIL, NO_MAIL]
    assert ask(Client(), "2024000002", "박밥").code_digits == SHORT  # another student of the network
    assert ask(Client(), *TYPED["name"]).code_digits == SHORT  # guessing names does not spend alice's mails
    work_jobs()
    assert len(mails(mail_folder)) == MAILS_PER_DAY
    VerificationAttempt.objects.update(created_at=timezone.now() - timedelta(days=1, minutes=1))
    assert ask(Client()).code_digits == SHORT


def test_a_stranger_who_burns_the_days_mails_and_codes_does_not_lock_the_student_out(
    alice: Student, mail_folder: Path, client: Client
) -> None:
    for _ in range(MAILS_PER_DAY + 1):
        stranger = Client()
        attempt = ask(stranger)
        for _ in range(5):
            assert stranger.post(CODE_PAGE, {"code": wrong(attempt)}).status_code == 422
    code = long_code_in(mail_folder)
    ask(client)
    page = text_of(client)
    assert "12자리" in page
    assert "메일은 더 보내지 않습니다" in page
    assert client.post(CODE_PAGE, {"code": code}).status_code == 302
    assert StudentSession.objects.filter(student=alice, ended_at=None).count() == 1
    again = Client()
    ask(again)
    assert again.post(CODE_PAGE, {"code": code}).status_code == 422  # once


def test_a_long_code_opens_only_for_the_number_and_name_that_it_was_mailed_for(
    mail_folder: Path, client: Client
) -> None:
    for _ in range(MAILS_PER_DAY):
        ask(Client())
    code = long_code_in(mail_folder)
    ask(client, "2024000002", "박밥")
    assert client.post(CODE_PAGE, {"code": code}).status_code == 422
    ask(client)
    VerificationAttempt.objects.filter(code_digits=LONG).update(
        created_at=timezone.now() - timedelta(days=1, minutes=1), expires_at=timezone.now()
    )
    assert client.post(CODE_PAGE, {"code": code}).status_code == 422
    assert not StudentSession.objects.exists()


def test_the_page_without_mail_is_the_same_for_hit_and_miss() -> None:
    pages = []
    for typed in TYPED.values():
        for _ in range(MAILS_PER_DAY):
            ask(Client(), *typed)
        client = Client()
        ask(client, *typed)
        pages.append(re.sub(r'value="\w{64}"', "", text_of(client)))
    assert len(set(pages)) == 1


def test_a_network_that_guesses_gets_long_codes_and_no_other_does(
    mail_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "WRONG_OF_NETWORK", RateLimitItemPerDay(3, namespace="test"))
    guesser = Client()
    attempt = ask(guesser, "2024000002", "박밥")
    for _ in range(3):
        guesser.post(CODE_PAGE, {"code": wrong(attempt)})
    assert ask(Client(REMOTE_ADDR="192.0.2.7"), "2024000003", "x").code_digits == SHORT
    neighbour = Client()
    assert ask(neighbour).code_digits == LONG
    assert "12자리" in text_of(neighbour)
    assert neighbour.post(CODE_PAGE, {"code": long_code_in(mail_folder)}).status_code == 302
    cache.clear()  # what counts for a network may be lost
    assert ask(Client(), "2024000004", "x").code_digits == SHORT


def test_guesses_from_many_networks_make_all_codes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "WRONG_OF_ALL", RateLimitItemPerDay(3, namespace="test"))
    for number in range(3):
        guesser = Client(REMOTE_ADDR=f"192.0.2.{number}")
        guesser.post(CODE_PAGE, {"code": wrong(ask(guesser, f"202400000{number}", "x"))})
    assert ask(Client(REMOTE_ADDR="198.51.100.1")).code_digits == LONG


def test_while_somebody_guesses_a_short_code_that_waits_can_be_tried_once(
    mail_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "WRONG_OF_ALL", RateLimitItemPerDay(2, namespace="test"))
    alice, bob, guesser = Client(), Client(REMOTE_ADDR="192.0.2.8"), Client(REMOTE_ADDR="192.0.2.9")
    waiting, mistyped = ask(alice), ask(bob, "2024000005", "x")
    attempt = ask(guesser, "2024000006", "x")
    for _ in range(2):
        guesser.post(CODE_PAGE, {"code": wrong(attempt)})
    answers = [bob.post(CODE_PAGE, {"code": wrong(mistyped)}) for _ in range(2)]
    assert answers[0].templates[0].name == "accounts/verify_over.html"
    assert VerificationAttempt.objects.get(pk=mistyped.pk).failures == 1
    assert alice.post(CODE_PAGE, {"code": code_of(waiting)}).status_code == 302, "the right code gets in"


def test_short_codes_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
    monkeypatch.setattr(guesses, "SHORT_CODES_AT_ONCE", 3)
    waiting = [ask(Client(), f"202400000{number}", "x") for number in range(3)]
    assert {attempt.code_digits for attempt in waiting} == {SHORT}
    assert ask(Client()).code_digits == LONG
    VerificationAttempt.objects.filter(pk=waiting[0].pk).update(
        created_at=timezone.now() - timedelta(minutes=11), expires_at=timezone.now()
    )
    assert ask(client, "2024000009", "x").code_digits == SHORT


def test_the_council_can_have_long_codes_always(settings: Settings, client: Client) -> None:
    settings.SHORT_CODES = False
    assert ask(client).code_digits == LONG


def test_a_short_code_is_over_after_ten_minutes_and_a_long_one_after_a_day(
    client: Client, mail_folder: Path
) -> None:
    attempts = [ask(client) for _ in range(guesses.SHORT_CODES_PER_DAY + 1)]
    work_jobs()  # both live from when their mail leaves
    lives = []
    for attempt in attempts:
        attempt.refresh_from_db()
        assert attempt.sent_at
        lives.append(attempt.expires_at - attempt.sent_at)
    assert lives == [guesses.GOOD_FOR] * guesses.SHORT_CODES_PER_DAY + [guesses.DAY]


class Booth(Challenge):
    """A way without mail, as short as it can be."""

    way = VerificationMethod.BOOTH
    good_for = timedelta(hours=8)

    def pose(self, attempt: VerificationAttempt) -> None:
        attempt.save(force_insert=True)

    def finish(self, *, challenge: Any, proof: str, network: str) -> Verdict:
        raise NotImplementedError


def test_a_flood_leaves_few_challenges_open_and_the_students_own_among_them() -> None:
    Festival.objects.update(verification_methods=["booth"])
    booth = Booth()

    def begin(network: str, number: str = NUMBER) -> Any:
        return booth.begin(number=number, name=NAME, network=network)

    own = begin("198.51.100.1")
    bob = begin("198.51.100.1", "2024000002")
    for number in range(40):
        begin(f"192.0.2.{number % 3}")
    left = VerificationAttempt.objects.filter(expires_at__gt=timezone.now(), method="booth")
    assert left.exclude(pk=bob).count() == guesses.OPEN_AT_ONCE
    assert left.filter(pk__in=[own, bob]).count() == 2


def shapes(act: Callable[[], object]) -> list[str]:
    """Return the statements of an act, without what was typed or made up."""
    with CaptureQueriesContext(connection) as queries:
        act()
    texts = [query["sql"] for query in queries if LOOK not in query["sql"]]
    return [re.sub(r"'[^']*'(::\w+)?|\b\d+\b|NULL", "?", text) for text in texts]


@pytest.mark.parametrize("before", [0, MAILS_PER_DAY], ids=["with mail", "without mail"])
def test_hit_and_miss_ask_the_database_the_same(before: int) -> None:
    seen = {}
    ask(Client(), "warm", "up")
    for kind, typed in TYPED.items():
        for _ in range(before):
            ask(Client(), *typed)
        client = Client()
        begun = shapes(lambda client=client, typed=typed: ask(client, *typed))  # type: ignore[misc]
        finished = shapes(lambda client=client: client.post(CODE_PAGE, {"code": "00000x"}))  # type: ignore[misc]
        guessed = shapes(lambda client=client: client.post(CODE_PAGE, {"code": "0" * LONG}))  # type: ignore[misc]
        seen[kind] = [begun, finished, guessed]
    for kind in TYPED:
        assert seen[kind] == seen["hit"], kind
    text = " ".join(seen["hit"][2])
    assert "accounts_student" not in text  # a wrong code never reads the roster
    assert ('FROM "accounts_student"' in " ".join(seen["hit"][0])) == (before == 0)


def test_hit_and_miss_leave_the_same_rows_and_jobs() -> None:
    left = []
    for typed in TYPED.values():
        client = Client()
        attempt = ask(client, *typed)
        client.post(CODE_PAGE, {"code": "0" * LONG})
        attempt.refresh_from_db()
        row = {
            field: len(str(getattr(attempt, field)))
            for field in ("method", "subject_digest", "network_digest", "code_digest")
        }
        facts = (attempt.code_digits, attempt.failures, attempt.expires_at - attempt.created_at)
        mail = OutgoingMail.objects.get(attempt=attempt)
        left.append((row, facts, mail.kind, mail.urgency, mail.state, mail.address))
    assert all(one == left[0] for one in left)
    assert ProcrastinateJob.objects.count() == 1  # one delivery for all


def test_a_wrong_code_after_the_days_mails_is_told_like_any_other(client: Client, mail_folder: Path) -> None:
    ask(client)
    code = code_in(mail_folder)
    for _ in range(MAILS_PER_DAY):
        attempt = ask(client)
    verdict = MAILED.finish(challenge=attempt.pk, proof=code, network="192.0.2.1")
    assert (verdict.result, verdict.tries_left) == (
        Result.WRONG,
        4,
    )  # a short code is its own browser's challenge's
