"""Each state of a sale, each answer and each ticket can be read and used by everybody."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.conftest import Live
from tests.pages.looking import look
from tests.pages.sales import of_sales

pytestmark = [pytest.mark.servers, pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_every_state_of_a_sale(live: Live, browser: Browser, pictures: Path | None) -> None:
    faults = look(browser, live.url, of_sales(), pictures)
    assert not faults, "\n" + "\n".join(faults)
