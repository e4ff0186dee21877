"""What judges a cell of the fault matrix finds what was broken, and nothing in a sale that was not."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from festival.processes import wait_until
from loadtest.crowd import Login, Press
from loadtest.faults.judging import Figures, Loss, found_at_once, judged
from loadtest.faults.pressing import Crowd
from loadtest.play import Record, Sale
from loadtest.wire import Target
from tests.conftest import Live
from tests.factories import make_event, make_players, mode_of_events, settle
from ticketing.management.commands.rush_sessions import line
from ticketing.models import Event, Mode

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
ZONES = {"A": 8, "B": 4}


@pytest.fixture(params=Mode.values)
def event(request: pytest.FixtureRequest) -> Iterator[Event]:
    """Make a sale of one mode, then of the other."""
    token = mode_of_events.set(Mode(request.param))
    yield make_event(ZONES, waitlist_size=3)
    mode_of_events.reset(token)


@pytest.fixture
def crowd(live: Live, event: Event) -> Iterator[Crowd]:
    """Let twenty students press until each is told."""
    logins = [Login(*line(player.cookies).rstrip().split("\t")) for player in make_players(20)]
    presses = [Press(login, ("A", "B"), 0.0) for login in logins]
    sale = Sale(str(event.pk), int(event.opens_at.timestamp() * 1000), ZONES)
    made = Crowd(Target.parse(live.url), sale, presses, 1)
    assert wait_until(lambda: made.everybody_is_told, 30)
    settle()
    yield made
    made.close()


def figures(
    event: Event, crowd: Crowd, again: dict[str, Record] | None = None, loss: Loss | None = None
) -> Figures:
    seconds = crowd.ask_again(but=set()) if again is None else again
    settle()
    return judged(event, event.mode, crowd, seconds, loss or Loss(), 0.0, (1, 1))


def some_winner(crowd: Crowd) -> str:
    return next(number for number, record in crowd.told.items() if record.outcome == "won")


def test_a_sale_that_nothing_happened_to_is_judged_so(event: Event, crowd: Crowd) -> None:
    found = figures(event, crowd)
    assert found.kept, found.faults
    assert (found.acknowledged, found.found, found.lost, found.failed) == (15, 15, 0, 0)


def test_a_ticket_that_was_promised_and_is_not_there_is_lost(event: Event, crowd: Crowd) -> None:
    number = some_winner(crowd)
    crowd.told[number] = replace(crowd.told[number], ticket="0" * 20)
    found = figures(event, crowd, again={})
    assert (found.found, found.lost) == (14, 1)
    assert found.faults["lost and not expected"] == [number]


def test_a_loss_that_was_stated_must_happen(event: Event, crowd: Crowd) -> None:
    number = some_winner(crowd)
    found = figures(event, crowd, loss=Loss(gone={number}))
    assert found.faults["expected and not lost"] == [number]
    found = figures(
        event, crowd, loss=Loss(gone={number}, in_time=[number], in_time_said={number: "superseded"})
    )
    assert found.faults == {"in time and refused": ["superseded"]}
    found = figures(event, crowd, loss=Loss(gone={number}, late=[number], late_said={number: "won"}))
    assert found.faults["late and not refused"] == ["won"]


def test_a_second_press_that_is_answered_otherwise_is_told(event: Event, crowd: Crowd) -> None:
    again = crowd.ask_again(but=set())
    number = some_winner(crowd)
    again[number] = replace(again[number], ticket="0" * 20)
    assert len(figures(event, crowd, again).faults["told otherwise"]) == 1


def test_who_has_no_row_is_dealt_out_to_those_who_present_in_time_late_and_never(
    event: Event, crowd: Crowd
) -> None:
    number = some_winner(crowd)
    crowd.told[number] = replace(crowd.told[number], ticket="0" * 20)
    loss = found_at_once(event, crowd, share=(0.4, 0.8), seed=1)
    assert loss.gone == {number}
    assert (len(loss.in_time), len(loss.late), loss.forgotten) == (6, 6, set())
    assert not set(loss.in_time) & set(loss.late)


def test_receipts_are_presented_until_each_is_answered(event: Event, crowd: Crowd) -> None:
    winners = [number for number, record in crowd.told.items() if record.outcome == "won"]
    assert set(crowd.present(winners, 10.0).values()) == {"won"}
    crowd.told[winners[0]] = replace(crowd.told[winners[0]], receipt="not one of ours")
    assert crowd.present(winners[:1], 10.0) == {winners[0]: "forged_receipt"}
