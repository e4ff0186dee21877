"""The page of the look is whole: no token and no answer to a press is missing, and what it names is there."""

import re

import pytest
from django.core.cache import caches
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from tests.conftest import ROOT
from ticketing.models import Accent, Festival

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
CSS, TEMPLATES = ROOT / "static" / "css", ROOT / "templates"
ADDRESS = "/demo/look/"


def read(client: Client, **query: str) -> str:
    return client.get(ADDRESS, query).content.decode()


def names(page: str) -> set[str]:
    """Return what stands on the page as a name for whoever works on it."""
    return set(re.findall(r"<code>([^<]+)</code>", page))


def style(name: str) -> str:
    return (CSS / name).read_text(encoding="utf-8")


def test_every_token_is_shown(demo: Settings, client: Client) -> None:
    declared = set(re.findall(r"^\s*(--[\w-]+):", style("tokens.css"), re.MULTILINE))
    shown = {name for name in names(read(client)) if name.startswith("--")}
    assert shown == declared


def test_a_token_that_is_no_colour_is_seen_at_its_size(demo: Settings, client: Client) -> None:
    drawn = set(re.findall(r'data-token="([\w-]+)"', read(client)))
    used = {
        name
        for name, value in re.findall(
            r'\[data-token="([\w-]+)"\] \{[^}]*var\(--([\w-]+)\)', style("look.css")
        )
        if name == value
    }
    assert drawn == used
    assert len(drawn) > 20


@pytest.mark.parametrize("accent", list(Accent))
def test_a_colour_has_its_values_by_day_and_in_the_dark(
    demo: Settings, client: Client, accent: Accent
) -> None:
    text = " ".join(re.sub(r"<[^>]+>", " ", read(client, accent=accent.value)).split())
    shades = dict(
        re.findall(
            r"--(accent-\w+|night-2): (#\w+);",
            style("tokens.css").partition(f'[data-accent="{accent.value}"]')[2].partition("}")[0],
        )
    )
    assert re.search(rf"--accent [^#]+{shades['accent-deep']} / {shades['accent-glow']}", text)
    assert re.search(rf"--accent-soft [^#]+{shades['accent-tint']} / {shades['night-2']}", text)
    assert re.search(r"--lamp [^#/]+#ffd98a [^/]", text), "the same in both, so it is said once"


def test_every_answer_to_a_press_is_shown(demo: Settings, client: Client) -> None:
    template = (TEMPLATES / "ticketing" / "result.html").read_text(encoding="utf-8")
    kinds = set(re.findall(r'kind == "(\w+)"', template))
    client.cookies["django_language"] = "en"
    page = read(client)
    assert len(kinds) > 17
    assert kinds <= names(page)
    assert page.count("That did not work") == 1, "only what the template does not know looks so"
    assert "A place is kept for you" in page


def test_what_is_named_is_there(demo: Settings, client: Client) -> None:
    page = read(client)
    for name in names(page):
        if name.endswith(".html"):
            assert (TEMPLATES / name).is_file(), name
        elif name.startswith("static/"):
            assert (ROOT / name).is_file(), name
        elif name.startswith("."):
            sheets = style("components.css") + style("council.css")
            assert all(part in sheets for part in re.findall(r"\.[\w-]+|\[[\w-]+", name)), name


def test_a_wanted_colour_is_shown_and_an_unknown_one_is_the_festivals(demo: Settings, client: Client) -> None:
    Festival.objects.update(accent="green")
    caches["process"].clear()
    for wanted, shown in {"": "green", "teal": "teal", "mauve": "green", '"><b>': "green"}.items():
        page = read(client, accent=wanted)
        assert f'<html lang="ko" data-accent="{shown}">' in page, wanted
        assert len(re.findall(rf'<a href="\?accent={shown}" aria-current="true">', page)) == 1
        assert page.count('<a href="?accent=') == len(Accent)


def test_it_asks_for_the_festival_and_nothing_else(
    demo: Settings, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    read(client)
    with django_assert_num_queries(0):
        read(client)


def test_the_demo_leads_to_it(demo: Settings, client: Client) -> None:
    assert f'href="{ADDRESS}"' in client.get("/demo/").content.decode()
