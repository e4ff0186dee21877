"""The notice and the consent to it: shown to all, recorded, asked again for a new notice, withdrawn by its student."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from accounts import consent
from accounts.models import Consent, RosterImport, RosterState, Student, StudentSession, VerificationAttempt
from tests.accounts.browsing import LAPTOP, PHONE, Browser, log_in
from tests.accounts.post import code_in
from tests.conftest import Live
from tests.factories import make_event
from tests.unit.test_translations import assert_korean
from ticketing.models import Ticket

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_queue"),
]


@pytest.fixture
def alice() -> Student:
    return Student.objects.create(student_number="2024123456", name="alice", email="alice@univ.example")


def test_f32_the_notice_is_public_and_every_page_leads_to_it(client: Client) -> None:
    page = client.get("/accounts/privacy/").content.decode()
    assert 'id="notice"' in page
    assert consent.CURRENT in page
    assert "/accounts/privacy/withdraw/" not in page
    assert_korean(page)
    assert 'href="/accounts/privacy/"' in client.get("/").content.decode()


def test_the_notice_names_the_source_of_the_newest_confirmed_roster(client: Client) -> None:
    pages = ("/accounts/privacy/", "/accounts/verify/")
    now = timezone.now()
    ready = RosterImport.objects.create(
        source="교무처 <1>", legal_basis="학칙 제3조", state=RosterState.READY
    )
    for path in pages:
        assert "교무처" not in client.get(path).content.decode()
    for source, state, age in (
        ("옛 교무처", RosterState.CONFIRMED, 2),
        ("", RosterState.CONFIRMED, 0),
        ("버린 명부", RosterState.DISCARDED, 0),
    ):
        at = now - timedelta(days=age) if state == RosterState.CONFIRMED else None
        RosterImport.objects.create(source=source, state=state, confirmed_at=at)
    RosterImport.objects.filter(pk=ready.pk).update(
        state=RosterState.CONFIRMED, confirmed_at=now - timedelta(days=1)
    )
    for path in pages:
        page = client.get(path).content.decode()
        assert "교무처 &lt;1&gt;" in page
        assert "학칙 제3조" in page
        assert f"{timezone.localtime(now - timedelta(days=1)):%Y-%m-%d}" in page
        assert "옛 교무처" not in page
        assert "버린 명부" not in page
        assert_korean(page)


def test_f32_a_consent_is_shown_with_its_date_and_version(live: Live, alice: Student) -> None:
    laptop = log_in(live, alice)
    day = timezone.now() - timedelta(days=300)
    Consent.objects.create(student=alice, version="2025-09", given_at=day, withdrawn_at=day)
    page = laptop.get("/accounts/privacy/").text
    assert page.index(consent.CURRENT) < page.index("2025-09")
    assert page.count(f"{timezone.localtime(day).day}일") >= 2
    assert_korean(page)
    assert (
        "2025-09"
        not in log_in(live, Student.objects.create(student_number="2", name="bob", email="b@x.kr"))
        .get("/accounts/privacy/")
        .text
    )


def test_a_withdrawal_ends_every_login_and_the_next_one_asks_again(live: Live, alice: Student) -> None:
    event = make_event({"A": 2})
    laptop, phone = log_in(live, alice, LAPTOP), log_in(live, alice, PHONE)
    asked = laptop.get("/accounts/privacy/withdraw/")
    assert_korean(asked.text)
    assert consent.in_force(alice)  # reading the question is no answer
    done = laptop.post("/accounts/privacy/withdraw/")
    assert (done.status_code, done.headers["Location"]) == (302, "/accounts/privacy/")
    row = Consent.objects.get()
    assert row.withdrawn_at is not None
    assert not StudentSession.objects.filter(ended_at=None).exists()
    assert [browser.press(event.pk) for browser in (laptop, phone)] == ["login_required"] * 2
    assert [browser.get("/tickets/").status_code for browser in (laptop, phone)] == [302, 302]
    without = laptop.post("/accounts/verify/", number=alice.student_number, name=alice.name)
    assert without.status_code == 422
    again = log_in(live, alice, LAPTOP)
    assert [consent.in_force(alice), Consent.objects.count()] == [True, 2]
    assert again.press(event.pk) == "won"


def test_a_ticket_outlives_the_withdrawal(live: Live, alice: Student) -> None:
    event = make_event({"A": 1})
    phone = log_in(live, alice, PHONE)
    assert phone.press(event.pk) == "won"
    phone.post("/accounts/privacy/withdraw/")
    ticket = Ticket.objects.get()
    assert (ticket.student, ticket.status) == (alice, "held")
    assert log_in(live, alice, PHONE).get(f"/tickets/{ticket.code}/").status_code == 200


def test_a_code_that_was_asked_for_before_the_withdrawal_logs_nobody_in(live: Live, alice: Student) -> None:
    laptop, phone = log_in(live, alice, LAPTOP), Browser(live.client())
    attempt = phone.ask(alice)
    laptop.post("/accounts/privacy/withdraw/")
    assert phone.type_code(attempt).status_code == 422
    assert not consent.in_force(alice)
    assert not StudentSession.objects.filter(ended_at=None).exists()


def test_a_withdrawal_touches_nobody_else(live: Live, alice: Student) -> None:
    bob = Student.objects.create(student_number="2024000002", name="bob", email="bob@univ.example")
    theirs = log_in(live, bob)
    waiting = Browser(live.client())
    attempt = waiting.ask(bob)
    log_in(live, alice).post("/accounts/privacy/withdraw/")
    assert consent.in_force(bob)
    assert theirs.get("/tickets/").status_code == 200
    assert waiting.type_code(attempt).status_code == 302


def test_a_new_notice_is_asked_about_at_the_next_login_and_disturbs_no_login_before(
    client: Client, alice: Student, mail_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = {"number": alice.student_number, "name": alice.name}

    def log_in_here(browser: Client) -> None:
        browser.post("/accounts/verify/", {**typed, "consent": "on"})
        assert browser.post("/accounts/verify/code/", {"code": code_in(mail_folder)}).status_code == 302

    log_in_here(client)
    monkeypatch.setattr(consent, "CURRENT", "2027-01")
    assert not consent.in_force(alice)
    assert client.get("/tickets/").status_code == 200
    other = Client()
    assert other.post("/accounts/verify/", typed).status_code == 422
    assert VerificationAttempt.objects.count() == 1
    log_in_here(other)
    assert [*Consent.objects.values_list("version", flat=True)] == ["2027-01", "2026-11-22"]
    assert consent.in_force(alice)
