"""Every page of the system can be read and used by everybody: axe-core finds nothing, and 320 px are wide enough."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.access.world import make_world
from tests.conftest import Live
from tests.pages.looking import look
from tests.pages.scenes import of_the_table

pytestmark = [pytest.mark.servers, pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_every_page_of_the_table(live: Live, browser: Browser, pictures: Path | None) -> None:
    faults = look(browser, live.url, of_the_table(make_world()), pictures)
    assert not faults, "\n" + "\n".join(faults)
