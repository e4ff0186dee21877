"""A phone in a real browser after a loss: the page presents the cookie's receipt, else what its script has kept."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from festival.redis import at_each_master
from tests.conftest import Live
from tests.factories import make_event, make_players, settle
from tests.waiting.test_browser import fits, phone
from ticketing.allocation.priming import prime
from ticketing.models import Event, Recovery, RefusedReceipt, Ticket

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.servers, pytest.mark.browser, pytest.mark.django_db(transaction=True)]
KEPT = "() => Object.keys(localStorage).filter((key) => key.startsWith('receipt:')).length"


def win(page: "Page", live: Live, event: Event) -> str:
    """Press, and return the address of the ticket."""
    page.goto(f"{live.url}/events/{event.pk}/")
    page.locator("[data-press]:enabled").click()
    return str(page.locator("#result [data-ticket]").get_attribute("href"))


def lose_redis() -> None:
    at_each_master("flushdb")
    prime()


def without_cookie(page: "Page") -> None:
    """Let the browser lose its cookies of receipts, but not the login."""
    cookies = [cookie for cookie in page.context.cookies() if not str(cookie["name"]).startswith("receipt_")]
    page.context.clear_cookies()
    page.context.add_cookies(cookies)  # type: ignore[arg-type]  # what a browser tells it also takes


def test_a_page_that_is_loaded_again_has_the_ticket_again(
    in_redis: None, live: Live, browser: "Browser", tmp_path: Path
) -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["앨리스"])
    with phone(browser, live, alice) as page:
        address = win(page, live, event)
        lose_redis()
        page.goto(f"{live.url}/events/{event.pk}/")
        expect(page.get_by_role("status").first).to_contain_text("사라졌던 기록을 되살렸습니다")
        expect(page.locator("#result [data-ticket]")).to_have_attribute("href", address)
        assert fits(page)
        page.screenshot(path=tmp_path / "restored.png")


def test_without_the_cookie_the_script_presents_what_it_has_kept(
    in_redis: None, live: Live, browser: "Browser"
) -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["앨리스"])
    with phone(browser, live, alice) as page:
        address = win(page, live, event)
        without_cookie(page)
        lose_redis()
        page.goto(f"{live.url}/events/{event.pk}/")
        expect(page.locator("#result [data-ticket]")).to_have_attribute("href", address)
        assert Ticket.objects.get().code in address


def test_a_receipt_waits_until_somebody_can_take_it(in_redis: None, live: Live, browser: "Browser") -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["앨리스"])
    with phone(browser, live, alice) as page:
        page.clock.install()
        address = win(page, live, event)
        at_each_master("flushdb")  # nobody has noticed yet
        page.goto(f"{live.url}/events/{event.pk}/")
        page.locator("#result [data-unknown]").wait_for()
        prime()
        page.clock.fast_forward(90_000)
        expect(page.locator("#result [data-ticket]")).to_have_attribute("href", address)
        assert Recovery.objects.get().restored == 1


def test_who_gave_the_ticket_back_keeps_no_receipt(in_redis: None, live: Live, browser: "Browser") -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["앨리스"])
    with phone(browser, live, alice) as page:
        address = win(page, live, event)
        assert page.evaluate(KEPT) == 1
        page.goto(f"{live.url}{address}cancel/")
        page.locator("main form button").click()
        page.wait_for_url(f"**{address}")
        page.wait_for_function("() => !Object.keys(localStorage).some((key) => key.startsWith('receipt:'))")
        assert not [c for c in page.context.cookies() if str(c["name"]).startswith("receipt_")]


def test_what_another_student_left_on_the_phone_is_not_presented(
    in_redis: None, live: Live, browser: "Browser"
) -> None:
    event = make_event({"A": 2})
    alice, bob = make_players(["앨리스", "밥"])
    with phone(browser, live, alice) as page:
        win(page, live, event)
        settle()
        page.context.clear_cookies()
        page.context.add_cookies(
            [
                {"name": "sessionid", "value": bob.cookies.session_key, "url": live.url},
                {"name": "festival_pass", "value": bob.cookies.claim_pass, "url": live.url},
            ]
        )
        lose_redis()
        page.goto(f"{live.url}/events/{event.pk}/", wait_until="networkidle")
        assert not RefusedReceipt.objects.exists()
