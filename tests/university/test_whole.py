"""The university's login in a real browser, on production servers of ours; and the days when it is away."""

import logging
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.cache import caches
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.fixtures import Settings

from accounts.models import Student, StudentSession, VerificationAttempt
from festival import embedded, processes
from tests.conftest import Live
from tests.factories import make_event
from tests.gate.cast import make_staff, staff_client
from tests.university.conftest import Provider, provider
from tests.university.people import PASSWORD
from tests.university.visiting import START, come_back, leave, log_in_there
from ticketing.models import Festival

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
PHONE = {"width": 360, "height": 740}


@pytest.fixture
def page(browser: Browser, our_server: str, transactional_db: None) -> Iterator[Page]:
    """Open a page of our server; nothing that the browser blocks goes unnoticed."""
    context = browser.new_context(base_url=our_server, viewport=PHONE, locale="ko-KR")  # type: ignore[arg-type]
    page, refused = context.new_page(), []
    page.on("console", lambda said: refused.append(said.text) if "Content Security" in said.text else None)
    yield page
    context.close()
    assert not refused


def log_in_at_the_university(page: Page, who: str) -> None:
    page.get_by_label("Username").fill(who)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="로그인").click()


@pytest.mark.browser
def test_a_student_is_back_where_they_wanted_to_be(page: Page, alice: Student) -> None:
    Festival.objects.update(verification_methods=["mail", "university"])
    event = make_event({"A": 1})
    page.goto(f"/accounts/verify/?next=/events/{event.pk}/")
    page.get_by_role("link", name="학교 로그인").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("한빛대학교 통합로그인")
    page.get_by_label("위 내용을 읽었으며").check()
    page.get_by_role("button", name="학교 로그인으로 이동").click()
    expect(page).to_have_title("한빛대학교 통합로그인")
    log_in_at_the_university(page, "alice")
    expect(page).to_have_url(re.compile(f"/events/{event.pk}/$"))
    expect(page.get_by_role("button", name="로그아웃")).to_be_visible()
    assert StudentSession.objects.get().student == alice
    page.goto("/tickets/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


@pytest.mark.browser
def test_who_is_not_in_the_roster_sees_what_helps(page: Page) -> None:
    Festival.objects.update(verification_methods=["university"])
    page.goto(START)
    page.get_by_label("위 내용을 읽었으며").check()
    page.get_by_role("button", name="학교 로그인으로 이동").click()
    log_in_at_the_university(page, "stranger")
    expect(page.get_by_role("heading", level=1)).to_have_text("명부에 없는 학번입니다.")
    expect(page.get_by_text("not_on_roster")).to_be_visible()
    page.get_by_role("link", name="다시 시작하기").click()
    expect(page.get_by_role("button", name="학교 로그인으로 이동")).to_be_visible()


@pytest.mark.browser
def test_the_council_chooses_it_and_students_are_offered_it(page: Page, our_server: str) -> None:
    festival = Festival.objects.get()
    desk = staff_client(make_staff("council", username="kim")).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": desk, "url": our_server}])
    page.goto(f"/admin/ticketing/festival/{festival.pk}/change/")
    page.get_by_label("학교 로그인").check()
    page.locator("input[name=_save]").click()
    festival.refresh_from_db()
    assert festival.verification_methods == ["mail", "university"]
    page.context.clear_cookies()
    page.goto("/accounts/verify/")
    expect(page.get_by_role("link", name="학교 로그인")).to_be_visible()


def test_a_server_that_does_not_know_it_offers_it_to_nobody(live: Live) -> None:
    Festival.objects.update(verification_methods=["mail", "university"])
    assert START not in live.client().get("/accounts/verify/").text
    assert live.client().get(START).status_code == 404
    desk = staff_client(make_staff("council", username="kim")).cookies["sessionid"].value
    address = f"/admin/ticketing/festival/{Festival.objects.get().pk}/change/"
    form = live.client(cookies={"sessionid": desk}).get(address).text
    assert 'value="mail"' in form
    assert "학교 로그인" in form  # chosen before: the council sees it and can take it away


def test_no_page_lets_a_form_leave_our_site(our_server: str, live: Live) -> None:
    Festival.objects.update(verification_methods=["university"])
    answer = live.client(base_url=our_server).get(START)
    assert answer.status_code == 200
    assert "form-action 'self';" in answer.headers["Content-Security-Policy"] + ";"


def test_a_university_that_is_away_is_said_at_once(
    known: Provider, phone: Callable[[], Client], settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.OIDC_SERVER = f"http://127.0.0.1:{embedded.free_port()}/o"
    answer = phone().post(START, {"consent": "on", "next": "/tickets/"})
    assert (answer.status_code, answer.context["code"]) == (503, "university_unavailable")
    assert answer.context["next"] == "/tickets/"
    assert "ConnectionError" in caplog.text


@pytest.mark.parametrize("begun_before", [True, False])
def test_a_university_that_goes_away_meanwhile_logs_nobody_in(
    known: Provider,
    phone: Callable[[], Client],
    alice: Student,
    settings: Settings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    begun_before: bool,
) -> None:
    client = phone()
    with provider(tmp_path) as second:
        settings.OIDC_SERVER = second.url
        callback = log_in_there(leave(client), "alice")
        processes.end(second.process, end_signal=signal.SIGTERM, seconds=5)
    if not begun_before:  # by another of our processes, which has not asked for the addresses yet
        caches["process"].clear()
    with caplog.at_level(logging.INFO):
        answer = come_back(client, callback)
    assert (answer.status_code, answer.context["code"]) == (503, "university_unavailable")
    assert client.get("/tickets/").status_code == 302
    assert not VerificationAttempt.objects.exists()
    assert alice.student_number not in caplog.text
