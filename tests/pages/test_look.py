"""The page of the look can be read and used by everybody in each colour of a festival, and shows what it says."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from festival.embedded import free_port
from tests.conftest import ROOT, production_server
from tests.pages.looking import NARROWEST, Way, look, visit, window
from tests.pages.scenes import Scene
from ticketing.models import Accent

pytestmark = [pytest.mark.servers, pytest.mark.browser]
DARK_PHONE = Way("en", "dark", NARROWEST)
LINES = "words => words.map(word => Math.round(word.offsetHeight / parseFloat(getComputedStyle(word).lineHeight)))"


@pytest.fixture
def demo_url(transactional_db: None, tmp_path: Path) -> Iterator[str]:
    """Run the server in the mode of the demo: the page is there only, and its files are gathered first."""
    changes = {"FESTIVAL_MODE": "demo", "FESTIVAL_DATA_DIR": str(tmp_path)}
    gather = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    subprocess.run(gather, cwd=ROOT, env=os.environ | changes, check=True)
    with production_server(tmp_path, free_port(), **changes) as (url, _process):
        yield url


def test_every_component_in_every_colour(demo_url: str, browser: Browser, pictures: Path | None) -> None:
    scenes = [Scene(f"look-{accent.value}", f"/demo/look/?accent={accent.value}") for accent in Accent]
    faults = look(browser, demo_url, scenes, pictures)
    assert not faults, "\n" + "\n".join(faults)


def test_what_is_wrong_and_what_is_chosen_is_seen(demo_url: str, browser: Browser) -> None:
    with window(browser, DARK_PHONE) as page:
        visit(page, demo_url, Scene("look", "/demo/look/?accent=teal"), DARK_PHONE)
        edge = "field => getComputedStyle(field).borderTopColor"
        assert page.locator("#wrong-number").evaluate(edge) == "rgb(255, 156, 166)", (
            "the token bad, in the dark"
        )
        assert page.locator("#plain-number").evaluate(edge) == "rgb(133, 124, 153)"
        fill = "button => getComputedStyle(button).backgroundColor"
        assert (
            page.locator(".panel .button:not(.quiet, .danger)").first.evaluate(fill) == "rgb(118, 223, 231)"
        )
        assert page.locator("[data-token=space-7]").evaluate("bar => bar.offsetWidth") == 48
        words = page.locator(".countdown small").evaluate_all(LINES)
        assert words == [1, 1, 1, 1], "no word of the countdown is broken on the smallest phone"
