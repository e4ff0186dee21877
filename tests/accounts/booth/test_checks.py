"""The booth: two different people of the staff compare the card with the roster, and one browser is let in."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F
from django.test import Client
from django.utils import timezone

from accounts.models import (
    BoothCheck,
    BoothState,
    Consent,
    RefusalReason,
    Student,
    StudentSession,
    StudentStatus,
    User,
    VerificationAttempt,
)
from accounts.verification import BOOTH, booth_desk
from accounts.verification.base import Result
from accounts.verification.booth_desk import MovedOn, SamePerson
from accounts.verification.chosen import VerificationClosed
from tests.accounts.booth.cast import (
    CODE,
    DESK,
    START,
    TYPED,
    ask,
    confirmed,
    desk,
    finish,
    shown,
)
from tests.accounts.test_parallel import at_once
from tests.gate.cast import make_staff
from ticketing.models import Festival

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_queue"),
]


def test_two_people_let_the_browser_in_that_asked(
    client: Client, alice: Student, hana: User, dul: User
) -> None:
    check = ask(client)
    first, second = desk(hana), desk(dul)
    page = shown(first, check)
    for fact in ("김앨리스", "2024123456", "국어국문학과", "enrolled"):
        assert fact in page
    assert "First check recorded" in shown(first, check, decision="first")
    assert 'data-booth="second"' in client.get(CODE).content.decode()
    assert "김앨리스" in second.get(DESK).content.decode()
    assert "hana" in shown(second, check)
    assert "Confirmed" in shown(second, check, decision="second")
    assert 'data-booth="confirmed"' in client.get(CODE).content.decode()
    assert client.post(CODE).headers["Location"] == "/"
    assert client.get("/tickets/").status_code == 200
    check.refresh_from_db()
    assert (check.first_by, check.second_by) == (hana, dul)
    assert check.attempt.succeeded_at is not None
    assert check.attempt.succeeded_at >= check.second_at >= check.first_at  # type: ignore[operator]  # all are there
    assert Consent.objects.filter(student=alice).exists()


def test_the_same_person_twice_is_refused_by_the_step_the_page_and_the_database(
    client: Client, hana: User
) -> None:
    check = ask(client)
    browser = desk(hana)
    shown(browser, check)
    shown(browser, check, decision="first")
    page = shown(browser, check)
    assert "The second needs somebody else" in page
    assert 'value="second"' not in page
    assert "The second needs somebody else" in shown(browser, check, decision="second")
    check.refresh_from_db()
    with pytest.raises(SamePerson):
        booth_desk.check_second(check, by=hana)
    check.first_by = None  # a row read before the first check
    with pytest.raises(MovedOn):
        booth_desk.check_second(check, by=hana)
    with pytest.raises(IntegrityError, match="booth_two_different_people"), transaction.atomic():
        BoothCheck.objects.update(second_by=F("first_by"), second_at=timezone.now())
    assert finish(check).result is Result.WAITING


def test_one_check_is_not_enough(client: Client, hana: User) -> None:
    check = ask(client)
    booth_desk.check_first(check, by=hana)
    assert client.post(CODE).headers["Location"] == CODE
    assert client.get("/tickets/").status_code == 302


def test_the_second_check_needs_the_first(client: Client, hana: User) -> None:
    with pytest.raises(MovedOn):
        booth_desk.check_second(ask(client), by=hana)


def outcome(act: Callable[[], None]) -> bool:
    try:
        act()
    except (MovedOn, SamePerson):
        return False
    return True


def test_parallel_first_checks_record_one_person(client: Client) -> None:
    check = ask(client)
    staff = iter([make_staff("booth", username=f"staff{number}") for number in range(12)])
    answers = at_once(lambda: outcome(lambda: booth_desk.check_first(check, by=next(staff))))
    assert sum(map(bool, answers)) == 1
    check.refresh_from_db()
    assert check.state == BoothState.SECOND


def test_parallel_confirms_record_one_person_who_is_not_the_first(client: Client, hana: User) -> None:
    check = ask(client)
    booth_desk.check_first(check, by=hana)
    check.refresh_from_db()
    staff = iter([hana, *(make_staff("booth", username=f"staff{number}") for number in range(11))])
    answers = at_once(lambda: outcome(lambda: booth_desk.check_second(check, by=next(staff))))
    assert sum(map(bool, answers)) == 1
    check.refresh_from_db()
    assert check.second_by not in (None, hana)


def test_a_refusal_and_a_login_in_the_same_instant_do_not_both_happen(
    client: Client, hana: User, dul: User
) -> None:
    for _round in range(3):
        VerificationAttempt.objects.update(subject_digest="another day")
        check = confirmed(Client(), hana, dul)
        turns = iter([True, False] * 6)

        def act(check: BoothCheck = check, turns: Any = turns) -> str:
            if next(turns):
                return "in" if finish(check).student else ""
            doubt = RefusalReason.DOUBTFUL
            return "refused" if outcome(lambda: booth_desk.refuse(check, by=hana, reason=doubt)) else ""

        happened = [answer for answer in at_once(act) if answer]
        assert len(happened) == 1, happened


def test_a_refusal_wins_over_a_later_confirmation_and_over_an_earlier_one(
    client: Client, hana: User, dul: User
) -> None:
    early = ask(client)
    booth_desk.check_first(early, by=hana)
    booth_desk.refuse(early, by=dul, reason=RefusalReason.OTHER_PERSON)
    early.refresh_from_db()
    with pytest.raises(MovedOn):
        booth_desk.check_second(early, by=dul)
    other = Client()
    late = confirmed(other, hana, dul)
    page = shown(desk(hana), late)
    assert "Two people have confirmed" in page
    booth_desk.refuse(late, by=hana, reason=RefusalReason.MISTAKE)
    for check, browser in ((early, client), (late, other)):
        assert finish(check).result is Result.OVER
        assert 'data-booth="refused"' in browser.post(CODE).content.decode()
        assert browser.get("/tickets/").status_code == 302
        assert not check.attempt.succeeded_at


def test_what_is_recorded_stays(client: Client, hana: User, dul: User) -> None:
    check = confirmed(client, hana, dul)
    other = make_staff("booth", username="set")
    for change in (
        {"first_by": other},
        {"second_at": timezone.now()},
        {"second_by": None, "second_at": None},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            BoothCheck.objects.filter(pk=check.pk).update(**change)


def test_after_two_hours_it_is_over(client: Client, hana: User, dul: User) -> None:
    check = confirmed(client, hana, dul)
    past = timezone.now()
    VerificationAttempt.objects.update(created_at=past - timedelta(hours=2), expires_at=past)
    assert finish(check).result is Result.OVER
    assert 'data-booth="over"' in client.get(CODE).content.decode()
    page = shown(desk(hana), check)
    assert "This code is over" in page
    assert "김앨리스" not in page
    with pytest.raises(MovedOn):
        booth_desk.refuse(check, by=hana, reason=RefusalReason.MISTAKE)


def test_nobody_is_let_in_twice_by_one_check(client: Client, hana: User, dul: User) -> None:
    check = confirmed(client, hana, dul)
    verdicts = at_once(lambda: finish(check).student is not None)
    assert sum(map(bool, verdicts)) == 1


def test_a_student_who_is_gone_meanwhile_is_not_let_in(
    client: Client, alice: Student, hana: User, dul: User
) -> None:
    waits = confirmed(client, hana, dul)
    fresh = ask(Client())
    Student.objects.update(status=StudentStatus.GONE)
    assert finish(waits).result is Result.OVER
    assert 'data-booth="over"' in client.post(CODE).content.decode()
    with pytest.raises(MovedOn):
        booth_desk.check_first(fresh, by=hana)
    assert "김앨리스" not in shown(desk(hana), fresh)
    assert not StudentSession.objects.exists()


def test_another_browser_cannot_finish(client: Client, hana: User, dul: User) -> None:
    check = confirmed(client, hana, dul)
    charlie = Client()
    assert charlie.post(CODE, {"code": check.code}).headers["Location"] == START
    assert charlie.get(CODE).headers["Location"] == START
    assert charlie.get(CODE, {"code": check.code}).headers["Location"] == START
    ask(charlie)
    charlie.post(CODE, {"code": check.code})
    assert not StudentSession.objects.exists()


def test_a_challenge_of_another_way_is_none_of_the_booths(client: Client, alice: Student) -> None:
    Student.objects.update(email="alice@univ.example")
    client.post("/accounts/verify/", TYPED)
    assert client.get(CODE).headers["Location"] == START
    attempt = VerificationAttempt.objects.get()
    assert BOOTH.finish(challenge=attempt.pk, proof="", network="192.0.2.1").result is Result.OVER


def test_after_the_close_nobody_begins_and_who_has_begun_may_finish(
    client: Client, hana: User, dul: User
) -> None:
    check = ask(client)
    Festival.objects.update(verification_closes_at=timezone.now() - timedelta(seconds=1))
    assert Client().post(START, TYPED).status_code == 403
    with pytest.raises(VerificationClosed):
        BOOTH.begin(number="1", name="x", network="192.0.2.1")
    booth_desk.check_first(check, by=hana)
    check.refresh_from_db()
    booth_desk.check_second(check, by=dul)
    assert client.post(CODE).headers["Location"] == "/"
    assert client.get("/tickets/").status_code == 200
