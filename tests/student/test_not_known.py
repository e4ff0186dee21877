"""A last answer that cannot be looked up now: the page with its button is there, and finds the answer by itself."""

from typing import TYPE_CHECKING

import pytest

from tests.admin.conftest import Away
from tests.conftest import Live
from tests.factories import make_event, make_players, settle
from tests.student.test_browser import MINUTES
from tests.waiting.test_browser import phone
from tests.waiting.test_pages import DOOR, browser, page_of
from ticketing.models import Mode

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
UNKNOWN = "#result [data-unknown]"


def test_a_sale_that_nobody_decides_yet_has_its_page(mode: Mode) -> None:
    (alice,) = make_players(["alice"])
    event = make_event({"A": 1}, primed=False)
    told = browser(alice).get(page_of(event))
    assert (told.status_code, told.content.count(b"data-unknown")) == (200, 3)  # one shown, two patterns
    assert b"data-press\n" in told.content


def test_without_redis_the_page_is_there(in_redis: None, redis_away: Away) -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    DOOR.claim(alice, event.pk, "A")
    with redis_away:
        told = browser(alice).get(page_of(event))
        pressed = browser(alice).post(page_of(event), {"zones": "A"})
    assert (told.status_code, told.content.count(b"data-unknown")) == (200, 3)
    assert pressed.status_code == 503
    assert pressed["Retry-After"] == "1"


@pytest.mark.browser
def test_an_answer_is_found_by_the_page(live: Live, browser: "Browser") -> None:
    alice, bob = make_players(["앨리스", "밥"])
    event = make_event({"A": 1}, primed=False)
    with phone(browser, live, alice) as hers, phone(browser, live, bob) as his:
        for page in (hers, his):
            page.clock.install()
            page.goto(f"{live.url}/events/{event.pk}/")
            page.locator(UNKNOWN).wait_for()
        settle()
        DOOR.claim(alice, event.pk, "A")
        settle()
        hers.clock.fast_forward(MINUTES)
        hers.locator("#result [data-ticket]").wait_for()
        his.clock.fast_forward(MINUTES)
        his.locator("#result [data-nothing]").wait_for()
        his.locator(UNKNOWN).wait_for(state="detached")
        his.locator("[data-press]:enabled").wait_for()


@pytest.mark.browser
def test_before_the_opening_nobody_is_told_to_press(live: Live, browser: "Browser") -> None:
    (alice,) = make_players(["앨리스"])
    event = make_event({"A": 1}, opens_in=3600, closes_in=7200, primed=False)
    with phone(browser, live, alice) as page:
        page.clock.install()
        page.goto(f"{live.url}/events/{event.pk}/")
        assert "누르세요" not in page.locator(UNKNOWN).inner_text()
        settle()
        page.clock.fast_forward(MINUTES)
        page.locator("#result section").wait_for(state="detached")
        page.locator("[data-press]:disabled").wait_for()


@pytest.mark.browser
def test_a_win_whose_answer_got_lost_is_found_by_the_page(live: Live, browser: "Browser") -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["앨리스"])

    def lose_answer(route: "Route") -> None:
        route.fetch()
        route.abort()

    with phone(browser, live, alice) as page:
        page.clock.install()
        page.goto(f"{live.url}/events/{event.pk}/")
        page.route("**/claims/", lose_answer)
        page.locator("[data-press]:enabled").click()
        page.locator(UNKNOWN).wait_for()
        forward_until_followed(page)
        page.locator("#result [data-ticket]").wait_for()


def forward_until_followed(page: "Page") -> None:
    """Let the page load what follows an answer, then let its time pass."""
    with page.expect_response("**/standing*.js"):
        page.clock.fast_forward(MINUTES)
    page.clock.fast_forward(MINUTES)
