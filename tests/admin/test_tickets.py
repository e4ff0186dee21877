"""The council ends a ticket with a reason, bars and lifts; who did it, when and why is kept and shown."""

import re
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from accounts.models import User
from tests.admin.desk import DESK, EVENTS, change, form_of, press, ticket_of, told
from tests.factories import Player, make_event, make_players, settle
from ticketing.allocation.base import Decision
from ticketing.models import Bar, Event, Place, Zone

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
TICKETS, BARS = f"{DESK}ticket/", f"{DESK}bar/"


@pytest.fixture
def event(request: pytest.FixtureRequest) -> Event:
    """Return a sale; its mode is chosen before it is made, where a test runs in both."""
    if "mode" in request.fixturenames:
        request.getfixturevalue("mode")
    return make_event({"A": 1})


@pytest.fixture
def alice(event: Event) -> Player:
    """Alice holds the only place."""
    [alice] = make_players(["alice"])
    assert press(alice, event).decision is Decision.WON
    settle()
    return alice


def void(client: Client, player: Player, reason: str) -> Any:
    action = {"action": "make_void", "_selected_action": [ticket_of(player).pk], "reason": reason}
    page = client.post(TICKETS, action, follow=True)
    settle()
    return page


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_ticket_is_not_ended_without_a_reason(
    council: tuple[Client, User], alice: Player, reason: str
) -> None:
    page = void(council[0], alice, reason)
    assert told(page) == "Write a reason beside the action first."
    assert ticket_of(alice).status == "held"
    assert not Bar.objects.exists()


@pytest.mark.usefixtures("mode")
def test_a_void_ticket_frees_its_place_and_bars_its_student(
    council: tuple[Client, User], alice: Player, event: Event
) -> None:
    client, user = council
    assert told(void(client, alice, "표를 팔았음")) == "1 ticket is void."
    ticket, bar = ticket_of(alice), Bar.objects.get()
    assert (ticket.status, ticket.actor, ticket.reason) == ("void", user, "표를 팔았음")
    assert (bar.student, bar.event, bar.actor, bar.reason) == (alice.student, event, user, "표를 팔았음")
    assert Place.objects.get().free
    assert press(alice, event).decision is Decision.BARRED
    [bob] = make_players(["bob"])
    assert press(bob, event).decision is Decision.WON
    assert told(void(client, alice, "또")) == "0 tickets are void."
    assert ticket_of(alice).reason == "표를 팔았음"


@pytest.mark.usefixtures("mode")
def test_a_lifted_bar_stays_on_record_and_lets_claim_again(
    council: tuple[Client, User], alice: Player, event: Event
) -> None:
    client, user = council
    void(client, alice, "착오")
    lift = {"action": "lift", "_selected_action": [Bar.objects.get().pk], "reason": " "}
    assert told(client.post(BARS, lift, follow=True)) == "Write a reason beside the action first."
    settle()
    assert Bar.objects.get().lifted_at is None
    lift["reason"] = "확인됨"
    assert told(client.post(BARS, lift, follow=True)) == "1 bar is lifted."
    settle()
    bar = Bar.objects.get()
    assert bar.lifted_at is not None
    assert (bar.reason, bar.lifted_by, bar.lift_reason) == ("착오", user, "확인됨")
    type_of_ticket = type(ticket_of(alice))
    assert press(alice, event).decision is Decision.WON
    settle()
    assert set(type_of_ticket.objects.values_list("status", flat=True)) == {"void", "held"}
    assert told(client.post(BARS, lift, follow=True)) == "0 bars are lifted."


@pytest.mark.usefixtures("mode")
@pytest.mark.django_db(transaction=True)  # what belongs to one request ends with its transaction
def test_the_record_of_a_void_ticket_has_who_when_and_why(
    council: tuple[Client, User], alice: Player
) -> None:
    client, user = council
    began = timezone.now()
    void(client, alice, "표를 팔았음")
    record = apps.get_model("ticketing", "TicketChange").objects.get()
    assert (record.status, record.reason, record.actor) == ("void", "표를 팔았음", user)
    assert began <= record.pgh_created_at <= timezone.now()
    [row] = history(client, f"{TICKETS}{ticket_of(alice).pk}/history/")
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d kim", row)
    assert "Status: void" in row
    assert "Reason: 표를 팔았음" in row


def history(client: Client, address: str) -> list[str]:
    """Return the rows of a history page, without markup."""
    page = client.get(address).content.decode()
    rows = re.findall(r"<tr>\s*<th scope=\"row\">(.*?)</tr>", page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in rows]


@pytest.mark.django_db(transaction=True)  # what belongs to one request ends with its transaction
def test_the_record_of_an_event_has_who_when_and_what(council: tuple[Client, User], event: Event) -> None:
    client, user = council
    zone = event.zones.get()
    sent = form_of(event, paused="on", pause_reason="잠시만요") | {"zones-0-capacity": 5}
    assert client.post(change(event), sent).status_code == 302
    change_of = (
        apps.get_model("ticketing", "EventChange").objects.filter(pgh_obj_id=event.pk).latest("pgh_id")
    )
    assert (change_of.paused, change_of.pgh_context.metadata["user"]) == (True, user.pk)
    Zone.objects.filter(pk=zone.pk).update(capacity=7)  # by a command: nobody of the council
    rows = history(client, f"{EVENTS}{event.pk}/history/")
    assert any("kim Paused: no → yes Public reason of the pause: – → 잠시만요" in row for row in rows), rows
    assert any(f"kim zone {zone.name} Capacity: 1 → 5" in row for row in rows), rows
    assert any(f"– zone {zone.name} Capacity: 5 → 7" in row for row in rows), rows
    assert f"zone {zone.name}" in rows[0], "the newest first"


def test_a_reason_is_shown_as_text(council: tuple[Client, User], alice: Player) -> None:
    client, _user = council
    void(client, alice, "<script>alert(1)</script>")
    for address in (
        BARS,
        f"{TICKETS}{ticket_of(alice).pk}/history/",
        f"{TICKETS}{ticket_of(alice).pk}/change/",
    ):
        page = client.get(address).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page
