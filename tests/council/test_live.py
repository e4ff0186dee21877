"""C4: the council sees a sale live: places given, left, offered, who waits and enters, what presses are answered."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.admin.conftest import Away
from tests.admin.desk import desk_of
from tests.council.watching import FIGURES, LIVE, address, figures, new_figures, texts_of, zone_text
from tests.factories import Player, make_event, make_players, settle
from tests.gate.cast import code_of, scan, staff_client
from ticketing.claims import claim
from ticketing.council import void
from ticketing.models import Event, Mode, Ticket
from ticketing.signing import TicketCode

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def council() -> Client:
    return desk_of("council viewer")[0]


def press(event: Event, player: Player, *zones: str) -> str:
    return str(claim(event_id=event.pk, zones=zones or ["A"], claimant=player.claimant).decision)


def test_every_figure_of_a_sale_is_there(mode: Mode, council: Client) -> None:
    event = make_event({"A": 2, "B": 3}, waitlist_size=2, promotion="offer")
    alice, bob, charlie, dora = make_players(["alice", "bob", "charlie", "dora"])
    for player in (alice, bob, charlie, dora):
        press(event, player)
    press(event, alice)
    settle()
    first = Ticket.objects.get(student=alice.student)
    scan(code_of(Ticket.objects.get(student=bob.student)), gate="정문")
    void(code=TicketCode(first.code), event_id=event.pk, actor_id=None, reason="왜")
    settle()
    found = figures(council, event)
    texts = found["texts"]
    named = {name: texts[name] for name in ("given", "left", "waiting", "offered", "entered", "no_shows")}
    assert named == {
        **{"given": "1", "left": "3", "waiting": "1", "offered": "1"},
        **{"entered": "1", "no_shows": "0"},
    }
    assert [zone_text(found, event, "A", name) for name in ("given", "offered", "left")] == ["1", "1", "0"]
    assert [zone_text(found, event, "B", name) for name in ("given", "left", "entered")] == ["0", "3", "0"]
    assert (texts["gate0.entered"], texts["gate0.refused"]) == ("1", "0")
    assert found["states"]["state"] == "open"
    page = council.get(address(event)).content.decode()
    assert "정문" in page


def test_refusals_are_counted_by_their_code(mode: Mode, council: Client) -> None:
    event, early = make_event({"A": 1}), make_event({"A": 1}, opens_in=600)
    alice, bob = make_players(["alice", "bob"])
    for player in (alice, alice, bob, bob, bob):
        press(event, player)
    press(early, alice)
    texts = figures(council, event)["texts"]
    codes = {name.removeprefix("code."): text for name, text in texts.items() if name.startswith("code.")}
    assert {code for code, number in codes.items() if number != "0"} == {"won", "already_won", "sold_out"}
    assert (codes["won"], codes["already_won"], codes["sold_out"]) == ("1", "1", "3")
    assert texts["peak"] != "–"
    assert figures(council, early)["texts"]["code.not_open"] == "1"


def test_what_the_authority_has_given_is_shown_before_the_rows_know(in_redis: Mode, council: Client) -> None:
    event = make_event({"A": 2})
    (alice,) = make_players(["alice"])
    press(event, alice)
    assert not Ticket.objects.exists()
    found = figures(council, event)
    assert (found["texts"]["given"], found["texts"]["left"]) == ("1", "1")
    assert "1 decision behind" in found["texts"]["lag"]
    settle()
    assert "Every decision" in figures(council, event)["texts"]["lag"]


def test_the_page_stands_while_redis_is_away_and_says_so(
    in_redis: Mode, redis_away: Away, council: Client
) -> None:
    event = make_event({"A": 2})
    (alice,) = make_players(["alice"])
    press(event, alice)
    settle()
    with redis_away:
        found = figures(council, event)
    assert found["texts"]["given"] == "1"
    assert found["shown"]["lag.away"]
    assert found["states"]["state"] == "recovering"


def test_page_and_document_name_the_same_places(council: Client) -> None:
    event = make_event({"A": 2, "B": 1})
    make_event({"A": 2}, name="둘째 밤")
    for page, document in ((LIVE, FIGURES), (address(event), address(event, "figures.json"))):
        shown, told = council.get(page).content.decode(), council.get(document).json()
        texts = texts_of(shown)
        assert len(texts) > 10
        assert texts == {key: told["texts"][key] for key in texts}
        assert f'data-shape="{told["shape"]}"' in shown


def test_another_zone_is_another_shape(council: Client) -> None:
    event = make_event({"A": 2})
    before = figures(council, event)["shape"]
    event.zones.create(name="B", capacity=1)
    assert figures(council, event)["shape"] != before


def statements(client: Client, address: str) -> list[dict[str, Any]]:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    return list(seen.captured_queries)


def test_f11_figures_that_are_made_cost_a_viewer_no_statement(council: Client) -> None:
    event = make_event({"A": 2})
    for document in (FIGURES, address(event, "figures.json"), address(event, "plots/")):
        council.get(document)
        assert statements(council, document) == []


def test_making_the_figures_costs_the_same_for_one_event_and_for_ten(mode: Mode, council: Client) -> None:
    found = []
    for more in (1, 9):
        for _ in range(more):
            make_event({"A": 2, "B": 1})
        new_figures()
        council.get(LIVE)
        new_figures()
        found.append(len(statements(council, LIVE)))
    assert found[0] == found[1]
    assert found[0] <= 16


def test_plots_cost_the_same_whatever_happened(council: Client) -> None:
    event = make_event({"A": 3})
    found = []
    for player in make_players(2):
        press(event, player)
        new_figures()
        council.get(address(event, "plots/"))
        found.append(len(statements(council, address(event, "plots/?span=all"))))
    assert found == [found[0], found[0]]
    assert found[0] <= 3


@pytest.mark.parametrize("span", ["start", "now", "all", "nonsense", ""])
def test_plots_show_what_happened(mode: Mode, council: Client, span: str) -> None:
    event = make_event({"A": 1, "B": 2}, opens_in=-30)
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    for player in (alice, bob, charlie):
        press(event, player)
    press(event, alice)
    settle()
    scan(code_of(Ticket.objects.get()), gate="정문")
    new_figures()
    page = council.get(address(event, "plots/"), {"span": span}).content.decode()
    assert page.count("<figure") == 3
    assert "1 / 1" in page
    assert 'data-kind="won"' in page
    assert 'data-kind="sold_out"' in page
    assert 'data-kind="entered"' in page
    assert "Nothing to show" not in page


def test_a_sale_of_weeks_and_one_before_its_opening_have_plots(council: Client) -> None:
    long = make_event({"A": 1}, opens_in=-40 * 86_400)
    soon = make_event({"A": 1}, opens_in=86_400, closes_in=90_000)
    for event in (long, soon):
        for span in ("start", "now", "all"):
            assert council.get(address(event, "plots/"), {"span": span}).status_code == 200


def test_an_unknown_event_has_no_page(council: Client) -> None:
    for more in ("", "figures.json", "plots/"):
        address = f"/council/events/00000000-0000-4000-8000-000000000000/{more}"
        assert council.get(address).status_code == 404


def test_a_session_that_is_not_staffs_learns_nothing_after_one_that_is(council: Client) -> None:
    council.get(FIGURES)
    assert council.get(FIGURES).status_code == 200
    assert Client().get(FIGURES).status_code == 302
    half = staff_client(desk_of("council", "half")[1], second_factor=False)
    assert half.get(FIGURES).status_code == 302
    assert desk_of("gate", "gate")[0].get(FIGURES).status_code == 403
