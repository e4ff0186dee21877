"""What the council says stands on every page, at once and in the reader's language, and is gone as fast."""

import html
from collections.abc import Iterator

import pytest
from django.core.cache import caches
from django.db import connection
from django.db.utils import OperationalError
from django.test import Client, RequestFactory
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from festival import errors
from tests.access.asking import PAGE
from tests.access.routes import URLCONF, address_of
from tests.access.table import TABLE
from tests.access.world import World, make_world
from tests.pages.scenes import FIRST
from ticketing.models import Festival

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
BANNERS = {"ko": "비가 와서 첫째 밤 입장이 30분 늦어집니다.", "en": "Rain: doors open 30 minutes later."}
# A part of a page, and what the demo shows in frames of pages that carry the banner.
PARTS = ("council/events/<uuid:event_id>/plots/", "demo/rush/<uuid:event_id>/report/")


@pytest.fixture
def world() -> World:
    made = make_world()
    say(**BANNERS)
    return made


def say(ko: str = "", en: str = "") -> None:
    """Set the banner as the admin does; what processes remember is a second old at most."""
    Festival.objects.update(banner=ko, banner_en=en, accent="teal")
    caches["process"].clear()


def pages(world: World) -> Iterator[tuple[str, Client]]:
    """Yield the address of every page of the table, and somebody who may see it."""
    for row in TABLE:
        for role in [role for role in FIRST if row.get[role] == PAGE][:1]:
            if row.route not in PARTS:
                client = Client(headers=dict(world.visitors[role].headers))
                client.cookies.load(dict(world.visitors[role].cookies))
                yield address_of(row.route, world.values_of(row.route)), client


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_page_shows_it(world: World, language: str, settings: Settings, tmp_path: object) -> None:
    settings.DEMO, settings.ROOT_URLCONF, settings.EMAIL_FILE_PATH = True, URLCONF, str(tmp_path)
    without, plain, seen = [], [], 0
    for address, client in pages(world):
        client.cookies["django_language"] = language
        text = html.unescape(client.get(address).content.decode())
        seen += 1
        without += [address] * (BANNERS[language] not in text)
        plain += [address] * ('data-accent="teal"' not in text or 'content="#031f26"' not in text)
    assert seen > 60, "the table has more pages than that"
    assert not without, f"without the banner: {without}"
    assert not plain, f"without the festival's colour: {plain}"


def test_pages_of_errors_show_it_in_both_languages() -> None:
    say(**BANNERS)
    request = RequestFactory().get("/")
    for code in ("malformed", "forbidden", "not_found", "csrf_failed", "too_many_requests"):
        error = type("Refused", (errors.FestivalError,), {"code": code})()
        text = html.unescape(errors.page_of(request, error).content.decode())
        assert all(banner in text for banner in BANNERS.values()), code
        assert 'data-accent="teal"' in text


def test_an_error_is_told_while_the_database_is_away(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    say(**BANNERS)
    asked = []

    def away(*_args: object) -> None:
        asked.append(1)
        raise OperationalError("the server is away")

    with connection.execute_wrapper(away):
        for _ in range(3):
            page = errors.not_found(RequestFactory().get("/nowhere/"), Exception())
            assert page.status_code == 404
            assert "Rain" not in page.content.decode()
    assert len(asked) == 1, "an outage is not asked again for every page"


def test_a_removed_banner_is_gone_from_the_next_page(client: Client) -> None:
    say(**BANNERS)
    assert BANNERS["ko"] in client.get("/").content.decode()
    say()
    assert 'class="banner"' not in client.get("/").content.decode()
    assert 'class="banner"' not in client.get("/nowhere/").content.decode()
