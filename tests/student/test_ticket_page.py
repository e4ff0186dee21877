"""The ticket as it is held before the gate: on its side, in the dark, and after the network was gone."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Live
from tests.factories import make_event, make_players, settle
from tests.student.test_browser import MINUTES
from tests.waiting.test_browser import phone
from tests.waiting.test_pages import DOOR

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.servers, pytest.mark.browser, pytest.mark.django_db(transaction=True)]
IN_VIEW = """(part) => {
    const box = document.querySelector(part).getBoundingClientRect();
    return box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight && box.right <= innerWidth;
}"""
# What is seen behind an element, all the way to the first that is not transparent.
BEHIND = """(part) => {
    let here = document.querySelector(part);
    while (getComputedStyle(here).backgroundColor === "rgba(0, 0, 0, 0)") here = here.parentElement;
    return getComputedStyle(here).backgroundColor;
}"""


@pytest.fixture
def page(live: Live, browser: "Browser") -> "Iterator[Page]":
    """Open a ticket that was won."""
    event = make_event({"스탠딩": 20}, name="첫째 밤: 개막 공연과 불꽃놀이")
    (alice,) = make_players(["앨리스"])
    code = DOOR.claim(alice, event.pk, "스탠딩").body["ticket"]
    settle()
    with phone(browser, live, alice) as shown:
        shown.clock.install()
        shown.goto(f"{live.url}/tickets/{code}/")
        shown.locator("[data-qr] svg").wait_for()
        yield shown


@pytest.mark.parametrize(("width", "height"), [(780, 360), (667, 375), (360, 780), (360, 640)])
def test_code_and_holder_are_in_one_view(page: "Page", width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    parts = ("[data-qr]", ".holder strong") if width > height else ("[data-qr]",)
    for part in parts:
        assert page.evaluate(IN_VIEW, part), part
    box = page.locator("[data-qr]").bounding_box()
    assert box
    assert min(box["width"], box["height"]) >= 200, "as large as a gate's camera needs it"


def test_the_field_around_the_code_is_light_in_the_dark_too(page: "Page") -> None:
    page.emulate_media(color_scheme="dark")
    red, green, blue = (int(part) for part in page.evaluate(BEHIND, "[data-qr]").strip("rgb()").split(","))
    assert min(red, green, blue) > 240


def test_a_page_whose_clock_jumped_without_network_is_right_again_once_it_is_back(page: "Page") -> None:
    page.context.set_offline(True)
    page.clock.fast_forward(MINUTES)
    page.locator("[data-qr][data-stale]").wait_for()
    assert "네트워크" in page.locator("[data-note]").inner_text()
    page.context.set_offline(False)
    page.locator("[data-qr]:not([data-stale])").wait_for()
    assert "새 코드" in page.locator("[data-note]").inner_text()
