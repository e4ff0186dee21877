"""A phone becomes a device of the gate by the admin's QR: once, for ten minutes, and until it is shut out."""

import re
from datetime import timedelta
from functools import partial
from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from tests.gate.cast import SCANS, body, code_of, make_device, make_staff, make_ticket, post, staff_client
from tests.gate.test_race import at_once
from ticketing import devices
from ticketing.devices import COOKIE, INVITATION_LASTS, InvitationOver, accept, invite, shut_out
from ticketing.models import GateDevice, Scan

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

BECOME = "/gate/device/"
LIST = "/admin/ticketing/gatedevice/"


@pytest.fixture
def council() -> Client:
    client = staff_client(make_staff("council", username="council"))
    client.handler.enforce_csrf_checks = False  # the admin's forms are Django's own
    return client


def become(client: Client, secret: str) -> Any:
    """Press the button as the page does, with its CSRF token."""
    page = client.get(BECOME).content.decode()
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]*)"', page)
    assert found
    return client.post(BECOME, {"secret": secret, "csrfmiddlewaretoken": found[1]})


def new_phone() -> Client:
    return Client(enforce_csrf_checks=True)


def become_device(device: GateDevice) -> Client:
    phone = new_phone()
    assert become(phone, invite(device)).status_code == 302
    return phone


def scans(phone: Client, **options: Any) -> Any:
    return post(phone, SCANS, body(code_of(make_ticket())), **options)


def test_the_admin_shows_a_code_once_and_the_phone_becomes_the_device(
    council: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    real = devices.invite

    def invite_and_tell(device: GateDevice) -> str:
        drawn.append(real(device))
        return drawn[-1]

    monkeypatch.setattr(devices, "invite", invite_and_tell)
    device = make_device()[0]
    page = council.post(LIST, {"action": "invite_phones", "_selected_action": [device.pk]})
    shown = unescape(page.content.decode())
    assert "no-store" in page.headers["Cache-Control"]
    assert "<title>" in shown
    assert 'aria-label="게이트 휴대폰용 QR 코드"' in shown
    assert "http://testserver/gate/device/" in shown
    [secret] = drawn
    assert secret not in shown  # in the picture only, nobody reads it over a shoulder
    assert secret not in str(list(GateDevice.objects.values()))
    assert LogEntry.objects.get().get_change_message()

    phone = new_phone()
    done = become(phone, secret)
    assert (done.status_code, done.headers["Location"]) == (302, "/gate/")
    cookie = done.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
    assert phone.get("/gate/").status_code == 200
    assert scans(phone).json()["verdict"] == "admit"
    kept = Scan.objects.get()
    assert (kept.device, kept.user) == (device, None)


def test_each_device_gets_a_code_of_its_own(council: Client) -> None:
    pair = [make_device("1")[0], make_device("2")[0]]
    council.post(LIST, {"action": "invite_phones", "_selected_action": [device.pk for device in pair]})
    assert len(set(GateDevice.objects.values_list("invitation_digest", flat=True)) - {None}) == 2


def test_looking_at_the_address_spends_nothing() -> None:
    device = make_device()[0]
    secret = invite(device)
    for _preview in range(3):
        assert new_phone().get(BECOME).status_code == 200
        assert new_phone().head(BECOME).status_code == 200
    assert new_phone().post(BECOME, {"secret": secret}).status_code == 403  # without our page's token
    assert become(new_phone(), secret).status_code == 302


def test_a_second_phone_and_a_late_one_are_refused() -> None:
    device = make_device()[0]
    secret = invite(device)
    phone = new_phone()
    assert become(phone, secret).status_code == 302
    late = become(new_phone(), secret)
    assert late.status_code == 403
    assert COOKIE not in late.cookies
    assert scans(phone).status_code == 200
    old = invite(device, now=timezone.now() - INVITATION_LASTS - timedelta(seconds=1))
    for wrong in (old, "", "guess"):
        assert become(new_phone(), wrong).status_code == 403


def test_a_new_code_ends_the_one_before_it() -> None:
    device = make_device()[0]
    first, second = invite(device), invite(device)
    assert become(new_phone(), first).status_code == 403
    assert become(new_phone(), second).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_of_phones_at_the_same_instant_one_becomes_the_device() -> None:
    device = make_device()[0]
    answers = at_once([partial(accept, invite(device))] * 5)
    tokens = [answer for answer in answers if isinstance(answer, str)]
    assert len(tokens) == 1
    assert sum(isinstance(answer, InvitationOver) for answer in answers) == 4
    assert devices.device_of(tokens[0]) == device


def test_the_phone_before_is_out_as_soon_as_the_new_one_is_in() -> None:
    device, header = make_device()
    lost = become_device(device)
    assert post(Client(), SCANS, body("hello"), csrf=False, headers=header).status_code == 401
    secret = invite(device)
    assert scans(lost).status_code == 200
    become(new_phone(), secret)
    assert scans(lost).json()["code"] == "login_required"


def test_a_lost_phone_is_shut_out_at_once_with_its_invitation(council: Client) -> None:
    device = make_device()[0]
    phone, secret = become_device(device), invite(device)
    council.post(LIST, {"action": "shut_out", "_selected_action": [device.pk]})
    assert scans(phone).status_code == 401
    page = phone.get("/gate/")
    assert page.status_code == 403
    assert "앨리스" not in page.content.decode()
    assert phone.get("/api/gate/standing/?gate=A1").status_code == 401
    assert become(new_phone(), secret).status_code == 403
    assert shut_out(GateDevice.objects.all()) == 0


def test_a_phone_sees_the_gate_and_nothing_else_of_the_staffs() -> None:
    phone = become_device(make_device()[0])
    assert phone.get("/gate/").status_code == 200
    for address in ("/admin/", "/admin/ticketing/scan/", "/staff/", "/accounts/booth/"):
        assert phone.get(address).status_code in (302, 403), address
        assert "login" in phone.get(address).headers.get("Location", ""), address


def test_a_phone_s_cookie_alone_writes_nothing() -> None:
    phone = become_device(make_device()[0])
    phone.cookies.pop("csrftoken")
    assert scans(phone, csrf=False).json()["code"] == "csrf_failed"
    assert not Scan.objects.exists()


def test_a_flood_of_guesses_is_refused() -> None:
    flood = Client(enforce_csrf_checks=True, raise_request_exception=False)
    answers = [become(flood, "guess").status_code for _number in range(31)]
    assert answers == [403] * 30 + [429]
