"""Logins on several devices, over HTTP: how long they last, how they are seen and ended, and a mail for a new one."""

import re
import time
from datetime import timedelta
from http.cookiejar import Cookie
from pathlib import Path

import pytest
import redis
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from accounts import devices
from accounts.mail import outbox
from accounts.models import OutgoingMail, Student, StudentSession
from accounts.passes import PASS_COOKIE, read_pass
from accounts.sessions import ON_A_SHARED_COMPUTER
from tests.accounts.browsing import LAPTOP, PHONE, Browser, log_in
from tests.accounts.post import mails, work_jobs
from tests.conftest import Live
from tests.factories import make_event, make_student
from tests.unit.test_translations import assert_korean
from ticketing.models import Event, Festival

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_queue"),
]
OVER = "login_required"


@pytest.fixture
def alice() -> Student:
    return make_student("alice", email="alice@univ.example")


def other(name: str) -> Student:
    return make_student(name, email=f"{name}@univ.example")


def cookies_of(browser: Browser) -> dict[str, Cookie]:
    return {cookie.name: cookie for cookie in browser.client.cookies.jar}


def newest() -> StudentSession:
    return StudentSession.objects.latest("created_at")


def test_f15_a_login_made_before_the_opening_survives_the_sale(live: Live, alice: Student) -> None:
    end = timezone.now().replace(microsecond=0) + timedelta(days=40)
    Festival.objects.update(ends_at=end)
    event = make_event({"A": 1}, opens_in=600)
    phone = log_in(live, alice, PHONE)
    found = cookies_of(phone)
    for name in (PASS_COOKIE, django_settings.SESSION_COOKIE_NAME):
        assert abs((found[name].expires or 0) - end.timestamp()) <= 1, (
            name
        )  # a cookie knows whole seconds only
    assert phone.press(event.pk) == "not_open"
    with redis.Redis.from_url(django_settings.CACHE_URL) as cache:
        cache.flushdb()  # what the cache knew of sessions is gone in the rush
    Event.objects.filter(pk=event.pk).update(opens_at=timezone.now())
    assert phone.press(event.pk) == "won"
    assert phone.get("/tickets/").status_code == 200


def test_a_shared_computer_forgets_the_login_with_the_browser_and_after_half_an_hour(
    live: Live, alice: Student, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = make_event({"A": 1})
    library = log_in(live, alice, shared="on")
    found = cookies_of(library)
    for name in (PASS_COOKIE, django_settings.SESSION_COOKIE_NAME):
        assert (found[name].expires, found[name].discard) == (None, True), name
    session = newest()
    assert session.expires_at - session.created_at == ON_A_SHARED_COMPUTER == timedelta(minutes=30)
    assert library.get("/accounts/devices/").status_code == 200
    text = found[PASS_COOKIE].value
    monkeypatch.setattr(time, "time", session.expires_at.timestamp)
    assert read_pass(text) is None
    monkeypatch.undo()
    past = timezone.now() - timedelta(seconds=1)
    StudentSession.objects.update(created_at=past - ON_A_SHARED_COMPUTER, expires_at=past)
    assert library.press(event.pk) == OVER
    assert library.get("/tickets/").status_code == 302


def test_a_shared_computer_is_chosen_on_the_page_and_ends_with_the_festival_at_the_latest(
    live: Live, alice: Student
) -> None:
    soon = timezone.now() + timedelta(minutes=20)
    Festival.objects.update(ends_at=soon)
    library = Browser(live.client())
    attempt = library.ask(alice)
    page = library.get("/accounts/verify/code/").text
    assert re.search(r'<input[^>]*type="checkbox"[^>]*name="shared"|<input[^>]*name="shared"', page)
    assert library.type_code(attempt, shared="on").status_code == 302
    assert newest().expires_at == soon


def test_the_list_shows_what_stands_and_marks_this_device(live: Live, alice: Student) -> None:
    laptop, phone = log_in(live, alice, LAPTOP), log_in(live, alice, PHONE)
    log_in(live, other("charlie"), PHONE.replace("iPhone", "Linux; Android 15"))
    gone = log_in(live, alice, LAPTOP.replace("Chrome/140.0", "Firefox/143.0"))
    gone.post("/accounts/logout/")
    page = laptop.get("/accounts/devices/")
    assert page.headers["Cache-Control"] == "private, no-store"
    assert re.findall(r"<h2>(\w+ · \w+)( <span)?", page.text) == [
        ("Safari · iOS", ""),
        ("Chrome · Windows", " <span"),
    ]
    assert [
        bool(mark)
        for _, mark in re.findall(r"<h2>(\w+ · \w+)( <span)?", phone.get("/accounts/devices/").text)
    ] == [
        True,
        False,
    ]
    assert_korean(page.text)


def test_one_device_is_ended_from_another_at_its_next_request_and_press(live: Live, alice: Student) -> None:
    event = make_event({"A": 2})
    laptop, phone = log_in(live, alice, LAPTOP), log_in(live, alice, PHONE)
    of_phone = str(newest().pk)
    for _ in range(2):  # pressed twice, nothing more happens
        assert laptop.post("/accounts/devices/", end=of_phone).status_code == 302
    assert phone.press(event.pk) == OVER
    assert phone.get("/accounts/devices/").headers["Location"].startswith("/accounts/verify/")
    assert laptop.press(event.pk) == "won"
    alice.refresh_from_db()
    assert alice.generation == 1


def test_log_out_everywhere_else_leaves_this_device_alone(live: Live, alice: Student) -> None:
    event = make_event({"A": 2})
    laptop, phone, tablet = (log_in(live, alice, agent) for agent in (LAPTOP, PHONE, PHONE))
    assert phone.post("/accounts/devices/", end="others").status_code == 302
    assert [laptop.press(event.pk), tablet.press(event.pk), phone.press(event.pk)] == [OVER, OVER, "won"]
    assert [browser.get("/tickets/").status_code for browser in (laptop, tablet, phone)] == [302, 302, 200]


def test_log_out_everywhere_ends_this_device_too_and_every_pass_of_before(live: Live, alice: Student) -> None:
    event = make_event({"A": 2})
    laptop, phone = log_in(live, alice, LAPTOP), log_in(live, alice, PHONE)
    answer = laptop.post("/accounts/devices/", end="all")
    assert (answer.status_code, PASS_COOKIE in laptop.client.cookies) == (302, False)
    assert [browser.press(event.pk) for browser in (laptop, phone)] == [OVER, OVER]
    assert [browser.get("/tickets/").status_code for browser in (laptop, phone)] == [302, 302]
    alice.refresh_from_db()
    assert alice.generation == 2
    assert log_in(live, alice, PHONE).press(event.pk) == "won"


def test_nobody_ends_the_login_of_somebody_else(live: Live, alice: Student) -> None:
    event = make_event({"A": 2})
    phone = log_in(live, alice, PHONE)
    of_alice = str(newest().pk)
    charlie = log_in(live, other("charlie"), LAPTOP)
    answers = [charlie.post("/accounts/devices/", end=key) for key in (of_alice, "others", "all")]
    assert [answer.status_code for answer in answers] == [302] * 3
    stranger = Browser(live.client())
    stranger.get("/accounts/verify/")
    assert (
        stranger.post("/accounts/devices/", end=of_alice).headers["Location"].startswith("/accounts/verify/")
    )
    assert phone.press(event.pk) == "won"


def test_what_names_no_login_is_a_bad_request(live: Live, alice: Student) -> None:
    laptop = log_in(live, alice)
    assert [laptop.post("/accounts/devices/", end=text).status_code for text in ("", "x", "'--")] == [400] * 3
    assert laptop.client.post("/accounts/devices/", data={"end": "all"}).status_code == 403  # no token
    assert laptop.get("/accounts/devices/").status_code == 200


def test_f19_a_new_kind_of_device_is_recorded_and_told_by_mail(
    live: Live, alice: Student, mail_folder: Path
) -> None:
    log_in(live, alice, LAPTOP)  # the very first one is nobody else
    log_in(live, alice, LAPTOP.replace("Chrome/140.0", "Chrome/141.0"))  # a new version is no new device
    new = OutgoingMail.objects.filter(kind="new_device")
    assert not new.exists()
    log_in(live, alice, PHONE)
    assert StudentSession.objects.filter(student=alice, device="Safari · iOS").count() == new.count() == 1
    log_in(live, alice, PHONE)
    assert new.count() == 1
    work_jobs()
    (told,) = [mail for mail in mails(mail_folder) if "Safari · iOS" in mail]
    at = timezone.localtime(
        StudentSession.objects.filter(device="Safari · iOS").earliest("created_at").created_at
    )
    assert told.startswith("alice@univ.example\n")
    assert told.count(f"{at:%Y-%m-%d %H:%M}") == 2  # Korean and English
    assert "새 기기" in told
    assert "http" not in told


def test_a_device_of_another_student_does_not_make_mine_known(live: Live, alice: Student) -> None:
    charlie = other("charlie")
    log_in(live, charlie, PHONE)
    log_in(live, alice, LAPTOP)
    assert devices.is_new(alice, "Safari · iOS")
    assert not devices.is_new(alice, "Chrome · Windows")
    assert not devices.is_new(make_student("bob"), "Safari · iOS")


def test_without_an_address_there_is_nobody_to_mail(mail_folder: Path) -> None:
    bob = make_student("bob", email="")
    session = StudentSession.objects.create(
        student=bob, device="Safari · iOS", expires_at=timezone.now() + timedelta(days=1)
    )
    outbox.queue_new_device(session)
    work_jobs()
    assert OutgoingMail.objects.get().state == "nothing"
    assert mails(mail_folder) == []


def test_both_pages_are_for_students(client: Client) -> None:
    for path in ("/accounts/devices/", "/accounts/privacy/withdraw/"):
        assert client.get(path).headers["Location"].startswith("/accounts/verify/?next=")
