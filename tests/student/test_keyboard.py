"""The keyboard alone: ordering zones, pressing at the opening, opening the ticket, giving it back."""

from typing import TYPE_CHECKING

import pytest

from tests.conftest import Live
from tests.factories import make_event, make_players, settle
from tests.keyboard import skip_to_main, tab_to
from tests.waiting.test_browser import phone

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.servers, pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_student_goes_the_whole_way_by_the_keyboard(live: Live, browser: "Browser") -> None:
    event = make_event({"A": 1, "B": 1}, opens_in=15)
    (alice,) = make_players(["앨리스"])
    settle()
    with phone(browser, live, alice) as page:
        page.goto(f"{live.url}/events/{event.pk}/")
        page.locator("[data-press]:disabled").wait_for()
        skip_to_main(page)
        tab_to(page, "#zone-1")
        page.keyboard.press("ArrowDown")
        assert page.locator("#zone-1").input_value() == "B"
        assert page.locator("#zone-2").input_value() == "A", "the two have changed places"
        page.locator("[data-press]:enabled").wait_for()
        tab_to(page, "[data-press]", "Shift+Tab")
        page.keyboard.press("Enter")
        page.locator("#result [data-ticket]").wait_for()
        page.locator("#result h2:focus").wait_for()  # the answer has the focus, which reads it out
        assert page.locator("#result [aria-live], #result[aria-live]").count() == 0, (
            "and is not read out twice"
        )
        assert page.locator('#result [data-fill="zone"]').inner_text() == "B"
        settle()
        tab_to(page, "#result [data-ticket]")
        page.keyboard.press("Enter")
        page.locator("[data-qr] svg").wait_for()
        tab_to(page, 'a[href$="/cancel/"]')
        page.keyboard.press("Enter")
        page.wait_for_url("**/cancel/")
        tab_to(page, "form button.danger")
        page.keyboard.press("Space")
        page.locator('.badge[data-state="cancelled"]').wait_for()
