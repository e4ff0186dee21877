"""Passes and sessions of students: what is forged, expired or ended opens nothing."""

import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from accounts import consent, sessions
from accounts.models import Student, StudentSession, User
from accounts.passes import PASS_COOKIE, Claimant, read_pass, sign_pass
from accounts.permissions import student_required
from ticketing.models import Festival

pytestmark = [pytest.mark.servers]
DAY = timedelta(days=1)


def session_of(student: Student, *, ends_in: timedelta = DAY) -> StudentSession:
    return StudentSession(id=uuid4(), student=student, expires_at=timezone.now() + ends_in)


ALICE = Student(pk=7, student_number="1", name="alice", generation=3)


def test_a_pass_names_student_session_and_generation() -> None:
    session = session_of(ALICE)
    text = sign_pass(session, ALICE)
    assert read_pass(text) == Claimant(student_id=7, session_id=session.pk, generation=3)
    request = RequestFactory().get("/")
    request.COOKIES[PASS_COOKIE] = text
    assert read_pass(request) == read_pass(text)


@pytest.mark.parametrize("spoil", ["student", "session", "generation", "expiry", "signature"])
def test_a_pass_that_was_changed_is_no_pass(spoil: str) -> None:
    text = sign_pass(session_of(ALICE), ALICE)
    payload, _, signature = text.rpartition(":")
    parts = payload.split(".")
    place = ["student", "session", "generation", "expiry"].index(spoil) if spoil != "signature" else None
    if place is None:
        signature = signature[::-1]
    else:
        parts[place] = "8" + parts[place][1:] if not parts[place].startswith("8") else "9" + parts[place][1:]
    assert read_pass(f"{'.'.join(parts)}:{signature}") is None


@pytest.mark.parametrize("text", [None, "", ":", "x", "1.2.3.4", "a:b:c", "9" * 5000, "\0", "７.８.９.１:x"])
def test_what_is_no_pass_is_none(text: str | None) -> None:
    assert read_pass(text) is None


def test_a_pass_ends_with_its_session(monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_of(ALICE, ends_in=timedelta(seconds=100))
    text = sign_pass(session, ALICE)
    ends = session.expires_at.timestamp()
    monkeypatch.setattr(time, "time", lambda: ends - 2)
    assert read_pass(text) is not None
    monkeypatch.setattr(time, "time", lambda: ends)
    assert read_pass(text) is None


def test_a_pass_outlives_the_rotation_of_its_key_and_not_its_removal(settings: Settings) -> None:
    old, new = "old-signing-key-0123456789-0123456789", "new-signing-key-0123456789-0123456789"
    settings.SIGNING_KEYS = [old]
    text = sign_pass(session_of(ALICE), ALICE)
    settings.SIGNING_KEYS = [new, old]
    assert read_pass(text) is not None
    assert read_pass(sign_pass(session_of(ALICE), ALICE)) is not None
    settings.SIGNING_KEYS = [new]
    assert read_pass(text) is None


def test_a_pass_is_not_signed_by_the_secret_key(settings: Settings) -> None:
    settings.SIGNING_KEYS = [django_settings.SECRET_KEY]
    forged = sign_pass(session_of(ALICE), ALICE)
    settings.SIGNING_KEYS = ["another-signing-key-0123456789-01234"]
    assert read_pass(forged) is None


@pytest.mark.django_db
class TestInTheDatabase:
    @pytest.fixture
    def alice(self) -> Student:
        return Student.objects.create(student_number="2024000001", name="alice", email="a@univ.example")

    def login(self, student: Student, *, client: Client | None = None) -> tuple[Client, HttpRequest]:
        """Log a student in as the page of the code does, and return a client with its cookies."""
        client = client or Client()
        request = RequestFactory().get("/", headers={"User-Agent": "Mozilla/5.0 (iPhone) CriOS/140 Safari/1"})
        request.session, request.user = client.session, AnonymousUser()
        response = HttpResponse()
        sessions.log_in(request, response, student)
        request.session.save()
        client.cookies[django_settings.SESSION_COOKIE_NAME] = request.session.session_key or ""
        client.cookies.update(response.cookies)
        return client, request

    def seen(self, client: Client) -> Student | None:
        """Return who the next request of a client comes from."""
        request = RequestFactory().get("/tickets/")
        request.session = client.session
        return sessions.current_student(request)

    def test_a_login_makes_a_user_without_password_and_a_cookie_for_the_claims(self, alice: Student) -> None:
        client, _ = self.login(alice)
        alice.refresh_from_db()
        assert alice.user is not None
        assert not alice.user.has_usable_password()
        assert "2024000001" not in alice.user.username
        cookie = client.cookies[PASS_COOKIE]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
        session = StudentSession.objects.get()
        assert session.device == "Chrome · iOS"
        assert self.seen(client) == alice
        self.login(alice)
        assert User.objects.count() == 1

    def test_the_student_of_a_session_costs_one_query(
        self, alice: Student, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        client, _ = self.login(alice)
        request = RequestFactory().get("/")
        request.session = client.session
        request.session.get("warm")
        with django_assert_num_queries(1):
            assert sessions.current_student(request) == alice
            assert sessions.current_student(request) == alice

    def test_an_ended_session_is_over_at_the_next_request(self, alice: Student) -> None:
        laptop, _ = self.login(alice)
        phone, _ = self.login(alice)
        StudentSession.objects.order_by("created_at").first().delete()  # type: ignore[union-attr]  # there are two
        assert (self.seen(laptop), self.seen(phone)) == (None, alice)
        StudentSession.objects.update(ended_at=timezone.now())
        assert self.seen(phone) is None

    def test_an_expired_session_and_a_user_shut_out_are_nobody(self, alice: Student) -> None:
        client, _ = self.login(alice)
        User.objects.update(is_active=False)
        assert self.seen(client) is None
        User.objects.update(is_active=True)
        assert self.seen(client) == alice
        past = timezone.now() - DAY
        StudentSession.objects.update(created_at=past - DAY, expires_at=past)
        assert self.seen(client) is None

    def test_log_out_everywhere_ends_all_devices_and_raises_the_generation(self, alice: Student) -> None:
        devices = [self.login(alice)[0] for _ in range(3)]
        bob = Student.objects.create(student_number="2", name="bob")
        other, _ = self.login(bob)
        sessions.log_out_everywhere(alice)
        assert [self.seen(device) for device in devices] == [None] * 3
        assert self.seen(other) == bob
        alice.refresh_from_db()
        assert alice.generation == 2
        fresh, _ = self.login(alice)
        claimant = read_pass(fresh.cookies[PASS_COOKIE].value)
        assert claimant is not None
        assert claimant.generation == 2

    def test_a_second_login_in_one_browser_replaces_the_first(self, alice: Student) -> None:
        client, _ = self.login(alice)
        self.login(alice, client=client)
        assert StudentSession.objects.filter(ended_at=None).count() == 1
        assert self.seen(client) == alice

    def test_a_login_lasts_to_the_end_of_the_festival(self, alice: Student) -> None:
        now = timezone.now()
        Festival.objects.update(ends_at=None)
        assert sessions.ends_at(now) == now + timedelta(days=14)
        Festival.objects.update(ends_at=now + timedelta(days=40))
        assert sessions.ends_at(now) == now + timedelta(days=40)
        _, request = self.login(alice)
        assert request.session.get_expiry_age() > timedelta(days=39).total_seconds()
        Festival.objects.update(ends_at=now - DAY)
        assert sessions.ends_at(now) == now + timedelta(days=14)

    def test_a_stranger_is_led_to_verification_and_back(self, alice: Student) -> None:
        @student_required
        def page(request: HttpRequest, student: Student, number: int) -> HttpResponse:
            return HttpResponse(f"{student.name} {number}")

        request = RequestFactory().get("/tickets/?a=1")
        request.session = Client().session
        response = page(request, 5)
        assert (response.status_code, response["Location"]) == (
            302,
            "/accounts/verify/?next=%2Ftickets%2F%3Fa%3D1",
        )
        client, _ = self.login(alice)
        request = RequestFactory().get("/tickets/")
        request.session = client.session
        response = page(request, 5)
        assert (response.content, response["Cache-Control"]) == (b"alice 5", "private, no-store")

    def test_many_logins_at_once_are_logins(
        self, alice: Student, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        crowd = [alice, *(Student(student_number=f"3{n}", name="x", name_key="x") for n in range(50))]
        Student.objects.bulk_create(crowd[1:])
        before, _ = self.login(alice)
        with django_assert_max_num_queries(15):
            opened = sessions.open_many(crowd, timezone.now() + DAY)
        assert [entry.student for entry in opened] == crowd
        for entry in (opened[0], opened[-1]):
            client = Client(enforce_csrf_checks=True)
            client.cookies[django_settings.SESSION_COOKIE_NAME] = entry.session_key
            client.cookies[django_settings.CSRF_COOKIE_NAME] = entry.csrf
            assert self.seen(client) == entry.student
            claimant = read_pass(entry.claim_pass)
            assert claimant is not None
            assert claimant.student_id == entry.student.pk
            assert StudentSession.objects.filter(pk=claimant.session_id, ended_at=None).exists()
            assert client.get("/accounts/verify/").status_code == 302
            response = client.post("/accounts/logout/", headers={"X-CSRFToken": entry.csrf})
            assert response.status_code == 302
            assert self.seen(client) is None
        assert self.seen(before) == alice  # no other session ended

    def test_consent_is_given_once_and_asked_again_for_a_new_notice(
        self, alice: Student, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        consent.give(alice)
        consent.give(alice)
        consent.give_many([alice])
        assert alice.consents.count() == 1
        assert consent.in_force(alice)
        alice.consents.update(withdrawn_at=timezone.now())
        assert not consent.in_force(alice)
        consent.give(alice)
        monkeypatch.setattr(consent, "CURRENT", "2027-01")
        assert not consent.in_force(alice)
