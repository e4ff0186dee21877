"""A real browser: one student waits, another cancels, and the first has the ticket, at once or by accepting."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Live
from tests.factories import Player, make_event, make_players, settle
from ticketing.models import Mode, Ticket

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.servers, pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@contextmanager
def phone(browser: "Browser", live: Live, player: Player) -> "Iterator[Page]":
    """Open a student's phone, which has logged in."""
    cookies = player.cookies
    context = browser.new_context(viewport={"width": 360, "height": 780}, locale="ko-KR")
    context.add_cookies(
        [
            {"name": "sessionid", "value": cookies.session_key, "url": live.url},
            {"name": "csrftoken", "value": cookies.csrf, "url": live.url},
            {"name": "festival_pass", "value": cookies.claim_pass, "url": live.url},
        ]
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


def fits(page: "Page") -> bool:
    return bool(page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("promotion", ["immediate", "offer"])
def test_who_waits_gets_the_place_that_another_gives_back(
    mode: Mode, promotion: str, live: Live, browser: "Browser"
) -> None:
    event = make_event({"A": 1}, waitlist_size=3, promotion=promotion)
    alice, bob = make_players(["앨리스", "밥"])
    settle()
    with phone(browser, live, alice) as hers, phone(browser, live, bob) as his:
        for page in (hers, his):
            page.goto(f"{live.url}/events/{event.pk}/")
            page.locator("[data-press]:enabled").click()
            page.locator("#result section.result").wait_for()
        assert his.locator('#result [data-fill="position"]').inner_text() == "1"
        his.locator('#result a[href$="/waiting/leave/"]').wait_for()
        assert fits(his)
        settle()
        hers.locator("#result [data-ticket]").click()
        hers.locator('a[href$="/cancel/"]').click()
        hers.locator("form button[type=submit].danger").click()
        hers.wait_for_url("**/tickets/*/")
        settle()  # the rows follow
        hers.reload()
        hers.locator('.badge[data-state="cancelled"]').wait_for()
        his.reload()
        if promotion == "offer":
            assert fits(his)
            his.locator('#result form[action$="/waiting/accept/"] button').click()
        his.locator("#result [data-ticket]").click()
        his.locator("[data-qr] svg").wait_for()
    settle()
    assert Ticket.objects.get(status="held").student == bob.student
