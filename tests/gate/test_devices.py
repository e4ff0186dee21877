"""The devices of the gate in the admin."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from tests.gate.cast import SCANS, body, code_of, make_device, make_staff, make_ticket, post, staff_client
from ticketing.devices import device_of
from ticketing.models import GateDevice

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

LIST = "/admin/ticketing/gatedevice/"


@pytest.fixture
def council() -> Client:
    client = staff_client(make_staff("council"))
    client.handler.enforce_csrf_checks = False  # the admin's forms are Django's own
    return client


def shown_token(page: Any) -> str:
    found = re.search(r"<code>([^<]+)</code>", page.content.decode())
    assert found
    return unescape(found[1])


def act(client: Client, action: str, *devices: GateDevice) -> Any:
    keys = [device.pk for device in devices]
    return client.post(LIST, {"action": action, "_selected_action": keys}, follow=True)


def scans(token: str) -> int:
    asked = body(code_of(make_ticket()))
    header = {"Authorization": f"Bearer {token}"}
    status: int = post(Client(), SCANS, asked, csrf=False, headers=header).status_code
    return status


def test_a_new_device_shows_its_token_once(council: Client) -> None:
    page = council.post(f"{LIST}add/", {"name": "lane 1"}, follow=True)
    token = shown_token(page)
    device = GateDevice.objects.get()
    assert device_of(token) == device
    assert token not in str(vars(device))
    assert token not in council.get(LIST).content.decode()
    assert scans(token) == 200


def test_a_lost_device_is_shut_out_by_one_action(council: Client) -> None:
    lost, kept = make_device("lane 1"), make_device("lane 2")
    act(council, "shut_out", lost[0])
    assert scans(lost[1]["Authorization"].removeprefix("Bearer ")) == 401
    assert scans(kept[1]["Authorization"].removeprefix("Bearer ")) == 200


def test_a_new_token_ends_the_old_one_and_lets_in_again(council: Client) -> None:
    device, header = make_device()
    act(council, "shut_out", device)
    token = shown_token(act(council, "give_new_token", device))
    assert scans(token) == 200
    assert scans(header["Authorization"].removeprefix("Bearer ")) == 401


def test_a_device_that_has_scanned_cannot_be_deleted(council: Client) -> None:
    device = make_device()[0]
    assert council.post(f"{LIST}{device.pk}/delete/", {"post": "yes"}).status_code == 403
    assert GateDevice.objects.exists()


def test_a_viewer_looks_and_changes_nothing() -> None:
    device = make_device()[0]
    client = staff_client(make_staff("council viewer"))
    client.handler.enforce_csrf_checks = False
    assert client.get(LIST).status_code == 200
    act(client, "shut_out", device)
    assert client.post(f"{LIST}add/", {"name": "mine"}).status_code == 403
    device.refresh_from_db()
    assert device.revoked_at is None
