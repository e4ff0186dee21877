"""C5: what happened to one student is found by number or name, with a reason that is recorded."""

from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tests.admin.desk import desk_of, press, ticket_of
from tests.factories import make_event, make_players, make_student, settle
from tests.gate.cast import code_of, scan
from ticketing.allocation import Gift
from ticketing.council import bar, grant, lift_bar, void
from ticketing.models import Bar, Mode, StudentLook, Ticket, WaitingEntry
from ticketing.signing import TicketCode

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
PAGE = "/council/students/"


@pytest.fixture
def council() -> tuple[Client, User]:
    return desk_of("council")


def look(client: Client, **sent: Any) -> str:
    answer = client.post(PAGE, {"reason": "이의 제기"} | sent)
    assert answer.status_code == 200
    return answer.content.decode()


def test_everything_about_a_student_is_shown_and_recorded(mode: Mode, council: tuple[Client, User]) -> None:
    client, user = council
    first, second = (
        make_event({"A": 1}, name="첫째 밤"),
        make_event({"B": 0}, name="둘째 밤", waitlist_size=3),
    )
    alice, bob = make_players(["앨리스", "밥"])
    for event in (first, second):
        press(alice, event)
    press(bob, first)
    settle()
    scan(code_of(ticket_of(alice)), gate="정문")
    scan(code_of(ticket_of(alice)), gate="후문")
    code = TicketCode(ticket_of(alice).code)
    void(code=code, event_id=first.pk, actor_id=user.pk, reason="양도")
    settle()
    page = look(client, wanted=alice.student.student_number)
    for words in (
        "첫째 밤",
        "둘째 밤",
        str(code),
        "정문",
        "후문",
        "already used",
        "양도",
        "on the waiting list",
    ):
        assert words in page, words
    assert "Lift the bar" in page
    assert "Take off the waiting list" in page
    assert "Void this ticket" not in page
    record = StudentLook.objects.get()
    assert (record.by, record.student, record.whole, record.reason) == (
        user,
        alice.student,
        True,
        "이의 제기",
    )
    assert "sold out" in look(client, wanted=bob.student.name)


def test_of_several_of_one_name_each_who_is_shown_is_recorded(council: tuple[Client, User]) -> None:
    client, _user = council
    one, other = make_student("김대동"), make_student("김대동")
    make_student("김대")
    page = look(client, wanted="김 대동")
    assert one.student_number in page
    assert other.student_number in page
    assert {(its.student_id, its.whole) for its in StudentLook.objects.all()} == {
        (one.pk, False),
        (other.pk, False),
    }
    assert "has not pressed" in look(client, student=one.pk)
    assert StudentLook.objects.filter(student=one, whole=True).count() == 1


def test_nobody_is_found_by_a_part_and_that_is_recorded_too(council: tuple[Client, User]) -> None:
    client, _user = council
    student = make_student("김대동")
    for part in (student.student_number[:-1], "김대", "%"):
        assert "Nobody on the roster" in look(client, wanted=part)
    assert StudentLook.objects.filter(student=None, whole=False).count() == 3


@pytest.mark.parametrize(
    "sent",
    [{"wanted": "김대동", "reason": ""}, {"wanted": "", "reason": "왜"}, {"wanted": "김", "reason": " "}],
)
def test_without_a_reason_or_a_name_nothing_is_shown(
    council: tuple[Client, User], sent: dict[str, str]
) -> None:
    student = make_student("김대동")
    answer = council[0].post(PAGE, sent)
    assert answer.status_code == 400
    assert student.student_number not in answer.content.decode()
    assert not StudentLook.objects.exists()


def test_a_number_in_the_address_looks_nobody_up(council: tuple[Client, User]) -> None:
    student = make_student("앨리스")
    answer = council[0].get(PAGE, {"wanted": student.student_number, "reason": "왜"})
    assert "앨리스" not in answer.content.decode()
    assert not StudentLook.objects.exists()


def test_the_acts_beside_what_is_shown_are_done_with_their_reason(
    mode: Mode, council: tuple[Client, User]
) -> None:
    client, user = council
    event, full = make_event({"A": 2}), make_event({"A": 0}, waitlist_size=1)
    (alice,) = make_players(["앨리스"])
    press(alice, event)
    press(alice, full)
    settle()
    page = look(client, wanted="앨리스")
    assert page.count('name="action" value="make_void"') == page.count('value="take_off"') == 1
    tickets, waiting, bars = (f"/admin/ticketing/{name}/" for name in ("ticket", "waitingentry", "bar"))
    entry = WaitingEntry.objects.get()
    act = {"reason": "왜"}
    client.post(tickets, {"action": "make_void", "_selected_action": str(ticket_of(alice).pk)} | act)
    client.post(waiting, {"action": "take_off", "_selected_action": str(entry.pk)} | act)
    settle()
    assert (Ticket.objects.get().status, Ticket.objects.get().actor) == ("void", user)
    assert WaitingEntry.objects.get().status == "removed"
    client.post(bars, {"action": "lift", "_selected_action": str(Bar.objects.get().pk)} | act)
    settle()
    assert Bar.objects.get().lift_reason == "왜"


def test_who_only_looks_is_offered_no_act(council: tuple[Client, User]) -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["앨리스"])
    press(alice, event)
    page = look(desk_of("council viewer", "viewer")[0], wanted="앨리스")
    assert "<details" not in page
    assert "Give a ticket" not in page


def test_a_student_with_much_costs_what_one_with_little_costs(council: tuple[Client, User]) -> None:
    client, user = council
    (alice,) = make_players(["앨리스"])
    found = []
    for nights in (1, 5):
        for _ in range(nights):
            event = make_event({"A": 1})
            who: dict[str, Any] = {
                "event_id": event.pk,
                "student_id": alice.student.pk,
                "actor_id": user.pk,
                "reason": "왜",
            }
            press(alice, event)
            scan(code_of(Ticket.objects.get(event=event)))
            bar(**who)
            lift_bar(**who)
            full = make_event({"A": 0}, waitlist_size=1)
            press(alice, full)
            zone = make_event({"A": 1}).zones.get()
            grant(Gift(zone.event_id, zone.pk, alice.student.pk, "", user.pk, "왜"))
        caches["process"].clear()  # what every page shows is asked once a second: here each time
        with CaptureQueriesContext(connection) as seen:
            look(client, wanted="앨리스")
        found.append(len(seen))
    assert found[0] == found[1]
    assert found[0] <= 24
