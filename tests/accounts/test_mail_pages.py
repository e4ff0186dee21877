"""What students and the council see of the mail: the wait, the figures, a test mail, in a real browser too."""

import signal
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone

from accounts.mail import delivery
from accounts.models import MailService, MailState, OutgoingMail, Student, VerificationAttempt
from festival import processes
from tests.accounts.mails import queue_codes
from tests.accounts.smtp import MailServer, start_worker
from tests.admin.desk import desk_of, told
from tests.conftest import Live
from tests.factories import make_student
from ticketing.models import Festival

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_queue"),
]
CODE_PAGE, MAIL = "/accounts/verify/code/", "/admin/accounts/outgoingmail/"


@pytest.fixture(autouse=True)
def alice() -> Student:
    return Student.objects.create(student_number="2024123456", name="김앨리스", email="alice@univ.example")


def ask(name: str = "김앨리스") -> Client:
    """Ask for a code in a browser of its own."""
    client = Client()
    client.cookies["django_language"] = "en"
    typed = {"number": "2024123456", "name": name, "consent": "on"}
    assert client.post("/accounts/verify/", typed).status_code == 302
    return client


def page(client: Client, path: str = CODE_PAGE) -> str:
    return client.get(path).content.decode()


def test_who_waits_is_told_of_the_queue_alike_for_a_hit_and_a_miss(mail_server: MailServer) -> None:
    Festival.objects.update(mails_per_hour=10)
    queue_codes(34)
    hit, miss = ask(), ask("아무개")
    texts = [page(client).replace("About 35 mails", "About 34 mails") for client in (hit, miss)]
    for text in texts:
        assert "About 34 mails are ahead of yours" in text
        assert "ten minutes" not in text
    leaves = timezone.localtime(timezone.now() + timedelta(hours=3)).strftime("%Y-%m-%d %H:")
    assert leaves in texts[0]
    assert leaves in texts[1]
    assert "You have asked for a code in this browser" in page(hit, "/accounts/verify/")
    assert "You have asked for a code in this browser" not in page(Client(), "/accounts/verify/")


def test_a_turn_that_has_come_shows_alike_whatever_it_led_to(mail_server: MailServer, alice: Student) -> None:
    seen = set()
    for address, name in (("alice@", "김앨리스"), ("nobody@", "김앨리스"), ("later@", "김앨리스"), ("", "x")):
        VerificationAttempt.objects.all().delete()
        Student.objects.update(email=f"{address}univ.example")
        client = ask(name)
        delivery.deliver()
        text = page(client)
        assert "ahead of yours" not in text
        seen.add(
            text.partition("<h1>")[2].replace(client.cookies["csrftoken"].value, "").partition("<form")[0]
        )
    assert len(seen) == 1


def test_a_browser_that_waits_keeps_its_challenge_for_days(mail_server: MailServer) -> None:
    client = ask()
    assert client.session.get_expiry_age() > timedelta(days=13).total_seconds()


def test_the_council_sees_how_far_it_is(mail_server: MailServer) -> None:
    Festival.objects.update(mails_per_hour=2)
    for number in range(3):
        make_student(student_number=f"2023{number:06}")
    queue_codes(1, address="nobody@univ.example")
    queue_codes(3)
    delivery.deliver()
    MailService.objects.update(faults=1, stage="login", code=535, status="5.7.8", failed_at=timezone.now())
    for role in ("council", "council viewer"):
        client, _user = desk_of(role, username=role.replace(" ", "-"))
        text = page(client, MAIL)
        assert "3 of 8" in text
        assert 'href="?state__exact=refused">1<' in text
        assert "550 5.1.1 · There is no such mailbox." in text
        assert ("Send a test mail to" in text) == (role == "council")
    MailService.objects.create(faults=1, stage="login", code=535, status="5.7.8", failed_at=timezone.now())
    assert "The mail server refuses the login of your account. 535 5.7.8" in page(client, MAIL)


def test_a_test_mail_goes_the_way_of_all_mails_and_shows_its_end(mail_server: MailServer) -> None:
    client, user = desk_of("council")
    answer = client.post(f"{MAIL}test/", {"address": "nobody@univ.example"}, follow=True)
    assert told(answer).startswith("The test mail is queued.")
    delivery.deliver()
    test = OutgoingMail.objects.get()
    assert (test.user, test.state, test.address) == (user, MailState.REFUSED, "")
    assert "550 5.1.1 There is no such mailbox." in page(client, MAIL)
    answer = client.post(f"{MAIL}test/", {"address": "not an address"}, follow=True)
    assert "valid email address" in told(answer)
    assert OutgoingMail.objects.count() == 1
    viewer, _user = desk_of("council viewer", username="lee")
    assert viewer.post(f"{MAIL}test/", {"address": "a@univ.example"}).status_code == 403


@pytest.mark.browser
def test_a_student_asks_is_mailed_by_smtp_types_the_code_and_is_in(
    browser: "Browser", live: Live, mail_server: MailServer
) -> None:
    worker = start_worker(mail_server, name="worker")
    tab = browser.new_page(viewport={"width": 360, "height": 760}, locale="en")
    try:
        tab.goto(f"{live.url}/accounts/verify/")
        tab.fill("input[name=number]", "2024123456")
        tab.fill("input[name=name]", "김앨리스")
        tab.check("input[name=consent]")
        tab.click("main form button[type=submit]")
        tab.wait_for_url(f"{live.url}{CODE_PAGE}")
        assert processes.wait_until(lambda: len(mail_server.taken()) == 1, 60)
        (mail,) = mail_server.taken()
        assert mail["to"] == "alice@univ.example"
        tab.fill("input[name=code]", mail["subject"].split()[-1])
        tab.click("main form button[type=submit]")
        tab.wait_for_url(f"{live.url}/")
        assert VerificationAttempt.objects.get().succeeded_at
    finally:
        tab.close()
        processes.end(worker, end_signal=signal.SIGTERM, seconds=10)
