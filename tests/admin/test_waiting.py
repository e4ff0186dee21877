"""The council looks at the waiting list and takes somebody off it, with a reason."""

from typing import Any

import pytest
from django.apps import apps
from django.test import Client

from accounts.models import User
from tests.admin.conftest import Away
from tests.admin.desk import DESK, change, desk_of, errors, form_of, press, told
from tests.admin.test_standing import text_of
from tests.factories import Player, make_event, make_players, settle
from ticketing.allocation.base import Decision
from ticketing.models import Event, Mode, WaitingEntry

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
Council = tuple[Client, User]
WAITING = f"{DESK}waitingentry/"


def queue() -> tuple[Event, Player, Player]:
    """Let alice hold the only place of A; bob waits before charlie."""
    event = make_event({"A": 1, "B": 0}, waitlist_size=5)
    players = make_players(["alice", "bob", "charlie"])
    decisions = [press(player, event).decision for player in players]
    assert decisions == [Decision.WON, Decision.WAITLISTED, Decision.WAITLISTED]
    settle()
    return event, players[1], players[2]


def take_off(client: Client, entry: WaitingEntry, reason: str) -> Any:
    sent = {"action": "take_off", "_selected_action": [str(entry.pk)], "reason": reason}
    page = client.post(WAITING, sent, follow=True)
    settle()
    return page


def positions(page: Any) -> list[tuple[str, str]]:
    shown = page.context["cl"]
    return [(entry.student.name, shown.model_admin.position(entry)) for entry in shown.result_list]


def test_the_list_says_who_waits_for_what_in_which_position(council: Council, mode: Mode) -> None:
    client, _user = council
    _event, _bob, charlie = queue()
    page = client.get(WAITING)
    assert positions(page) == [("bob", "1"), ("charlie", "2")]
    assert page.content.decode().count("A, B") == 2
    assert (
        client.get(f"{WAITING}{WaitingEntry.objects.get(student=charlie.student).pk}/change/").status_code
        == 200
    )
    assert b"add/" not in page.content.partition(b'id="content-main"')[2]
    [row] = client.get(f"{DESK}event/").context["cl"].result_list
    assert (row.waiting_count, row.live) == (2, 1)


def test_whoever_is_taken_off_is_on_record_and_the_others_move_up(council: Council, mode: Mode) -> None:
    client, user = council
    event, bob, _charlie = queue()
    entry = WaitingEntry.objects.get(student=bob.student)
    assert told(take_off(client, entry, " ")) == "Write a reason beside the action first."
    assert told(take_off(client, entry, "대리 신청")) == "1 entry is off the waiting list."
    entry.refresh_from_db()
    assert (entry.status, entry.actor, entry.reason) == ("removed", user, "대리 신청")
    assert positions(client.get(WAITING)) == [("bob", "-"), ("charlie", "1")]
    history = client.get(f"{WAITING}{entry.pk}/history/").content.decode()
    assert "kim" in history.partition("change-history")[2]
    assert "대리 신청" in history
    assert told(take_off(client, entry, "또")) == "0 entries are off the waiting list."
    assert press(bob, event).decision is Decision.WAITLISTED, "taken off is not shut out"


def test_whoever_only_looks_takes_nobody_off(mode: Mode) -> None:
    client, _user = desk_of("council viewer")
    _event, bob, _charlie = queue()
    entry = WaitingEntry.objects.get(student=bob.student)
    take_off(client, entry, "왜")
    entry.refresh_from_db()
    assert entry.status == "waiting"
    assert apps.get_model("ticketing", "WaitingChange").objects.count() == 0


def test_without_redis_nobody_is_taken_off_and_it_says_so(
    council: Council, in_redis: Mode, redis_away: Away
) -> None:
    client, _user = council
    _event, bob, _charlie = queue()
    entry = WaitingEntry.objects.get(student=bob.student)
    with redis_away:
        sent = {"action": "take_off", "_selected_action": [str(entry.pk)], "reason": "왜"}
        page = client.post(WAITING, sent, follow=True)
    assert "The sale cannot be asked now, so the rest was left as it is. Please try again." in told(page)
    settle()
    entry.refresh_from_db()
    assert entry.status == "waiting"


def test_the_form_offers_the_terms_of_the_list_and_shows_them_as_wanted(
    council: Council, in_redis: Mode
) -> None:
    client, _user = council
    event = make_event({"A": 1})
    sent = {"waitlist_size": 7, "promotion": "offer", "offer_minutes": 20, "quiet_from": "23:30"}
    assert errors(client.post(change(event), form_of(event, **sent))) == [
        "Quiet hours need a beginning and another end."
    ]
    page = client.post(change(event), form_of(event, **sent, quiet_until="07:00"))
    assert page.status_code == 302, errors(page)
    text = text_of(client.get(change(event)))
    for words in ("Size of the waiting list 7 0", "Minutes to accept an offer 20 30", "Quiet from 23:30 –"):
        assert words in text
    settle()
    assert "Size of the waiting list 7 0" not in text_of(client.get(change(event)))
