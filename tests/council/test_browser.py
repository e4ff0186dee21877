"""The live page in a real browser: it goes on by itself, says when it does not, and asks nothing while nobody looks."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from festival.processes import wait_until
from tests.admin.desk import desk_of, press
from tests.conftest import Live
from tests.council.watching import address
from tests.factories import make_event, make_players
from ticketing.models import Event

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True), pytest.mark.browser]


def look_at(page: Page, path: str, event: Event) -> None:
    """Open a page of the council that knows an event: a server remembers for a second which there are."""
    shown = page.locator(f'[data-live*="{event.pk}"], a[href="{address(event)}"]')
    assert wait_until(lambda: bool(page.goto(path)) and shown.count() > 0, 10), (
        f"{path} does not show the event"
    )


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
    look_at(council, address(event), event)
    given = council.locator(".council-given strong")
    expect(given).to_have_text("0")
    press(alice, event)
    expect(given).to_have_text("1", timeout=15_000)
    wide = council.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= 360


def test_figures_that_grow_old_say_so_and_go_on(council: Page) -> None:
    event = make_event({"A": 2})
    look_at(council, address(event), event)
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
    look_at(council, address(event), event)
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


def test_each_time_of_an_event_is_named_by_its_own_label(council: Page) -> None:
    council.goto("/admin/ticketing/event/add/")
    council.wait_for_function("() => document.getElementById('id_opens_at_0').ariaLabel")
    times = {"Sale opens at": "opens_at", "Sale closes at": "closes_at", "Goes on at": "resumes_at"}
    for label, name in times.items():
        for part, word in enumerate(("Date", "Time")):
            field = council.get_by_label(re.compile(rf"^{label}.*{word}"))
            expect(field).to_have_count(1)
            expect(field).to_have_id(f"id_{name}_{part}")


def test_a_page_in_korean_sets_no_space_before_the_word_that_counts(council: Page) -> None:
    event = make_event({"A": 5})
    council.context.add_cookies(
        [{"name": "django_language", "value": "ko", "domain": "127.0.0.1", "path": "/"}]
    )
    for page in ("/council/", address(event)):
        look_at(council, page, event)
        expect(council.locator(".council-given > span")).to_contain_text("/ 5석 배정")
