"""Logins that end while Redis decides: it is told at once, not by the loop's next turn."""

import pytest

from accounts import devices
from accounts.sessions import log_out_everywhere
from festival.redis import sale
from tests.contract.doors import InProcess
from tests.factories import log_in, make_event, make_players, make_student, mode_of_events, settle
from ticketing.models import Event, Mode

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def event() -> Event:
    token = mode_of_events.set(Mode.REDIS)
    event = make_event({"A": 3})
    mode_of_events.reset(token)
    return event


def test_a_logout_counts_at_the_next_press_without_the_loop(event: Event) -> None:
    student = make_student("alice")
    laptop, phone = log_in(student)[0], log_in(student)[0]
    settle()
    assert devices.end_one(student, laptop.claimant.session_id)
    door = InProcess()
    assert door.claim(laptop, event.pk, "A").kind == "login_required"
    assert door.claim(phone, event.pk, "A").kind == "won"
    log_out_everywhere(student)
    assert door.claim(phone, event.pk, "A").kind == "login_required"


def test_a_logout_that_redis_was_not_told_of_is_carried_by_the_loop(
    event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    (alice,) = make_players(["alice"])
    settle()
    monkeypatch.setattr("ticketing.allocation.rush.telling.festivals", list)
    log_out_everywhere(alice.student)
    door = InProcess()
    before = door.claim(alice, event.pk, "A").kind
    settle()
    assert (before, door.claim(alice, event.pk, "A").kind) == ("won", "login_required")


def test_a_roster_of_many_marks_is_built_whole(event: Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ticketing.allocation.rush.marks.MOST_MARKS", 3)
    players = make_players(6)
    settle()
    assert sale().hlen(f"{{{event.festival_id}}}:students") == 6 + 1, "and the sentinel"
    door = InProcess()
    assert [door.claim(player, event.pk, "A").kind for player in players[:3]] == ["won"] * 3
