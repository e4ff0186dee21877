"""Students log in at the university and are back here as the student of the roster; everybody else is not."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts import consent
from accounts.models import Student, StudentSession, StudentStatus, User, VerificationAttempt
from accounts.passes import PASS_COOKIE
from accounts.verification import UNIVERSITY, available
from tests.gate.cast import make_staff, staff_client
from tests.unit.test_translations import assert_korean
from tests.university.conftest import Provider
from tests.university.people import CLIENT, PEOPLE
from tests.university.visiting import START, come_back, leave, log_in_there, visit
from ticketing.models import Festival

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("known"),
]
Phone = Callable[[], Client]
SECRETS = ("2024123456", "2099000000", "김앨리스", "alice@univ.example")


def problem_of(answer: Any) -> tuple[int, str]:
    """Return status and code of a page that says what went wrong."""
    assert answer.templates[0].name == "accounts/verify_university_problem.html", answer
    return answer.status_code, answer.context["code"]


def nobody_is_in(client: Client) -> bool:
    """Tell whether nothing at all has come of a login."""
    return (
        client.get("/tickets/").status_code == 302
        and PASS_COOKIE not in client.cookies
        and not VerificationAttempt.objects.exists()
        and not StudentSession.objects.exists()
        and not User.objects.exists()
    )


def test_alice_is_logged_in_and_nothing_of_the_university_is_kept(phone: Phone, alice: Student) -> None:
    client = phone()
    answer = visit(client, "alice")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/tickets/")
    assert client.get("/tickets/").status_code == 200
    assert consent.in_force(alice)
    attempt = VerificationAttempt.objects.get()
    assert (attempt.student, attempt.method) == (alice, "university")
    assert attempt.succeeded_at
    assert StudentSession.objects.get().student == alice
    user = User.objects.get()
    assert (user.username, user.email, user.is_staff) == (f"student-{alice.pk}", "", False)
    for model in (SocialAccount, SocialToken, SocialApp, EmailAddress):
        assert not model.objects.exists(), model
    kept = str(dict(client.session))
    assert not [secret for secret in SECRETS if secret in kept]
    assert "socialaccount" not in kept.replace("socialaccount_states", "")


def test_we_ask_for_no_more_than_who_it_is_and_prove_that_it_was_us(phone: Phone) -> None:
    asked = parse_qs(urlsplit(leave(phone())).query)
    assert asked["scope"] == ["openid"]
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["client_id"] == [CLIENT]
    assert len(asked["nonce"][0]) == 32
    assert len(asked["state"][0]) >= 16


def test_without_consent_nobody_is_sent_anywhere(phone: Phone) -> None:
    client = phone()
    answer = client.post(START, {"next": "/"})
    assert answer.status_code == 422
    assert b"Without your consent" in answer.content
    assert b'http-equiv="refresh"' not in answer.content
    assert "sessionid" not in client.cookies


def test_a_shared_computer_forgets_the_login_soon(phone: Phone, alice: Student) -> None:
    client = phone()
    assert visit(client, "alice", shared="on").status_code == 302
    session = StudentSession.objects.get()
    assert session.expires_at - session.created_at == timedelta(minutes=30)
    assert client.cookies[PASS_COOKIE]["expires"] == ""


def test_the_number_is_tidied_as_everywhere(phone: Phone, alice: Student) -> None:
    assert visit(phone(), "spaced").status_code == 302
    assert StudentSession.objects.get().student == alice


@pytest.mark.parametrize(
    "evil", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_a_foreign_page_is_never_gone_to(phone: Phone, alice: Student, evil: str) -> None:
    client = phone()
    assert visit(client, "alice", wanted=evil).headers["Location"] == "/"


@pytest.mark.parametrize("who", ["stranger", "gone"])
def test_who_is_not_in_the_roster_is_told_so(
    phone: Phone, alice: Student, who: str, caplog: pytest.LogCaptureFixture
) -> None:
    Student.objects.create(student_number="2019000001", name="졸업생", status=StudentStatus.GONE)
    client = phone()
    with caplog.at_level(logging.INFO):
        assert problem_of(visit(client, who)) == (403, "not_on_roster")
    assert nobody_is_in(client)
    assert PEOPLE[who]["student_number"] not in caplog.text


@pytest.mark.parametrize("who", ["council", "listed", "counted", "blank", "endless", "two-faced"])
def test_a_number_that_is_not_one_text_counts_for_nothing(
    phone: Phone, alice: Student, who: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = phone()
    assert problem_of(visit(client, who)) == (502, "university_failed")
    assert nobody_is_in(client)
    assert "student number" in caplog.text
    assert not [secret for secret in SECRETS if secret in caplog.text]


@pytest.mark.parametrize("who", ["forger", "misled", "late", "elsewhere", "echo", "someone-else"])
def test_a_token_that_is_not_for_this_login_is_refused(
    phone: Phone, alice: Student, who: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = phone()
    assert problem_of(visit(client, who)) == (502, "university_failed")
    assert nobody_is_in(client)
    assert "OAuth2Error" in caplog.text
    assert not [secret for secret in SECRETS if secret in caplog.text]


def test_a_number_never_logs_staff_in(phone: Phone, alice: Student) -> None:
    make_staff("council", username="council")
    client = phone()
    assert problem_of(visit(client, "council"))[0] == 502
    assert client.get("/admin/").status_code == 302
    assert visit(client, "alice").status_code == 302
    assert client.get("/admin/").status_code == 403


def test_staff_who_are_students_leave_their_desk_behind(alice: Student) -> None:
    desk = staff_client(make_staff("council", username="council"))
    desk.handler.enforce_csrf_checks = False
    assert desk.get("/admin/").status_code == 200
    assert visit(desk, "alice").status_code == 302
    assert desk.get("/tickets/").status_code == 200
    assert desk.get("/admin/").status_code == 403


def test_what_one_browser_began_no_other_can_finish(phone: Phone, alice: Student) -> None:
    mallory, victim = phone(), phone()
    callback = log_in_there(leave(mallory), "alice")
    assert problem_of(come_back(victim, callback)) == (403, "login_expired")
    leave(victim)
    assert problem_of(come_back(victim, callback)) == (403, "login_expired")
    assert nobody_is_in(victim)


def test_a_code_of_another_session_is_worth_nothing(phone: Phone, alice: Student) -> None:
    mallory, victim = phone(), phone()
    stolen = parse_qs(urlsplit(log_in_there(leave(victim), "alice")).query)["code"][0]
    state = parse_qs(urlsplit(leave(mallory)).query)["state"][0]
    answer = mallory.get("/accounts/university/callback/", {"code": stolen, "state": state})
    assert problem_of(answer) == (502, "university_failed")
    assert nobody_is_in(mallory)


def test_a_callback_counts_once(phone: Phone, alice: Student) -> None:
    client = phone()
    callback = log_in_there(leave(client), "alice")
    assert come_back(client, callback).status_code == 302
    client.post("/accounts/logout/")
    assert problem_of(come_back(client, callback)) == (403, "login_expired")
    assert client.get("/tickets/").status_code == 302
    assert VerificationAttempt.objects.count() == 1


@pytest.mark.parametrize("sent", [{}, {"state": "forged"}, {"code": "x"}, {"code": "x", "state": "forged"}])
def test_a_forged_return_is_refused(phone: Phone, alice: Student, sent: dict[str, str]) -> None:
    client = phone()
    leave(client)
    answer = client.get("/accounts/university/callback/", sent)
    assert problem_of(answer) == (403, "login_expired")
    assert nobody_is_in(client)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("access_denied", (403, "login_cancelled")),
        ("temporarily_unavailable", (503, "university_unavailable")),
        ("server_error", (503, "university_unavailable")),
        ("invalid_scope", (502, "university_failed")),
        ("2024123456", (502, "university_failed")),
    ],
)
def test_what_the_provider_refuses_is_said(
    phone: Phone, said: str, expected: tuple[int, str], caplog: pytest.LogCaptureFixture
) -> None:
    client = phone()
    state = parse_qs(urlsplit(leave(client, wanted="/events/")).query)["state"][0]
    answer = client.get("/accounts/university/callback/", {"error": said, "state": state})
    assert problem_of(answer) == expected
    assert answer.context["next"] == "/events/"
    assert nobody_is_in(client)
    assert "2024123456" not in caplog.text


def test_a_close_in_the_meantime_closes(phone: Phone, alice: Student) -> None:
    client = phone()
    callback = log_in_there(leave(client), "alice")
    Festival.objects.update(verification_closes_at=timezone.now() - timedelta(seconds=1))
    answer = come_back(client, callback)
    assert (answer.status_code, answer.templates[0].name) == (403, "accounts/verify_closed.html")
    assert nobody_is_in(client)
    assert client.get(START).status_code == client.post(START, {"consent": "on"}).status_code == 403


def test_a_consent_taken_back_in_the_meantime_counts(phone: Phone, alice: Student) -> None:
    client = phone()
    consent.give(alice)
    callback = log_in_there(leave(client), "alice")
    consent.withdraw(alice)
    assert problem_of(come_back(client, callback)) == (403, "login_expired")
    assert not consent.in_force(alice)
    assert nobody_is_in(client)


def test_a_way_that_the_council_takes_away_is_gone(phone: Phone, alice: Student) -> None:
    client = phone()
    callback = log_in_there(leave(client), "alice")
    Festival.objects.update(verification_methods=["mail"])
    for answer in (come_back(client, callback), client.get(START), client.post(START, {"consent": "on"})):
        assert answer.status_code == 404
    assert nobody_is_in(client)


def test_a_way_that_is_not_set_up_is_not_there(phone: Phone, settings: Settings) -> None:
    settings.OIDC_SERVER = ""
    client = phone()
    assert UNIVERSITY.way not in available()
    for path in (START, "/accounts/university/callback/?code=x&state=y"):
        assert client.get(path).status_code == 404
    assert START not in client.get("/accounts/verify/").content.decode()


def test_none_of_the_librarys_other_pages_are_there(phone: Phone) -> None:
    client = phone()
    for path in (
        "/accounts/university/login/",
        "/accounts/social/signup/",
        "/accounts/3rdparty/",
        "/accounts/oidc/university/login/",
        "/accounts/oidc/university/login/callback/",
    ):
        assert client.get(path).status_code == 404
    assert client.post("/accounts/university/callback/").status_code == 405


def test_whoever_is_logged_in_needs_no_login(phone: Phone, alice: Student) -> None:
    client = phone()
    visit(client, "alice")
    assert client.get(f"{START}?next=/tickets/").headers["Location"] == "/tickets/"


def test_pages_are_korean_without_a_word_of_english(alice: Student, known: Provider) -> None:
    client = Client()
    pages = [client.get(START), client.post(START, {"consent": "on"}), visit(client, "stranger")]
    pages.append(client.get("/accounts/university/callback/"))
    for page in pages:
        assert_korean(page.content.decode())
