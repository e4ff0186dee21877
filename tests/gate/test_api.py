"""The gate's two calls: who may, what is malformed, what is answered."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_event, make_players
from tests.gate.cast import (
    SCANS,
    body,
    code_of,
    make_device,
    make_staff,
    make_ticket,
    post,
    staff_client,
)
from ticketing.models import Scan, Ticket, TicketStatus

pytestmark = [pytest.mark.django_db, pytest.mark.servers]


@pytest.fixture
def staff() -> Client:
    return staff_client(make_staff("gate"))


def undo_address(scan_id: str) -> str:
    return f"{SCANS}{scan_id}/undo/"


def refusal(response: Any) -> tuple[int, str]:
    assert response.headers["Content-Type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == response.status_code
    return response.status_code, document["code"]


# The answers


def test_an_admission_in_the_words_of_the_contract(staff: Client) -> None:
    ticket = make_ticket()
    response = post(staff, SCANS, body(code_of(ticket)))
    assert ticket.student
    number_end = ticket.student.student_number[-4:]
    assert response.status_code == 200
    assert response.json() == {
        "verdict": "admit",
        "reason": None,
        "holder": {"name": "앨리스", "department": "국어국문학과", "student_number_end": number_end},
        "zone": "A",
        "number": 1,
        "first_use": None,
    }
    assert "no-store" in response.headers["Cache-Control"]


def test_a_refusal_in_the_words_of_the_contract(staff: Client) -> None:
    ticket = make_ticket()
    post(staff, SCANS, body(code_of(ticket), gate="A1"))
    answer = post(staff, SCANS, body(code_of(ticket), gate="B2")).json()
    first = Scan.objects.get(gate="A1")
    at = timezone.localtime(first.received_at).isoformat()
    assert (answer["verdict"], answer["reason"]) == ("refuse", "already_used")
    assert answer["first_use"] == {"at": at, "gate": "A1"}
    assert at.endswith("+09:00")


def test_a_forged_code_names_nobody(staff: Client) -> None:
    ticket = make_ticket()
    answer = post(staff, SCANS, body(ticket.code)).json()
    nothing = {"holder": None, "zone": None, "number": None, "first_use": None}
    assert answer == {"verdict": "refuse", "reason": "forged"} | nothing


def test_the_same_scan_id_again_is_the_same_answer(staff: Client) -> None:
    asked = body(code_of(make_ticket()))
    first = post(staff, SCANS, asked)
    again = post(staff, SCANS, asked)
    assert (again.status_code, again.json()) == (200, first.json())
    assert first.json()["verdict"] == "admit"


def test_the_same_scan_id_with_another_code_is_a_conflict(staff: Client) -> None:
    event = make_event()
    alice, bob = make_ticket(event), make_ticket(event)
    asked = body(code_of(alice))
    post(staff, SCANS, asked)
    assert refusal(post(staff, SCANS, asked | {"code": code_of(bob)})) == (409, "scan_id_reused")


def test_a_gate_of_another_event(staff: Client) -> None:
    ticket, tonight = make_ticket(), make_event(name="둘째 밤")
    answer = post(staff, SCANS, body(code_of(ticket), event=str(tonight.pk))).json()
    assert answer["reason"] == "wrong_event"
    assert refusal(post(staff, SCANS, body(code_of(ticket), event=str(uuid4())))) == (404, "unknown_event")
    assert post(staff, SCANS, body(code_of(ticket), event=None)).json()["verdict"] == "admit"


def test_undo_and_its_repetition(staff: Client) -> None:
    ticket = make_ticket()
    asked = body(code_of(ticket))
    post(staff, SCANS, asked)
    first = post(staff, undo_address(asked["scan_id"]), {"reason": "wrong person"})
    again = post(staff, undo_address(asked["scan_id"]), {"reason": "something else"})
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert first.json()["reason"] == "wrong person"
    assert Scan.objects.get().undone_by == Scan.objects.get().user
    assert post(staff, SCANS, body(code_of(ticket))).json()["verdict"] == "admit"


def test_what_cannot_be_undone(staff: Client) -> None:
    asked = body(make_ticket().code)
    post(staff, SCANS, asked)
    reason = {"reason": "wrong person"}
    assert refusal(post(staff, undo_address(asked["scan_id"]), reason)) == (409, "not_undoable")
    assert refusal(post(staff, undo_address(str(uuid4())), reason)) == (404, "unknown_scan")
    assert refusal(post(staff, undo_address("elephant"), reason)) == (404, "unknown_scan")


# Who may


def knock(client: Client, **options: Any) -> tuple[int, str]:
    """Scan a good code and undo a scan: both are refused alike, and the ticket stays as it is."""
    ticket = make_ticket()
    answers = {
        refusal(post(client, SCANS, body(code_of(ticket)), **options)),
        refusal(post(client, undo_address(str(uuid4())), {"reason": "wrong person"}, **options)),
    }
    assert Ticket.objects.get(pk=ticket.pk).status == TicketStatus.HELD
    assert not Scan.objects.exists()
    assert len(answers) == 1
    return answers.pop()


def test_a_stranger_is_asked_to_log_in() -> None:
    assert knock(Client(enforce_csrf_checks=True)) == (401, "login_required")


def test_a_student_may_not() -> None:
    client = Client(enforce_csrf_checks=True)
    cookies = make_players(["찰리"])[0].cookies
    client.cookies["sessionid"], client.cookies["festival_pass"] = cookies.session_key, cookies.claim_pass
    assert knock(client) == (403, "forbidden")


@pytest.mark.parametrize("role", ["council viewer", "council", None])
def test_staff_without_the_role_may_not(role: str | None) -> None:
    assert knock(staff_client(make_staff(role))) == (403, "forbidden")


def test_staff_without_second_factor_may_not() -> None:
    assert knock(staff_client(make_staff("gate"), second_factor=False)) == (403, "forbidden")


def test_staff_that_was_switched_off_is_out(staff: Client) -> None:
    user = make_staff("gate", username="gone")
    client = staff_client(user)
    user.is_active = False
    user.save()
    assert knock(client) == (401, "login_required")


def test_a_page_of_somebody_else_may_not_scan(staff: Client) -> None:
    assert knock(staff, csrf=False) == (403, "csrf_failed")


def test_a_device_scans_and_undoes_by_its_token_without_csrf() -> None:
    device, header = make_device()
    ticket = make_ticket()
    client = Client(enforce_csrf_checks=True)
    asked = body(code_of(ticket))
    assert post(client, SCANS, asked, csrf=False, headers=header).json()["verdict"] == "admit"
    assert Scan.objects.get().device == device
    reason = {"reason": "wrong person"}
    undone = post(client, undo_address(asked["scan_id"]), reason, csrf=False, headers=header)
    assert undone.status_code == 200


def test_a_device_may_not_undo_what_others_scanned(staff: Client) -> None:
    asked = body(code_of(make_ticket()))
    post(staff, SCANS, asked)
    header = make_device()[1]
    response = post(Client(), undo_address(asked["scan_id"]), {"reason": "x"}, csrf=False, headers=header)
    assert refusal(response) == (403, "forbidden")


def test_a_device_that_was_shut_out_is_out() -> None:
    device, header = make_device()
    device.revoked_at = timezone.now()
    device.save()
    assert knock(Client(), csrf=False, headers=header) == (401, "login_required")


@pytest.mark.parametrize(
    "token", ["Bearer", "Bearer ", "Bearer elephant", "bearer é", "Bearer " + "x" * 5000]
)
def test_a_wrong_token_is_out_even_beside_a_good_session(staff: Client, token: str) -> None:
    assert knock(staff, headers={"Authorization": token}) == (401, "login_required")


def test_reading_is_not_offered(staff: Client) -> None:
    assert refusal(staff.get(SCANS)) == (405, "method_not_allowed")


# What is malformed

WRONG_FIELDS: list[dict[str, Any]] = [
    {"scan_id": 5},
    {"scan_id": None},
    {"scan_id": "elephant"},
    {"scan_id": "69372adeec2e4f489442309b08227b97"},
    {"scan_id": ["69372ade-ec2e-4f48-9442-309b08227b97"]},
    {"code": 5},
    {"code": None},
    {"code": True},
    {"code": ""},
    {"code": "x" * 513},
    {"code": "a\0b"},
    {"code": ["x"]},
    {"gate": ""},
    {"gate": "   "},
    {"gate": "x" * 41},
    {"gate": 1},
    {"gate": "a\0b"},
    {"gate": {"name": "A1"}},
    {"scanned_at": ""},
    {"scanned_at": 1790000000},
    {"scanned_at": "2026-05-20"},
    {"scanned_at": "2026-05-20T18:00:00"},
    {"scanned_at": "2026-13-20T18:00:00+09:00"},
    {"scanned_at": "2026-05-20T25:00:00+09:00"},
    {"scanned_at": "0001-01-01T00:00:00+14:00"},
    {"scanned_at": "9999-12-31T23:59:59-14:00"},
    {"scanned_at": "2026-05-20T18:00:00+99:99"},
    {"mode": "offline"},
    {"mode": None},
    {"mode": ["online"]},
    {"mode": {}},
    {"event": 5},
    {"event": "elephant"},
]


@pytest.mark.parametrize("wrong", WRONG_FIELDS, ids=lambda wrong: str(wrong)[:48])
def test_a_field_of_another_form_is_malformed(staff: Client, wrong: dict[str, Any]) -> None:
    response = post(staff, SCANS, body(code_of(make_ticket())) | wrong)
    assert refusal(response) == (400, "malformed")
    assert set(response.json()["errors"]) == set(wrong)
    assert not Scan.objects.exists()


@pytest.mark.parametrize("missing", ["scan_id", "code", "gate", "scanned_at", "mode"])
def test_a_field_that_is_missing_is_malformed(staff: Client, missing: str) -> None:
    asked = body("x")
    del asked[missing]
    assert refusal(post(staff, SCANS, asked)) == (400, "malformed")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"5",
        b"NaN",
        b"\xff\xfe",
        b"[" * 16_000,
        b'{"a":' * 3_000,
        b'{"scan_id": 1, "scan_id": 2}',
        b'{"code": "' + b"x" * 17_000 + b'"}',
        b'{"code": "' + b"x" * 1_100_000 + b'"}',
    ],
    ids=lambda text: repr(text[:20]),
)
def test_a_body_of_another_form_is_malformed(staff: Client, text: bytes) -> None:
    assert refusal(post(staff, SCANS, text)) == (400, "malformed")
    assert refusal(post(staff, undo_address(str(uuid4())), text)) == (400, "malformed")


@pytest.mark.parametrize("field", ["code", "gate"])
def test_lone_surrogates_are_malformed(staff: Client, field: str) -> None:
    text = b'{"%s": "\\ud800", %s' % (field.encode(), body_without(field))
    assert refusal(post(staff, SCANS, text)) == (400, "malformed")


def body_without(field: str) -> bytes:
    return json.dumps({key: value for key, value in body("x").items() if key != field}).encode()[1:]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_another_type_of_body_is_malformed(staff: Client, kind: str) -> None:
    staff.cookies["csrftoken"] = token = "a" * 32
    response = staff.post(SCANS, b"{}", content_type=kind, headers={"X-CSRFToken": token})
    assert refusal(response) == (400, "malformed")


@pytest.mark.parametrize("reason", ["", "  ", None, 5, "x" * 301, "a\0b", ["x"]])
def test_an_undo_needs_a_reason(staff: Client, reason: Any) -> None:
    asked = body(code_of(make_ticket()))
    post(staff, SCANS, asked)
    assert refusal(post(staff, undo_address(asked["scan_id"]), {"reason": reason})) == (400, "malformed")
    assert refusal(post(staff, undo_address(asked["scan_id"]), {})) == (400, "malformed")
    assert Ticket.objects.get().status == TicketStatus.USED
