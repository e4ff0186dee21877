"""The council gives a ticket by hand: past everybody, on record, and never against the promises."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import OutgoingMail, User
from tests.admin.conftest import Away
from tests.admin.desk import DESK, desk_of, errors, press, ticket_of, told
from tests.factories import make_event, make_players, settle
from ticketing import council as acts
from ticketing.allocation.base import Decision
from ticketing.models import Event, Mode, Ticket, WaitingEntry

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
Council = tuple[Client, User]
GIVE = f"{DESK}ticket/give/"
GIVEN = "The ticket is given. It stands in this list in a moment."


def give(client: Client, event: Event, **fields: Any) -> Any:
    sent = {"zone": event.zones.get(name="A").pk, "reason": "배리어프리 좌석"} | fields
    page = client.post(GIVE, sent, follow=True)
    settle()
    return page


def test_a_student_is_given_a_ticket_and_waits_no_longer(council: Council, mode: Mode) -> None:
    client, user = council
    event = make_event({"A": 1}, waitlist_size=3)
    alice, bob, charlie = make_players(["alice", "bob", "charlie"], email="someone@uni.example")
    assert [press(player, event).decision for player in (alice, bob, charlie)] == [
        Decision.WON,
        Decision.WAITLISTED,
        Decision.WAITLISTED,
    ]
    event.zones.update(capacity=1)
    settle()
    Event.objects.filter(pk=event.pk).update(paused=True)
    event.zones.update(capacity=2)
    settle()
    assert told(give(client, event, student=charlie.student.student_number)) == GIVEN
    ticket = ticket_of(charlie)
    assert (ticket.status, ticket.arrival, ticket.number) == ("held", None, 2)
    assert (ticket.granted_by, ticket.grant_reason) == (user, "배리어프리 좌석")
    assert WaitingEntry.objects.get(student=charlie.student).status == "promoted"
    assert OutgoingMail.objects.filter(kind="granted", about=ticket.claim_id).count() == 1
    [row] = client.get(f"{DESK}event/").context["cl"].result_list
    assert (row.live, row.given) == (2, 1)


def test_a_guest_is_given_a_ticket_by_name(council: Council, mode: Mode) -> None:
    client, user = council
    event = make_event({"A": 2})
    assert told(give(client, event, guest_name="김초대")) == GIVEN
    ticket = Ticket.objects.get()
    assert (ticket.guest_name, ticket.student, ticket.granted_by) == ("김초대", None, user)
    page = client.get(f"{DESK}ticket/?given=yes").content.decode()
    assert "김초대" in page
    assert "김초대" not in client.get(f"{DESK}ticket/?given=no").content.decode()
    assert "배리어프리 좌석" in client.get(f"{DESK}ticket/{ticket.pk}/change/").content.decode()


def test_a_refusal_stands_at_the_form_in_plain_words(council: Council, mode: Mode) -> None:
    client, _user = council
    event = make_event({"A": 2})
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    assert press(alice, event).decision is Decision.WON
    settle()
    assert acts.bar(event_id=event.pk, student_id=bob.student.pk, actor_id=None, reason="왜")
    words = {
        alice.student.student_number: "This student has a ticket for this event already.",
        bob.student.student_number: "This student is shut out of this event. Lift the bar first.",
    }
    for number, refusal in words.items():
        assert errors(give(client, event, student=number)) == [refusal]
    assert press(charlie, event).decision is Decision.WON
    refusal = "No place of this zone is free. Raise its capacity, or choose another zone."
    assert errors(give(client, event, guest_name="김초대")) == [refusal]
    assert Ticket.objects.filter(status="held").count() == 2


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"guest_name": "  "},
        {"student": "19990101"},
        {"guest_name": "김초대", "reason": ""},
        {"guest_name": "김초대", "zone": ""},
        {"guest_name": "김초대", "student": "alice"},
    ],
)
def test_a_wrong_form_gives_nothing(council: Council, fields: dict[str, str]) -> None:
    event = make_event({"A": 1})
    [alice] = make_players(["alice"])
    if fields.get("student") == "alice":
        fields = fields | {"student": alice.student.student_number}
    assert errors(give(council[0], event, **fields))
    assert not Ticket.objects.exists()


def test_whoever_only_looks_gives_nothing() -> None:
    client, _user = desk_of("council viewer")
    event = make_event({"A": 1})
    assert give(client, event, guest_name="김초대").status_code == 403
    assert GIVE.encode() not in client.get(f"{DESK}ticket/").content
    assert not Ticket.objects.exists()


def test_the_form_of_an_event_leads_to_its_own_zones(council: Council) -> None:
    client, _user = council
    event, other = make_event({"A": 1}, name="이 공연"), make_event({"A": 1}, name="다른 공연")
    address = f"{GIVE}?event={event.pk}"
    assert address.encode() in client.get(f"{DESK}event/{event.pk}/change/").content
    shown = client.get(address).content.decode()
    assert "이 공연 · A" in shown
    assert f"{other.name} · A" not in shown
    assert f"{other.name} · A" in client.get(GIVE).content.decode()


def test_without_redis_nothing_is_given_and_it_says_so(
    council: Council, in_redis: Mode, redis_away: Away
) -> None:
    client, _user = council
    event = make_event({"A": 1})
    with redis_away:
        page = client.post(GIVE, {"zone": event.zones.get().pk, "reason": "왜", "guest_name": "김초대"})
    assert errors(page) == ["The sale cannot be asked now. No ticket was given; please try again."]
    settle()
    assert not Ticket.objects.exists()
