"""The keyboard alone: ordering zones, pressing at the opening, opening the ticket, giving it back."""

from typing import TYPE_CHECKING

import pytest

from tests.conftest import Live
from tests.factories import make_event, make_players, settle
from tests.waiting.test_browser import phone

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.servers, pytest.mark.browser, pytest.mark.django_db(transaction=True)]
MOST_STEPS = 60
FOCUSED = """() => {
    const here = document.activeElement;
    const look = getComputedStyle(here);
    return look.outlineStyle !== "none" && parseFloat(look.outlineWidth) > 0;
}"""


def tab_to(page: "Page", selector: str, key: str = "Tab") -> None:
    """Go on by the keyboard until the element has the focus, which must be seen at every step."""
    for _step in range(MOST_STEPS):
        page.keyboard.press(key)
        here = page.locator(":focus")
        if here.count():  # between the last element and the first the browser's own bar has the focus
            assert page.evaluate(FOCUSED), f"no visible focus: {here.evaluate('it => it.outerHTML')[:200]}"
        if page.locator(f"{selector}:focus").count():
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


def test_a_student_goes_the_whole_way_by_the_keyboard(live: Live, browser: "Browser") -> None:
    event = make_event({"A": 1, "B": 1}, opens_in=15)
    (alice,) = make_players(["앨리스"])
    settle()
    with phone(browser, live, alice) as page:
        page.goto(f"{live.url}/events/{event.pk}/")
        page.locator("[data-press]:disabled").wait_for()
        tab_to(page, "#zone-1")
        page.keyboard.press("ArrowDown")
        assert page.locator("#zone-1").input_value() == "B"
        assert page.locator("#zone-2").input_value() == "A", "the two have changed places"
        page.locator("[data-press]:enabled").wait_for()
        tab_to(page, "[data-press]", "Shift+Tab")
        page.keyboard.press("Enter")
        page.locator("#result [data-ticket]").wait_for()
        assert page.locator("#result:focus").count() == 1, "the answer has the focus"
        assert page.locator('#result [data-fill="zone"]').inner_text() == "B"
        settle()
        tab_to(page, "#result [data-ticket]")
        page.keyboard.press("Enter")
        page.locator("[data-qr] svg").wait_for()
        tab_to(page, 'a[href$="/cancel/"]')
        page.keyboard.press("Enter")
        tab_to(page, "form button.danger")
        page.keyboard.press("Space")
        page.locator('.badge[data-state="cancelled"]').wait_for()
