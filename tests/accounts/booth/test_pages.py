"""The booth's pages: what a student sees, what staff may look at, and what is recorded of it."""

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.test import Client
from django.utils import timezone
from limits import RateLimitItemPerHour

from accounts import budgets
from accounts.models import (
    BoothCheck,
    BoothLook,
    BoothState,
    StudentSession,
    User,
    VerificationAttempt,
)
from accounts.verification import BOOTH, booth_desk
from accounts.verification.chosen import NotOffered
from tests.accounts.booth.cast import (
    CODE,
    DESK,
    START,
    TYPED,
    ask,
    confirmed,
    desk,
    shown,
)
from tests.admin.desk import desk_of
from tests.admin.test_lists import queries
from tests.gate.cast import make_staff, staff_client
from tests.unit.test_translations import assert_korean
from ticketing.models import Festival

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_queue"),
]


def test_a_shared_computer_makes_the_login_short(client: Client, hana: User, dul: User) -> None:
    confirmed(client, hana, dul)
    client.post(CODE, {"shared": "on"})
    assert StudentSession.objects.get().expires_at < timezone.now() + timedelta(minutes=31)


def test_hit_and_miss_look_alike_to_the_student(client: Client, hana: User) -> None:
    pages, facts = [], []
    for browser, name in ((client, "김앨리스"), (Client(), "김말리스")):
        check = ask(browser, name=name)
        page = browser.get(CODE).content.decode()
        parts = page.partition("data-booth")[2].partition("<svg")[0]
        pages.append(parts.replace(f"{check.code[:4]} {check.code[4:]}", "CODE"))
        facts.append(
            (check.state, check.attempt.expires_at - check.attempt.created_at, browser.post(CODE).status_code)
        )
    assert pages[0] == pages[1]
    assert facts[0] == facts[1]


def test_the_booth_is_told_that_nobody_matches_and_can_only_refuse(
    client: Client, hana: User, dul: User
) -> None:
    check = ask(client, name="김말리스")
    page = shown(desk(hana), check)
    assert "No student of the roster matches" in page
    assert "김앨리스" not in page
    for decision in ("first", "second"):
        shown(desk(hana), check, decision=decision)
    check.refresh_from_db()
    assert check.state == BoothState.FIRST
    shown(desk(hana), check, decision="refuse", reason="no_match")
    check.refresh_from_db()
    assert (check.state, check.refused_by, check.reason) == (BoothState.REFUSED, hana, "no_match")


def test_a_refusal_needs_a_reason(client: Client, hana: User) -> None:
    check = ask(client)
    browser = desk(hana)
    shown(browser, check)
    assert "choose a reason" in shown(browser, check, decision="refuse", reason="")
    assert check.state == BoothState.FIRST


def test_strangers_and_other_staff_see_no_booth(client: Client) -> None:
    assert client.get(DESK).status_code == 302
    for role in ("gate", "council viewer"):
        assert desk(make_staff(role, username=role.replace(" ", "-"))).get(DESK).status_code == 403
    half = staff_client(make_staff("booth", username="half"), second_factor=False)
    assert half.get(DESK).status_code == 302


def test_the_booths_staff_are_led_to_their_page(hana: User, dul: User) -> None:
    assert desk(hana).get("/staff/").headers["Location"] == DESK
    assert desk(dul).get("/staff/").headers["Location"] == "/admin/"


def test_looks_are_recorded_and_few(client: Client, hana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "LOOKS_OF_STAFF", RateLimitItemPerHour(2, namespace="booth"))
    check = ask(client)
    browser = desk(hana)
    shown(browser, check)
    assert browser.post(DESK, {"code": "ZZZZ ZZZZ"}).status_code == 422
    looks = BoothLook.objects.order_by("at").values_list("by", "booth_check")
    assert list(looks) == [(hana.pk, check.pk), (hana.pk, None)]
    answer = browser.post(DESK, {"code": check.code})
    assert answer.status_code == 429
    assert "2024123456" not in answer.content.decode()
    assert BoothLook.objects.count() == 2


def test_nothing_is_decided_about_a_code_that_was_not_looked_up(client: Client, hana: User) -> None:
    check = ask(client)
    for decision in ("first", "refuse"):
        assert "Nothing is recorded" in shown(desk(hana), check, decision=decision, reason="no_card")
    check.refresh_from_db()
    assert check.state == BoothState.FIRST


@pytest.mark.parametrize("written", ["{}", " {} ", "https://tickets.example/accounts/booth/?code={}"])
def test_codes_are_taken_as_people_and_scanners_write_them(client: Client, hana: User, written: str) -> None:
    check = ask(client)
    BoothCheck.objects.filter(pk=check.pk).update(code="A1B0C1D0")
    browser = desk(hana)
    for code in ("A1B0C1D0", "a1bo-cld0", "AIBO CLDO"):
        answer = browser.post(DESK, {"code": written.format(code)})
        assert "김앨리스" in answer.content.decode(), code


@pytest.mark.parametrize("code", ["", "A1B0C1D", "A1B0C1DU", "A1B0C1D00", "????????"])
def test_what_is_no_code_is_not_looked_up(hana: User, code: str) -> None:
    assert desk(hana).post(DESK, {"code": code}).status_code == 422
    assert not BoothLook.objects.exists()


def test_where_it_is_not_offered_there_is_nothing(client: Client) -> None:
    Festival.objects.update(verification_methods=["mail"])
    assert client.get(START).status_code == client.post(START, TYPED).status_code == 404
    with pytest.raises(NotOffered):
        BOOTH.begin(number="1", name="x", network="192.0.2.1")


def test_consent_comes_first(client: Client) -> None:
    assert client.post(START, TYPED | {"consent": ""}).status_code == 422
    assert not VerificationAttempt.objects.exists()


def test_the_council_sees_who_checked_whom_and_changes_nothing(client: Client, hana: User, dul: User) -> None:
    check = confirmed(client, hana, dul)
    shown(desk(hana), check)
    council, _user = desk_of("council")
    for address in ("boothcheck", "boothlook"):
        page = council.get(f"/admin/accounts/{address}/")
        assert "2024123456" in page.content.decode()
        assert "hana" in page.content.decode()
    change = f"/admin/accounts/boothcheck/{check.pk}/change/"
    assert council.post(change, {"first_by": dul.pk}).status_code == 403
    assert DESK in council.get("/admin/accounts/boothcheck/").content.decode()


def test_the_lists_cost_the_same_whatever_their_length(client: Client, hana: User, dul: User) -> None:
    council, _user = desk_of("council")
    costs = []
    for _more in range(2):
        for _one in range(3):
            VerificationAttempt.objects.update(subject_digest="another day")
            shown(desk(hana), confirmed(Client(), hana, dul))
            booth_desk.check_first(ask(Client()), by=hana)
        pages = ("/admin/accounts/boothcheck/", "/admin/accounts/boothlook/", DESK)
        caches["process"].clear()  # it remembers the festival for a second
        costs.append([queries(council, page) for page in pages])
    assert costs[0] == costs[1]
    assert max(costs[1]) <= 12


def test_every_page_of_the_booth_is_in_korean(client: Client, hana: User) -> None:
    staff = staff_client(hana)
    staff.handler.enforce_csrf_checks = False
    assert_korean(client.get(START).content.decode())
    check = ask(client)
    User.objects.update(display_name="하나")
    pages = [client.get(CODE), staff.get(DESK), staff.post(DESK, {"code": check.code})]
    pages.append(staff.post(DESK, {"code": check.code, "decision": "first"}, follow=True))
    pages.append(staff.post(DESK, {"code": check.code}))
    pages += [staff.post(DESK, {"code": check.code, "decision": "refuse", "reason": "doubtful"}, follow=True)]
    pages += [client.get(CODE), staff.post(DESK, {"code": check.code})]
    for page in pages:
        assert_korean(page.content.decode())
