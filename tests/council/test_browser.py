"""The live page in a real browser: it goes on by itself, says when it does not, and asks nothing while nobody looks."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.admin.desk import desk_of, press
from tests.conftest import Live
from tests.council.watching import address
from tests.factories import make_event, make_players

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def council(live: Live, browser: Browser) -> Iterator[Page]:
    """Open a browser in which the council is logged in."""
    key = desk_of("council")[0].cookies["sessionid"].value
    context = browser.new_context(base_url=live.url, viewport={"width": 360, "height": 780})
    context.add_cookies([{"name": "sessionid", "value": key, "url": live.url}])
    context.add_cookies([{"name": "django_language", "value": "en", "url": live.url}])
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


def test_a_ticket_that_is_given_appears_by_itself(council: Page) -> None:
    event = make_event({"A": 2})
    (alice,) = make_players(["alice"])
    council.goto(address(event))
    given = council.locator(".council-given strong")
    expect(given).to_have_text("0")
    press(alice, event)
    expect(given).to_have_text("1", timeout=15_000)
    wide = council.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= 360


def test_figures_that_grow_old_say_so_and_go_on(council: Page) -> None:
    event = make_event({"A": 2})
    council.goto(address(event))
    note = council.locator("[data-old]")
    expect(note).to_be_hidden()
    council.route("**/figures.json", lambda route: route.abort())
    expect(note).to_be_visible(timeout=20_000)
    expect(note).to_contain_text("No new figures")
    council.unroute("**/figures.json")
    expect(note).to_be_hidden(timeout=15_000)


SEEN = """seen => {
    Object.defineProperty(document, 'hidden', {value: !seen, configurable: true});
    document.dispatchEvent(new Event('visibilitychange'));
}"""


def test_a_page_that_nobody_looks_at_asks_nothing(council: Page) -> None:
    event = make_event({"A": 2})
    council.goto(address(event))
    with council.expect_response("**/figures.json"):
        pass
    council.evaluate(SEEN, False)
    council.wait_for_load_state("networkidle")  # what was asked before may still be answered
    asked: list[str] = []
    council.on("request", lambda request: asked.append(request.url))
    council.wait_for_timeout(2_500)
    assert asked == []
    with council.expect_response("**/figures.json"):
        council.evaluate(SEEN, True)
