"""G7: somebody whose phone is dead is found by number or whole name, with a reason, and let in once."""

from collections import Counter
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_event, make_student
from tests.gate.cast import (
    SCANS,
    body,
    code_of,
    end_ticket,
    make_device,
    make_staff,
    make_ticket,
    post,
    scan,
    staff_client,
)
from tests.gate.test_race import at_once
from ticketing.gate_lookups import (
    GOOD_FOR,
    QUOTA,
    QUOTA_WITHIN,
    Found,
    LookUpQuotaSpent,
    LookUpRequest,
    look_up,
)
from ticketing.models import GateLookUp, Scan, Ticket, TicketStatus
from ticketing.models.gate import LookUpKey, Reason, Verdict

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

LOOK_UPS = "/api/gate/look-ups/"


@pytest.fixture
def staff() -> Client:
    return staff_client(make_staff("gate"))


def find(asked: str, *, now: datetime | None = None, **fields: Any) -> Found:
    defaults: dict[str, Any] = {"reason": "배터리", "gate": "A1"}
    return look_up(LookUpRequest(asked=asked, **defaults | fields), now=now)


def ask(client: Client, asked: str, **fields: Any) -> Any:
    return post(client, LOOK_UPS, {"asked": asked, "reason": "배터리", "gate": "A1"} | fields)


def by_look_up(found: Any, code: str) -> dict[str, Any]:
    """Return the body of a scan of a ticket that a look-up has shown."""
    return body(code, mode="lookup", look_up=found["look_up"])


# Finding


@pytest.mark.parametrize("asked", ["2026 0777", "２０２６０７７７", "앨 리스", "앨리스"])
def test_a_ticket_is_found_by_exact_number_or_whole_name(asked: str) -> None:
    ticket = make_ticket(student=make_student("앨리스", student_number="20260777"))
    assert list(find(asked, user=make_staff("gate")).tickets) == [ticket]


@pytest.mark.parametrize("asked", ["2026077", "앨리", "0777", "%", "국어국문학과"])
def test_a_part_finds_nobody(asked: str) -> None:
    make_ticket(student=make_student("앨리스", student_number="20260777"))
    assert list(find(asked, user=make_staff("gate")).tickets) == []


def test_guests_are_found_by_name() -> None:
    ticket = make_ticket(guest_name="초대 손님")
    assert list(find("초대 손님", user=make_staff("gate")).tickets) == [ticket]


def test_the_event_of_the_gate_counts_and_rehearsals_only_when_it_is_one() -> None:
    user, alice = make_staff("gate"), make_student("앨리스")
    here, there, rehearsal = make_event(), make_event(), make_event(rehearsal=True)
    tickets = {event: make_ticket(event, student=alice) for event in (here, there, rehearsal)}
    assert list(find("앨리스", user=user, event=here.pk).tickets) == [tickets[here]]
    assert set(find("앨리스", user=user).tickets) == {tickets[here], tickets[there]}
    assert list(find("앨리스", user=user, event=rehearsal.pk).tickets) == [tickets[rehearsal]]


def test_five_are_shown_at_most_and_the_good_ones_first() -> None:
    event = make_event({"A": 8})
    tickets = [make_ticket(event, student=make_student("김대동")) for _number in range(6)]
    for ticket in tickets[3:]:
        end_ticket(ticket, TicketStatus.CANCELLED)
    found = find("김대동", user=make_staff("gate"))
    assert (len(found.tickets), found.more) == (5, True)
    assert set(found.tickets[:3]) == set(tickets[:3])


# The record


def test_every_look_up_is_kept_with_who_when_why_and_what_it_showed_but_not_with_what_was_asked() -> None:
    ticket, user, now = make_ticket(), make_staff("gate"), timezone.now()
    assert ticket.student
    find(ticket.student.student_number, user=user, now=now, reason="휴대폰이 꺼짐")
    find("없는 사람", user=user, now=now)
    by_number, by_name = GateLookUp.objects.order_by("-key")
    assert (by_number.user, by_number.at, by_number.reason, by_number.gate) == (
        user,
        now,
        "휴대폰이 꺼짐",
        "A1",
    )
    assert (by_number.key, by_number.shown) == (LookUpKey.NUMBER, [ticket.pk])
    assert (by_name.key, by_name.shown) == (LookUpKey.NAME, [])
    assert ticket.student.student_number not in str(vars(by_number))


def test_the_quota_is_for_each_user_and_each_device_and_comes_back() -> None:
    user, now = make_staff("gate"), timezone.now()
    left = [find("없는 사람", user=user, now=now).left for _number in range(QUOTA)]
    assert left == list(range(QUOTA - 1, -1, -1))
    with pytest.raises(LookUpQuotaSpent) as refusal:
        find("없는 사람", user=user, now=now)
    assert refusal.value.retry_after
    assert GateLookUp.objects.count() == QUOTA
    find("없는 사람", user=make_staff("gate", username="other"), now=now)
    find("없는 사람", device=make_device()[0], now=now)
    find("없는 사람", user=user, now=now + QUOTA_WITHIN + timedelta(seconds=1))


@pytest.mark.django_db(transaction=True)
def test_the_quota_is_exact_when_many_ask_at_once() -> None:
    user = make_staff("gate")
    for _number in range(QUOTA - 2):
        find("없는 사람", user=user)
    answers = at_once([partial(find, "없는 사람", user=user)] * 6)
    assert Counter(type(answer) for answer in answers) == {Found: 2, LookUpQuotaSpent: 4}


# Letting in


def test_let_in_by_look_up_is_a_scan_like_every_other(staff: Client) -> None:
    ticket = make_ticket()
    assert ticket.student
    found = ask(staff, ticket.student.student_number).json()
    [shown] = found["results"]
    assert shown["holder"]["name"] == "앨리스"
    assert (shown["zone"], shown["status"], shown["event"]) == ("A", "held", "첫째 밤")
    assert ticket.student.student_number not in str(found)
    asked = by_look_up(found, shown["code"])
    first, again = post(staff, SCANS, asked).json(), post(staff, SCANS, asked).json()
    assert first["verdict"] == again["verdict"] == "admit"
    kept = Scan.objects.get()
    assert (kept.mode, str(kept.look_up_id)) == ("lookup", found["look_up"])
    second = post(staff, SCANS, by_look_up(found, shown["code"])).json()
    assert (second["reason"], second["first_use"]["gate"]) == ("already_used", "A1")
    assert scan(code_of(ticket)).reason == Reason.ALREADY_USED
    assert Ticket.objects.get().status == TicketStatus.USED


def test_a_void_ticket_and_another_event_are_refused_by_look_up_too(staff: Client) -> None:
    void, other = make_ticket(), make_ticket(student=make_student("밥"))
    end_ticket(void, TicketStatus.VOID)
    found = ask(staff, "앨리스").json()
    assert post(staff, SCANS, by_look_up(found, void.code)).json()["reason"] == "void"
    found = ask(staff, "밥").json()
    answer = post(staff, SCANS, by_look_up(found, other.code) | {"event": str(void.event_id)})
    assert answer.json()["reason"] == "wrong_event"


def test_only_what_was_shown_to_the_same_operator_a_moment_ago_is_let_in(staff: Client) -> None:
    ticket, other = make_ticket(), make_ticket(student=make_student("밥"))
    found = ask(staff, "앨리스").json()
    stranger = staff_client(make_staff("gate", username="other"))
    _device, header = make_device()
    refused = [
        post(staff, SCANS, by_look_up(found, other.code)),
        post(staff, SCANS, body(ticket.code, mode="lookup", look_up=str(uuid4()))),
        post(stranger, SCANS, by_look_up(found, ticket.code)),
        post(Client(), SCANS, by_look_up(found, ticket.code), csrf=False, headers=header),
    ]
    GateLookUp.objects.update(at=timezone.now() - GOOD_FOR)
    refused.append(post(staff, SCANS, by_look_up(found, ticket.code)))
    assert [answer.json()["code"] for answer in refused] == ["unknown_look_up"] * 5
    assert not Scan.objects.exists()


def test_a_ticket_s_own_code_without_a_look_up_stays_forged(staff: Client) -> None:
    ticket = make_ticket()
    assert post(staff, SCANS, body(ticket.code)).json()["reason"] == "forged"
    for wrong in ({"mode": "lookup"}, {"mode": "online", "look_up": str(uuid4())}):
        assert post(staff, SCANS, body(ticket.code, **wrong)).json()["code"] == "malformed"


@pytest.mark.django_db(transaction=True)
def test_a_scan_and_a_look_up_at_the_same_instant_let_in_once() -> None:
    from tests.gate.cast import scan_of
    from ticketing.gate import admit

    user = make_staff("gate")
    ticket = make_ticket()
    found = find("앨리스", user=user)
    wanted = [
        scan_of(code_of(ticket), gate="A1"),
        scan_of(ticket.code, gate="B1", user=user, look_up=found.look_up.pk),
    ]
    verdicts = Counter(decision.verdict for decision in at_once([partial(admit, each) for each in wanted]))
    assert verdicts == {Verdict.ADMIT: 1, Verdict.REFUSE: 1}


@pytest.mark.parametrize(
    "wrong", [{"asked": ""}, {"reason": " "}, {"gate": ""}, {"event": "x"}, {"asked": 2026}, {"asked": "a\0"}]
)
def test_what_cannot_be_read_looks_nobody_up(staff: Client, wrong: dict[str, Any]) -> None:
    assert ask(staff, **{"asked": "앨리스"} | wrong).json()["code"] == "malformed"
    assert not GateLookUp.objects.exists()


def test_an_unknown_event_and_a_spent_quota_are_said(staff: Client) -> None:
    assert ask(staff, "앨리스", event=str(uuid4())).json()["code"] == "unknown_event"
    for _number in range(QUOTA):
        ask(staff, "앨리스")
    refused = ask(staff, "앨리스")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert int(refused.headers["Retry-After"]) > 0


def test_look_up_is_the_gate_s_right_and_the_council_reads_the_record() -> None:
    council = staff_client(make_staff("council", username="council"))
    assert ask(council, "앨리스").status_code == 403
    find("앨리스", user=make_staff("gate", username="other"))
    assert "배터리" in council.get("/admin/ticketing/gatelookup/").content.decode()


def test_an_undo_of_an_entry_by_look_up_needs_its_reason(staff: Client) -> None:
    ticket = make_ticket()
    found = ask(staff, "앨리스").json()
    asked = by_look_up(found, ticket.code)
    post(staff, SCANS, asked)
    done = post(staff, f"{SCANS}{asked['scan_id']}/undo/", {"reason": "다른 사람"})
    assert done.status_code == 200
    ticket.refresh_from_db()
    assert ticket.status == TicketStatus.HELD
