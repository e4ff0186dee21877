"""Staff pages: nobody passes without password and second factor, and everybody is led to what is missing."""

import base64
import re
import time
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from accounts.models import Student, StudentSession, User, VerificationAttempt
from accounts.permissions import DEMO_PROOF, count_as_proven, has_second_factor, staff_required
from accounts.roles import ROLES
from accounts.sessions import open_many

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
PASSWORD = "correct horse battery staple"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code_for(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


@pytest.fixture(autouse=True)
def quick_passwords(settings: Settings) -> None:
    """Hash passwords at once: what is tested here is who gets in, not how long it takes."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def council() -> User:
    """Staff of the council, without second factor yet."""
    user = User.objects.create_user("kim", PASSWORD, is_staff=True, email="kim@council.example")
    user.groups.add(Group.objects.get(name="council"))
    return user


@pytest.fixture
def enrolled(council: User) -> User:
    TOTP.activate(council, SECRET)
    return council


def type_password(client: Client, name: str = "kim", password: str = PASSWORD) -> HttpResponse:
    return client.post("/staff/login/", {"login": name, "password": password, "next": "/admin/"})  # type: ignore[return-value]  # the test client's own class


def type_code(client: Client, code: str) -> HttpResponse:
    return client.post("/staff/second-factor/check/", {"code": code})  # type: ignore[return-value]  # see above


def log_in(client: Client) -> None:
    assert type_password(client)["Location"] == "/staff/second-factor/check/"
    assert type_code(client, code_for(SECRET))["Location"] == "/admin/"


def test_a_stranger_is_led_to_the_staff_login(client: Client) -> None:
    for path in ("/admin/", "/admin/accounts/student/", "/admin/login/", "/staff/"):
        response = client.get(path)
        assert response.status_code == 302
        assert response["Location"].startswith("/staff/login/?next=")
    assert client.post("/admin/login/", {"username": "kim", "password": PASSWORD}).status_code == 302


def test_a_password_alone_opens_nothing(client: Client, enrolled: User) -> None:
    assert type_password(client)["Location"] == "/staff/second-factor/check/"
    assert client.get("/admin/")["Location"].startswith("/staff/login/")
    assert type_code(client, "000000").status_code == 200
    assert client.get("/admin/")["Location"].startswith("/staff/login/")


def test_password_and_second_factor_open_the_admin(client: Client, enrolled: User) -> None:
    log_in(client)
    page = client.get("/admin/")
    assert page.status_code == 200
    assert client.get("/admin/accounts/student/").status_code == 200
    assert client.get("/admin/accounts/user/").status_code == 403  # for administrators only


@pytest.mark.django_db(transaction=True)  # the proof is recorded after the commit
def test_staff_without_second_factor_set_one_up_first(client: Client, council: User) -> None:
    assert type_password(client)["Location"] == "/admin/"
    assert client.get("/admin/")["Location"].startswith("/staff/second-factor/app/")
    page = client.get("/staff/second-factor/app/")
    assert page.status_code == 200
    secret = re.search(r"<code>(\w+)</code>", page.content.decode())
    picture = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', page.content.decode())
    assert secret
    assert picture
    assert b"<svg" in base64.b64decode(picture[1])
    assert client.post("/staff/second-factor/app/", {"code": "000000"}).status_code == 200
    assert client.get("/admin/").status_code == 302
    done = client.post("/staff/second-factor/app/", {"code": code_for(secret[1])})
    assert done["Location"] == "/staff/second-factor/codes/"
    codes = client.get("/staff/second-factor/codes/").content.decode()
    assert len(re.findall(r"<li><code>", codes)) == 10
    assert client.get("/admin/").status_code == 200


def test_a_session_that_skipped_the_second_factor_is_asked_for_it(client: Client, enrolled: User) -> None:
    client.force_login(enrolled)
    response = client.get("/admin/accounts/student/")
    assert response["Location"] == "/staff/second-factor/again/?next=%2Fadmin%2Faccounts%2Fstudent%2F"
    response = client.post(response["Location"], {"code": code_for(SECRET)})
    assert response["Location"] == "/admin/accounts/student/"
    assert client.get("/admin/accounts/student/").status_code == 200


def test_a_removed_device_proves_nothing_any_more(client: Client, enrolled: User) -> None:
    log_in(client)
    Authenticator.objects.all().delete()
    assert client.get("/admin/")["Location"].startswith("/staff/second-factor/app/")


def test_a_proof_is_good_for_twelve_hours(client: Client, enrolled: User, settings: Settings) -> None:
    log_in(client)
    assert settings.STAFF_SESSION_SECONDS == 12 * 3600
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= settings.STAFF_SESSION_SECONDS + 1
    session.save()
    assert client.get("/admin/")["Location"].startswith("/staff/second-factor/again/")


def test_a_recovery_code_works_once(client: Client, council: User) -> None:
    type_password(client)
    secret = re.search(r"<code>(\w+)</code>", client.get("/staff/second-factor/app/").content.decode())
    assert secret
    client.post("/staff/second-factor/app/", {"code": code_for(secret[1])})
    codes = re.findall(r"<li><code>(\w+)</code>", client.get("/staff/second-factor/codes/").content.decode())
    for expected in (302, 200):
        other = Client()
        type_password(other)
        assert type_code(other, codes[0]).status_code == expected


def test_students_and_those_shut_out_cannot_log_in_as_staff(client: Client, enrolled: User) -> None:
    User.objects.create_user("student-1", PASSWORD)
    wrong = type_password(client, "student-1")
    assert wrong.status_code == 200
    unknown = type_password(client, "nobody")
    assert errors(wrong) == errors(unknown)
    User.objects.filter(pk=enrolled.pk).update(is_active=False)
    assert errors(type_password(client)) == errors(unknown)


def errors(page: HttpResponse) -> list[str]:
    return re.findall(r'role="alert"[^>]*>([^<]+)<', page.content.decode())


def test_guessing_passwords_is_slowed_down(client: Client, enrolled: User) -> None:
    for _ in range(5):
        assert type_password(client, password="wrong").status_code == 200
    assert type_password(client).status_code == 200  # the right one, too late
    assert client.get("/admin/").status_code == 302


def test_too_many_logins_of_an_address_get_429_with_a_time(client: Client, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "2/m/ip"}
    for _ in range(2):
        assert type_password(client, "nobody").status_code == 200
    refused = type_password(client, "nobody")
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")


def test_a_student_gets_403_at_staff_pages(client: Client) -> None:
    alice = Student.objects.create(student_number="1", name="alice")
    [login] = open_many([alice], timezone.now() + timedelta(hours=1))
    client.cookies["sessionid"] = login.session_key
    assert client.get("/accounts/verify/").status_code == 302  # logged in as a student
    for path in ("/admin/", "/admin/accounts/student/", "/staff/", "/staff/second-factor/app/"):
        assert client.get(path).status_code == 403


def test_staff_may_log_in_on_a_students_phone_and_that_students_login_ends(
    client: Client, enrolled: User
) -> None:
    alice = Student.objects.create(student_number="1", name="alice")
    [login] = open_many([alice], timezone.now() + timedelta(hours=1))
    client.cookies["sessionid"] = login.session_key
    log_in(client)
    assert client.get("/admin/").status_code == 200
    assert StudentSession.objects.get().ended_at is not None


def test_nobody_can_sign_up_or_ask_for_a_password_by_mail(client: Client) -> None:
    for path in ("signup/", "email/", "password/reset/", "confirm-email/", "password/change/"):
        assert client.get(f"/staff/{path}").status_code == 404


def test_no_staff_page_needs_inline_scripts_or_styles(client: Client, council: User) -> None:
    pages = [client.get("/staff/login/")]
    type_password(client)
    names = ["mfa_activate_totp", "mfa_index", "account_logout", "account_reauthenticate"]
    pages += [client.get(reverse(name)) for name in names]
    secret = re.search(r"<code>(\w+)</code>", pages[1].content.decode())
    assert secret
    client.post("/staff/second-factor/app/", {"code": code_for(secret[1])})
    names = [
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_deactivate_totp",
        "mfa_reauthenticate",
    ]
    pages += [client.get(reverse(name)) for name in names]
    other = Client()
    type_password(other)
    pages.append(other.get(reverse("mfa_authenticate")))
    for page in pages:
        text = page.content.decode()
        assert page.status_code == 200
        assert "unsafe-inline" not in page["Content-Security-Policy"]
        assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", text), text
        assert '<link rel="stylesheet"' in text
        assert "대동제" in text  # the festival's name, not the host's


def test_every_admin_address_is_behind_the_second_factor(client: Client, enrolled: User) -> None:
    client.force_login(enrolled)  # a password's worth of session, no second factor
    paths = [path for path in admin_paths() if path != "/admin/logout/"]
    assert len(paths) > 30
    for path in paths:
        for response in (client.get(path), client.post(path)):
            assert response.status_code in (302, 301), path
            assert response["Location"].startswith(("/staff/", path)), path


def admin_paths() -> list[str]:
    """Return an address for each pattern of the admin."""

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> list[str]:
        found = []
        for pattern in patterns:
            route = prefix + re.sub(r"<[^>]*>", "1", str(pattern.pattern))
            found += walk(pattern.url_patterns, route) if isinstance(pattern, URLResolver) else [route]
        return found

    [admin] = [one for one in get_resolver().url_patterns if str(one.pattern) == "admin/"]
    assert isinstance(admin, URLResolver)
    plain = walk(admin.url_patterns, "/admin/")
    return [path for path in plain if not set(path) & set("^$()?")]


def test_staff_pages_ask_for_the_permission_too(client: Client, enrolled: User, rf: RequestFactory) -> None:
    @staff_required("ticketing.add_scan")
    def page(request: HttpRequest) -> HttpResponse:
        return HttpResponse("gate")

    from django.core.exceptions import PermissionDenied

    log_in(client)
    request = rf.get("/gate/")
    request.session, request.user = client.session, enrolled
    with pytest.raises(PermissionDenied):
        page(request)
    enrolled.groups.add(Group.objects.get(name="gate"))
    request = rf.get("/gate/")
    request.session, request.user = client.session, User.objects.get(pk=enrolled.pk)
    assert page(request).content == b"gate"


def test_the_demos_proof_counts_in_the_demo_only(
    enrolled: User, rf: RequestFactory, settings: Settings
) -> None:
    request = rf.get("/")
    request.session, request.user = Client().session, enrolled
    count_as_proven(request, enrolled, type=DEMO_PROOF)
    assert not has_second_factor(request)
    settings.DEMO = True
    count_as_proven(request, enrolled, type=DEMO_PROOF)
    assert has_second_factor(request)


def test_the_gates_crew_is_led_to_the_gate(client: Client, enrolled: User) -> None:
    log_in(client)
    assert client.get("/staff/")["Location"] == "/admin/"
    enrolled.groups.set([Group.objects.get(name="gate")])
    assert client.get("/staff/")["Location"] == "/gate/"


def test_the_roles_are_kept_by_every_migration_run() -> None:
    def roles() -> dict[str, set[str]]:
        return {
            group.name: {f"{p.content_type.app_label}.{p.codename}" for p in group.permissions.all()}
            for group in Group.objects.all()
        }

    wanted = {name: set(permissions) for name, permissions in ROLES.items()}
    assert roles() == wanted
    Group.objects.get(name="gate").permissions.add(Permission.objects.get(codename="delete_ticket"))
    Group.objects.get(name="council").permissions.clear()
    Group.objects.get(name="council viewer").delete()
    call_command("migrate", verbosity=0)
    assert roles() == wanted


class TestAdmin:
    @pytest.fixture
    def desk(self, client: Client, enrolled: User) -> Client:
        log_in(client)
        return client

    @pytest.fixture
    def administrator(self, client: Client, enrolled: User) -> Client:
        User.objects.filter(pk=enrolled.pk).update(is_superuser=True)
        log_in(client)
        return client

    def people(self, count: int) -> list[Student]:
        students = Student.objects.bulk_create(
            Student(student_number=f"2024{n:06}", name=f"김{n}", name_key=f"김{n}") for n in range(count)
        )
        open_many(students, timezone.now() + timedelta(hours=1))
        VerificationAttempt.objects.bulk_create(
            VerificationAttempt(student=student, expires_at=timezone.now() + timedelta(minutes=9))
            for student in students
        )
        User.objects.bulk_create(User(username=f"staff{n}", is_staff=True) for n in range(count))
        return students

    @pytest.mark.parametrize("model", ["student", "studentsession", "verificationattempt", "consent", "user"])
    def test_a_list_costs_the_same_for_many_rows(
        self, administrator: Client, model: str, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        self.people(80)
        with django_assert_max_num_queries(12):
            assert administrator.get(f"/admin/accounts/{model}/").status_code == 200

    def test_a_student_is_found_and_only_the_status_changes(self, desk: Client) -> None:
        alice, bob = self.people(2)
        page = desk.get("/admin/accounts/student/?q=2024000001").content.decode()
        assert bob.name in page
        assert alice.name not in page
        path = f"/admin/accounts/student/{alice.pk}/change/"
        desk.post(path, {"status": "on_leave", "name": "forged", "student_number": "9"})
        alice.refresh_from_db()
        assert (alice.status, alice.name, alice.generation) == ("on_leave", "김0", 1)
        assert "kim" in desk.get(path).content.decode()  # who changed it
        desk.post(path, {"status": "gone"})
        alice.refresh_from_db()
        assert (alice.generation, alice.sessions.get().ended_at is None) == (2, False)
        assert desk.post("/admin/accounts/student/add/").status_code == 403
        assert desk.post(f"/admin/accounts/student/{alice.pk}/delete/").status_code == 403

    def test_students_are_logged_out_from_the_list(self, desk: Client) -> None:
        alice, bob = self.people(2)
        desk.post(
            "/admin/accounts/student/", {"action": "log_out_everywhere", "_selected_action": [alice.pk]}
        )
        alice.refresh_from_db()
        bob.refresh_from_db()
        assert (alice.generation, bob.generation) == (2, 1)

    @pytest.mark.parametrize("model", ["studentsession", "verificationattempt", "consent"])
    def test_what_happened_cannot_be_edited(self, administrator: Client, model: str) -> None:
        assert administrator.post(f"/admin/accounts/{model}/add/").status_code == 403

    def test_an_administrator_makes_staff_with_a_password(self, administrator: Client) -> None:
        gate = Group.objects.get(name="gate")
        fields = {"username": "lee", "display_name": "이", "password1": PASSWORD, "password2": PASSWORD}
        made = administrator.post("/admin/accounts/user/add/", fields | {"groups": [gate.pk]})
        lee = User.objects.get(username="lee")
        assert made.status_code == 302
        assert (lee.is_staff, lee.is_superuser, [*lee.groups.all()]) == (True, False, [gate])
        assert lee.check_password(PASSWORD)
        short = {"username": "x", "password1": "1", "password2": "1"}
        assert administrator.post("/admin/accounts/user/add/", short).status_code == 200
        assert not User.objects.filter(username="x").exists()

    def test_a_lost_phone_is_shut_out_at_once(self, administrator: Client, enrolled: User) -> None:
        other = User.objects.create_user("lee", PASSWORD, is_staff=True)
        TOTP.activate(other, SECRET)
        administrator.post(
            "/admin/accounts/user/", {"action": "remove_second_factor", "_selected_action": [other.pk]}
        )
        assert not Authenticator.objects.filter(user=other).exists()
        assert Authenticator.objects.filter(user=enrolled).exists()

    def test_secrets_of_second_factors_are_not_shown(self, administrator: Client) -> None:
        assert administrator.get("/admin/mfa/authenticator/").status_code == 404
