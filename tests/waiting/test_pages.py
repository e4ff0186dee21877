"""What students see of a waiting list, without a script: where they stand, what happens next, offers, leaving."""

import re
from datetime import time, timedelta
from html import unescape
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client
from django.utils import timezone

from tests.admin.conftest import Away
from tests.contract.acts import end_offers
from tests.contract.doors import Answer, InProcess
from tests.eligibility.test_page import browser_of
from tests.factories import Player, make_event, make_players, settle
from ticketing.models import Event, Mode, WaitingEntry

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
DOOR = InProcess()
OFFERS = {"promotion": "offer", "offer_minutes": 45}
# Alice holds, bob and charlie wait.
Sale = tuple[Event, Player, Player, Player, Answer]


def sale_of(**fields: Any) -> Sale:
    event = make_event({"A": 1}, name="첫째 밤", **{"waitlist_size": 5} | fields)
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    won, *_waiting = (DOOR.claim(player, event.pk, "A") for player in (alice, bob, charlie))
    return event, alice, bob, charlie, won


def browser(player: Player) -> Client:
    client = browser_of(player)
    client.cookies["django_language"] = "en"
    return client


def page_of(event: Event) -> str:
    return f"/events/{event.pk}/"


def text_of(page: Any) -> str:
    caches["process"].clear()  # what a process remembers for a second is none of these tests' business
    return unescape(" ".join(re.sub(r"<[^>]*>", " ", result_of(page)).split()))


def result_of(page: Any) -> str:
    """Return the part of an event's page that tells the answer, or the whole of another page."""
    markup = page.content.decode()
    found = re.search(r'id="result".*?(?=<form class="panel"|<section class="panel)', markup, re.DOTALL)
    return found[0] if found else markup.partition("<main")[2]


def free(won: Answer, alice: Player) -> None:
    """Let alice give her ticket back."""
    assert DOOR.cancel(alice, won.body["ticket"]).kind == "cancelled"
    settle()


def test_who_presses_without_a_place_sees_the_position_and_what_happens_next(mode: Mode) -> None:
    event, _alice, _bob, charlie, _won = sale_of()
    (dora,) = make_players(["dora"])
    client = browser(dora)
    text = text_of(client.post(page_of(event), {"zones": ["A"]}, follow=True))
    assert "You are on the waiting list Position 3 You arrived as number 4" in text
    assert "When it is your turn the ticket is yours at once, and we send you a mail." in text
    assert "Position 2" in text_of(browser(charlie).get(page_of(event)))
    shown = client.get(page_of(event)).content.decode()
    assert f'href="{page_of(event)}waiting/leave/"' in shown
    assert 'id="claim"' not in shown, "nothing is to be pressed any more"


def test_the_terms_of_the_list_stand_in_plain_words(mode: Mode) -> None:
    last = timezone.now().replace(microsecond=0) + timedelta(hours=5)
    event, _alice, bob, _charlie, _won = sale_of(
        **OFFERS, quiet_from=time(23), quiet_until=time(8), promotions_end_at=last
    )
    text = text_of(browser(bob).get(page_of(event)))
    assert "When it is your turn we send you a mail and keep the place for 45 minutes." in text
    assert "Nobody moves up from 23:00 to 08:00. These hours do not count for an offer." in text
    assert re.search(rf"After .*{timezone.localtime(last):%H:%M} nobody moves up any more\.", text)


def test_who_moves_up_at_once_sees_the_ticket(mode: Mode) -> None:
    event, alice, bob, _charlie, won = sale_of()
    free(won, alice)
    text = text_of(browser(bob).get(page_of(event)))
    assert "You got it! Zone A Number 1" in text


def test_an_offer_is_accepted_by_a_button_before_its_deadline(mode: Mode) -> None:
    event, alice, bob, charlie, won = sale_of(**OFFERS)
    free(won, alice)
    client = browser(bob)
    shown = client.get(page_of(event))
    until = WaitingEntry.objects.get(student=bob.student).offer_until
    assert until is not None
    text = text_of(shown)
    assert "A place is kept for you Zone A Number 1" in text
    assert f"{timezone.localtime(until):%H:%M:%S}" in text
    assert f'action="{page_of(event)}waiting/accept/"' in shown.content.decode()
    assert "Nothing is offered to you now" in text_of(
        browser(charlie).post(f"{page_of(event)}waiting/accept/")
    )
    assert "You got it! Zone A Number 1" in text_of(
        client.post(f"{page_of(event)}waiting/accept/", follow=True)
    )
    settle()
    assert WaitingEntry.objects.get(student=bob.student).status == "promoted"


def test_an_offer_that_lapsed_says_so_and_lets_press_again(mode: Mode) -> None:
    event, alice, bob, _charlie, won = sale_of(**OFFERS)
    free(won, alice)
    end_offers(event)
    client = browser(bob)
    page = client.post(f"{page_of(event)}waiting/accept/")
    assert page.status_code == 409
    assert "Your offer has ended" in text_of(page)
    settle()
    page = client.get(page_of(event))
    assert "Your offer has ended" in text_of(page)
    assert 'id="claim"' in page.content.decode()
    assert "Position 2" in text_of(client.post(page_of(event), {"zones": ["A"]}, follow=True))


def test_leaving_asks_first_and_moves_the_others_up(mode: Mode) -> None:
    event, _alice, bob, charlie, _won = sale_of()
    client, leave = browser(bob), f"{page_of(event)}waiting/leave/"
    assert "Leave the waiting list? 첫째 밤 position 1" in text_of(client.get(leave))
    settle()
    assert WaitingEntry.objects.get(student=bob.student).status == "waiting", "to ask changes nothing"
    page = client.post(leave, follow=True)
    assert "waiting list" not in text_of(page)
    assert 'id="claim"' in page.content.decode()
    settle()
    assert WaitingEntry.objects.get(student=bob.student).status == "left"
    assert "Position 1" in text_of(browser(charlie).get(page_of(event)))
    for again in (client.get(leave), client.post(leave)):
        assert (again.status_code, again["Location"]) == (303, f"{page_of(event)}#result")


def test_who_does_not_wait_is_led_back(mode: Mode) -> None:
    event, alice, _bob, _charlie, _won = sale_of()
    (dora,) = make_players(["dora"])
    for player in (alice, dora):
        for answer in (
            browser(player).get(f"{page_of(event)}waiting/leave/"),
            browser(player).post(f"{page_of(event)}waiting/leave/"),
        ):
            assert answer.status_code == 303


def test_my_tickets_lists_what_is_waited_for(mode: Mode) -> None:
    event, alice, bob, charlie, won = sale_of(**OFFERS)
    settle()
    text = text_of(browser(charlie).get("/tickets/"))
    assert "Position 2 Waiting 첫째 밤" in text
    assert "No ticket yet" not in text
    free(won, alice)
    assert "A place is kept for you 첫째 밤 Accept it until" in text_of(browser(bob).get("/tickets/"))
    DOOR.accept(bob, event.pk)
    assert "A place is kept for you" not in text_of(browser(bob).get("/tickets/")), (
        "even before its row has followed"
    )


def test_without_redis_who_waits_is_told_that_the_entry_stands(in_redis: Mode, redis_away: Away) -> None:
    _event, _alice, bob, _charlie, _won = sale_of()
    settle()
    client = browser(bob)
    with redis_away:
        page = client.get("/tickets/")
    assert page.status_code == 200
    assert "Your position cannot be asked now. You are still on the list." in text_of(page)


def test_a_sold_out_sale_with_a_list_invites_to_wait(mode: Mode) -> None:
    (dora,) = make_players(["dora"])
    for size, words in ((5, "Join the waiting list"), (0, "Try for a returned ticket")):
        event, *_rest = sale_of(waitlist_size=size)
        caches["process"].clear()
        assert words in browser(dora).get(page_of(event)).content.decode()
