"""A student proves who they are by a mailed code: over HTTP, with the mail that a real job worker wrote."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.consent import in_force
from accounts.mail import outbox
from accounts.models import OutgoingMail, Student, StudentSession, VerificationAttempt, name_key
from accounts.passes import PASS_COOKIE, read_pass
from accounts.sessions import log_out_everywhere
from accounts.verification.base import MOST_FAILURES
from tests.accounts.post import code_in, mails, work_jobs

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_queue"),
]

NUMBER = "2024123456"


@pytest.fixture
def alice() -> Student:
    return Student.objects.create(student_number=NUMBER, name="김 앨리스", email="alice@univ.example")


def ask(client: Client, number: str = NUMBER, name: str = "김앨리스") -> None:
    """Type number and name, and expect to be asked for the code."""
    response = client.post(
        "/accounts/verify/", {"number": number, "name": name, "consent": "on", "next": "/tickets/"}
    )
    assert (response.status_code, response.headers["Location"]) == (302, "/accounts/verify/code/")


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_a_mailed_code_logs_in_this_browser(client: Client, alice: Student, mail_folder: Path) -> None:
    ask(client, name=" 김앨리스 ")
    code = code_in(mail_folder)
    assert mails(mail_folder)[0].startswith("alice@univ.example\n")
    response = client.post("/accounts/verify/code/", {"code": f" {code[:3]} {code[3:]} "})
    assert (response.status_code, response.headers["Location"]) == (302, "/tickets/")
    session = StudentSession.objects.get(student=alice)
    claimant = read_pass(client.cookies[PASS_COOKIE].value)
    assert claimant is not None
    assert (claimant.student_id, claimant.session_id, claimant.generation) == (alice.pk, session.pk, 1)
    assert in_force(alice)
    assert VerificationAttempt.objects.get().failures == 0


def test_the_request_itself_sends_no_mail_and_stores_no_code(
    client: Client, alice: Student, mail_folder: Path
) -> None:
    ask(client)
    assert mails(mail_folder) == []
    job = ProcrastinateJob.objects.get()
    code = code_in(mail_folder)
    attempt = VerificationAttempt.objects.get()
    assert attempt.sent_at is not None
    assert job.args == {}
    assert code not in f"{attempt.code_digest}{OutgoingMail.objects.values().get()}"


def test_a_mail_is_sent_once_however_often_it_is_delivered(
    client: Client, alice: Student, mail_folder: Path
) -> None:
    ask(client)
    for _ in range(3):
        outbox.wake()
        work_jobs()
    assert len(mails(mail_folder)) == 1


def test_a_wrong_code_is_told_and_counted(client: Client, alice: Student, mail_folder: Path) -> None:
    ask(client)
    code = code_in(mail_folder)
    response = client.post("/accounts/verify/code/", {"code": wrong(code)})
    assert response.status_code == 422
    assert 'class="error"' in response.content.decode()
    assert VerificationAttempt.objects.get().failures == 1
    assert not StudentSession.objects.exists()
    assert client.post("/accounts/verify/code/", {"code": code}).status_code == 302


def test_five_wrong_codes_end_the_challenge(client: Client, alice: Student, mail_folder: Path) -> None:
    ask(client)
    code = code_in(mail_folder)
    for _ in range(MOST_FAILURES):
        assert client.post("/accounts/verify/code/", {"code": wrong(code)}).status_code == 422
    # The same browser, had it kept its challenge: the right code comes too late.
    attempt = VerificationAttempt.objects.get()
    session = client.session
    session["challenge"] = str(attempt.pk)
    session.save()
    assert client.post("/accounts/verify/code/", {"code": code}).status_code == 422
    assert not StudentSession.objects.exists()


def test_a_code_works_once_and_for_ten_minutes(client: Client, alice: Student, mail_folder: Path) -> None:
    ask(client)
    code = code_in(mail_folder)
    key = client.session["challenge"]
    VerificationAttempt.objects.update(
        created_at=timezone.now() - timedelta(minutes=11), expires_at=timezone.now() - timedelta(minutes=1)
    )
    assert client.post("/accounts/verify/code/", {"code": code}).status_code == 422
    VerificationAttempt.objects.update(expires_at=timezone.now() + timedelta(minutes=1))
    session = client.session
    session["challenge"] = key
    session.save()
    assert client.post("/accounts/verify/code/", {"code": code}).status_code == 302
    second = Client()
    session = second.session
    session["challenge"] = key
    session.save()
    second.cookies[settings.SESSION_COOKIE_NAME] = session.session_key or ""
    assert second.post("/accounts/verify/code/", {"code": code}).status_code == 422


def test_a_code_is_good_in_the_browser_that_asked_only(
    client: Client, alice: Student, mail_folder: Path
) -> None:
    ask(client)
    code = code_in(mail_folder)
    stranger = Client()
    assert stranger.post("/accounts/verify/code/", {"code": code}).headers["Location"] == "/accounts/verify/"
    ask(stranger, name="somebody else")
    assert stranger.post("/accounts/verify/code/", {"code": code}).status_code == 422


def test_hit_and_miss_look_the_same(alice: Student, mail_folder: Path) -> None:
    gone = Student.objects.create(
        student_number="2019000001", name="박찰리", email="c@univ.example", status="gone"
    )
    typed = [
        (NUMBER, "김앨리스"),
        (NUMBER, "이앨리스"),
        ("2099999999", "김앨리스"),
        (gone.student_number, "박찰리"),
    ]
    seen = []
    for number, name in typed:
        client = Client()
        ask(client, number, name)
        page = client.get("/accounts/verify/code/")
        miss = client.post("/accounts/verify/code/", {"code": "000000"})
        seen.append([without_tokens(page.content), miss.status_code, without_tokens(miss.content)])
    assert all(one == seen[0] for one in seen)
    assert VerificationAttempt.objects.count() == OutgoingMail.objects.count() == len(typed)
    assert ProcrastinateJob.objects.count() == 1
    work_jobs()
    assert len(mails(mail_folder)) == 1


def without_tokens(page: bytes) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page.decode())


def test_without_consent_nothing_is_recorded(client: Client, alice: Student) -> None:
    page = client.get("/accounts/verify/").content.decode()
    assert page.index('id="notice"') < page.index('name="number"')
    assert client.post("/accounts/verify/", {"number": NUMBER, "name": "김앨리스"}).status_code == 422
    assert not VerificationAttempt.objects.exists()
    assert not ProcrastinateJob.objects.exists()


def test_a_foreign_name_matches_with_other_spacing_and_case(client: Client, mail_folder: Path) -> None:
    Student.objects.create(student_number="2025777777", name="NGUYEN VAN AN", email="an@univ.example")
    ask(client, "２０２５ 777-777", "Nguyen VanAn")
    assert code_in(mail_folder)
    assert name_key("Nguyen VanAn") == name_key("NGUYEN VAN AN")


def test_the_way_back_leads_to_our_own_pages_only(client: Client, alice: Student, mail_folder: Path) -> None:
    client.post(
        "/accounts/verify/",
        {"number": NUMBER, "name": "김앨리스", "consent": "on", "next": "https://evil.example/"},
    )
    response = client.post("/accounts/verify/code/", {"code": code_in(mail_folder)})
    assert response.headers["Location"] == "/"


def test_log_out_ends_this_device_only(alice: Student, mail_folder: Path) -> None:
    laptop, phone = Client(), Client()
    for device in (laptop, phone):
        ask(device)
        device.post("/accounts/verify/code/", {"code": code_in(mail_folder)})
    assert laptop.get("/accounts/logout/").status_code == 405
    laptop.post("/accounts/logout/")
    assert not laptop.cookies[PASS_COOKIE].value
    assert StudentSession.objects.filter(ended_at=None).count() == 1
    assert phone.get("/accounts/verify/").status_code == 302  # still logged in
    assert laptop.get("/accounts/verify/").status_code == 200
    log_out_everywhere(alice)
    assert phone.get("/accounts/verify/").status_code == 200
    alice.refresh_from_db()
    assert alice.generation == 2
