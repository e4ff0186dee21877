"""A real browser: what changes by itself on a student's page, and what works without a script."""

import re
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Live
from tests.factories import make_event, make_players, settle
from tests.waiting.test_browser import fits, phone
from tests.waiting.test_pages import DOOR
from ticketing.models import Event, Mode

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.servers, pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MINUTES = 3 * 60 * 1000
MOST_BYTES = 60_000


def test_who_loses_sees_at_once_how_far_behind(mode: Mode, live: Live, browser: "Browser") -> None:
    event = make_event({"A": 1})
    alice, bob = make_players(["앨리스", "밥"])
    DOOR.claim(alice, event.pk, "A")
    settle()
    with phone(browser, live, bob) as page:
        page.goto(f"{live.url}/events/{event.pk}/")
        page.locator("[data-press]:enabled").click()
        lines = page.locator("#result [data-last-tickets] li")
        lines.first.wait_for()
        said = lines.all_inner_texts()
        assert len(said) == 1
        assert "1번째로 도착한 사람" in said[0]
        assert fits(page)
        settle()
        page.reload()
        assert lines.all_inner_texts() == said, "the same after a reload"


def test_a_waiting_position_moves_by_itself(mode: Mode, live: Live, browser: "Browser") -> None:
    event = make_event({"A": 1}, waitlist_size=3)
    alice, bob, charlie = make_players(["앨리스", "밥", "찰리"])
    won, *_waiting = (DOOR.claim(player, event.pk, "A") for player in (alice, bob, charlie))
    settle()
    with phone(browser, live, charlie) as page:
        page.clock.install()
        page.goto(f"{live.url}/events/{event.pk}/")
        position = page.locator('#result [data-fill="position"]')
        assert position.inner_text() == "2"
        DOOR.leave(bob, event.pk)
        page.clock.fast_forward(MINUTES)
        page.wait_for_function(
            "() => document.querySelector('#result [data-fill=\"position\"]').textContent === '1'"
        )
        DOOR.cancel(alice, won.body["ticket"])
        page.clock.fast_forward(MINUTES)
        page.locator("#result [data-ticket]").wait_for()


def test_a_paused_sale_goes_on_by_itself(mode: Mode, live: Live, browser: "Browser") -> None:
    event = make_event({"A": 1}, paused=True, pause_reason="비가 옵니다")
    (alice,) = make_players(["앨리스"])
    with phone(browser, live, alice) as page:
        page.clock.install()
        page.goto(f"{live.url}/events/{event.pk}/")
        page.locator("#result [data-halted]").wait_for()
        page.locator("[data-going-on]").wait_for(state="hidden")
        Event.objects.filter(pk=event.pk).update(paused=False)
        settle()
        page.clock.run_for(1100)  # the public document is a second old at most
        page.clock.fast_forward(MINUTES)
        page.locator("#result [data-going-on]").wait_for()
        page.locator("[data-press]:enabled").click()
        page.locator("#result [data-ticket]").wait_for()


def test_without_javascript_a_student_presses_and_has_the_ticket(live: Live, browser: "Browser") -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["앨리스"])
    with phone(browser, live, alice) as known:
        cookies = known.context.cookies()
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 700})
    context.add_cookies(cookies)  # type: ignore[arg-type]  # what a browser gives it takes
    page = context.new_page()
    page.goto(f"{live.url}/events/{event.pk}/")
    page.locator("[data-press]").click()
    assert page.locator('#result [data-fill="number"]').inner_text() == "1"
    page.locator("#result [data-ticket]").click()
    page.locator("[data-qr] svg").wait_for()
    context.close()


def test_an_event_page_is_light(live: Live) -> None:
    event = make_event(dict.fromkeys("ABCDE", 10), opens_in=600)
    (alice,) = make_players(["앨리스"])
    cookies = alice.cookies
    client = live.client(cookies={"sessionid": cookies.session_key, "festival_pass": cookies.claim_pass})
    page = client.get(f"/events/{event.pk}/")
    parts = set(re.findall(r'(?:src|href)="(/static/[^"]+\.(?:css|js|svg))"', page.text))
    assert any("claim" in part for part in parts)
    sizes = {part: len(client.get(part).content) for part in parts} | {"page": len(page.content)}
    assert sum(sizes.values()) < MOST_BYTES, sizes
