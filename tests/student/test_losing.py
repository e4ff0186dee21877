"""Why a student lost: their own arrival, when the last ticket went, and what came free later."""

import pytest
from django.core.cache import caches
from django.test import Client

from tests.admin.conftest import Away
from tests.factories import Player, make_event, make_players, settle
from tests.waiting.test_pages import DOOR, browser, page_of, text_of
from ticketing.models import Claim, Event, Mode

pytestmark = [pytest.mark.servers, pytest.mark.django_db]


def document_of(event: Event) -> dict[str, dict[str, object]]:
    caches["process"].clear()
    answer = Client().get(f"/api/events/{event.pk}/").json()
    return {zone["name"]: zone for zone in answer["zones"]}


def figures_of(player: Player) -> tuple[int, int]:
    claim = Claim.objects.filter(student=player.student).earliest("arrival")
    return claim.arrival, claim.elapsed_ms


def seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}"


def test_a_loser_sees_how_far_behind_the_last_ticket_they_were(mode: Mode) -> None:
    event = make_event({"A": 2})
    alice, bob, charlie, dora = make_players(["alice", "bob", "charlie", "dora"])
    for player in (alice, bob, charlie, dora):
        DOOR.claim(player, event.pk, "A")
    settle()
    (last, at), (own, own_at) = figures_of(bob), figures_of(dora)
    assert (last, own) == (2, 4)
    for _reload in range(2):
        text = text_of(browser(dora).get(page_of(event)))
        assert f"You arrived as number 4 Seconds after the opening {seconds(own_at)}" in text
        assert f"A: the last ticket went to arrival number 2, {seconds(at)} s after the opening." in text
        assert f"You arrived {seconds(own_at - at)} s later, 2 behind in the order." in text
        assert "came free" not in text


def test_a_place_that_came_back_later_is_told_beside_it(mode: Mode) -> None:
    event = make_event({"A": 1}, waitlist_size=0)
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    won = DOOR.claim(alice, event.pk, "A")
    DOOR.claim(bob, event.pk, "A")
    settle()
    DOOR.cancel(alice, won.body["ticket"])
    settle()
    DOOR.claim(charlie, event.pk, "A")
    settle()
    text = text_of(browser(bob).get(page_of(event)))
    assert "A: the last ticket went to arrival number 1, " in text
    assert "1 behind in the order." in text
    assert "It went to arrival number 3, who pressed then." in text


def test_the_public_document_tells_last_tickets_of_full_zones_only(mode: Mode) -> None:
    event = make_event({"A": 1, "B": 2})
    (alice, bob) = make_players(["alice", "bob"])
    DOOR.claim(alice, event.pk, "A")
    DOOR.claim(bob, event.pk, "B")
    settle()
    zones = document_of(event)
    arrival, elapsed_ms = figures_of(alice)
    assert zones["A"]["last_ticket"] == {"arrival": arrival, "elapsed_ms": elapsed_ms}
    assert zones["A"]["last_returned"] is None
    assert zones["B"]["last_ticket"] is None, "somebody can still win there"


def test_a_cancelled_ticket_is_never_shown_as_held(in_redis: Mode) -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    code = DOOR.claim(alice, event.pk, "A").body["ticket"]
    settle()  # the row says held
    page = browser(alice).post(f"/tickets/{code}/cancel/", follow=True)  # nobody writes the row meanwhile
    assert 'class="badge" data-state="cancelled"' in page.content.decode()
    assert "data-ticket" not in page.content.decode()


def test_a_ticket_is_shown_without_redis(in_redis: Mode, redis_away: Away) -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    code = DOOR.claim(alice, event.pk, "A").body["ticket"]
    settle()
    client = browser(alice)
    with redis_away:
        page = client.get(f"/tickets/{code}/")
    assert page.status_code == 200
    assert "<svg" in page.content.decode()


def test_who_leaves_the_waiting_list_is_told_kindly(mode: Mode) -> None:
    event = make_event({"A": 1}, waitlist_size=2)
    alice, bob = make_players(["alice", "bob"])
    for player in (alice, bob):
        DOOR.claim(player, event.pk, "A")
    page = browser(bob).post(f"{page_of(event)}waiting/leave/", follow=True)
    assert "You have left the waiting list." in page.content.decode()
