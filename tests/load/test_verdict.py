"""The verdict on a played sale: silent about a good one, and it names every fault that is planted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from loadtest.log import Log, NoVerdict, read_log
from tests.load.sale import execute, judged, lines, play_here, without_last_word
from ticketing.models import Claim, Event, Place, SaleCounter, Ticket, Zone

pytestmark = [pytest.mark.servers, pytest.mark.django_db]


def told(log: Log, outcome: str) -> list[dict[str, Any]]:
    """Return the answers with this outcome, by arrival."""
    found = [dict(answer) for answer in log.answers if answer["outcome"] == outcome]
    return sorted(found, key=lambda answer: int(answer["arrival"]))


def with_answer(log: Log, **changed: Any) -> Log:
    """Return the log with one student's answer changed."""
    student = changed["student_number"]
    return Log(
        log.event,
        [{**answer, **changed} if answer["student_number"] == student else answer for answer in log.answers],
    )


def test_a_good_sale_has_no_fault_and_every_figure() -> None:
    _, log = play_here()
    verdict = judged(log)
    assert verdict.exit_code == 0
    assert set(verdict.faults) >= {"oversold", "student_holds_two", "lost", "overtaken", "replay_differs"}
    assert len(told(log, "won")) == 7
    assert len(told(log, "sold_out")) == 5


def test_a_press_without_an_answer_is_no_broken_promise() -> None:
    _, log = play_here()
    nothing = dict.fromkeys(("status", "outcome", "ticket", "zone", "number", "arrival", "elapsed_ms"))
    for outcome in ("won", "sold_out"):
        log = with_answer(log, **nothing, student_number=told(log, outcome)[0]["student_number"])
    verdict = judged(log)
    assert verdict.exit_code == 0
    assert verdict.info["rows"][0]["unanswered_winners"] == 1


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong, and the figures that must tell of it."""

    plant: Callable[[Event, Log], Log | None]
    seen: frozenset[str]


def oversell(event: Event, log: Log) -> None:
    """One live ticket more than the zone has places: two students on one place."""
    without_last_word("one_live_ticket_per_place")
    first, second = told(log, "won")[:2]
    place = Ticket.objects.get(code=first["ticket"]).place
    assert place is not None
    Ticket.objects.filter(code=second["ticket"]).update(place=place, zone=place.zone, number=place.number)


def cut_places(event: Event, log: Log) -> None:
    """A capacity below what was sold."""
    Zone.objects.filter(event=event, name="A").update(capacity=3)


def second_ticket(event: Event, log: Log) -> None:
    without_last_word("one_live_ticket_per_student_and_group")
    winner, other = told(log, "won")[:2]
    owner = Ticket.objects.get(code=winner["ticket"]).student
    Ticket.objects.filter(code=other["ticket"]).update(student=owner)


def lose_a_row(event: Event, log: Log) -> None:
    Ticket.objects.filter(code=told(log, "won")[0]["ticket"]).delete()


def tell_a_winner_no(event: Event, log: Log) -> Log:
    """A ticket comes into being silently."""
    number = told(log, "won")[0]["student_number"]
    return with_answer(
        log,
        student_number=number,
        status=500,
        outcome="error",
        ticket=None,
        zone=None,
        number=None,
        arrival=None,
        elapsed_ms=None,
    )


def tell_another_place(event: Event, log: Log) -> Log:
    winner = told(log, "won")[0]
    return with_answer(log, student_number=winner["student_number"], number=winner["number"] + 1)


def tell_another_arrival(event: Event, log: Log) -> Log:
    winner, loser = told(log, "won")[0], told(log, "sold_out")[0]
    return with_answer(log, student_number=winner["student_number"], arrival=loser["arrival"])


def stamp_another_arrival(event: Event, log: Log) -> None:
    Ticket.objects.filter(code=told(log, "won")[0]["ticket"]).update(arrival=99)


def forget_a_loser(event: Event, log: Log) -> None:
    Claim.objects.filter(event=event, arrival=told(log, "sold_out")[0]["arrival"]).delete()


def skip_an_arrival(event: Event, log: Log) -> None:
    SaleCounter.objects.filter(group=event.pk).update(arrival=13)


def swap_first_and_last(event: Event, log: Log) -> Log:
    """The first loser of a zone pressed before its last winner: log and rows agree, the order is wrong."""
    winner = next(one for one in reversed(told(log, "won")))
    loser = next(one for one in told(log, "sold_out") if winner["zone"] in one["zones"])
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    arrivals = {"winner": winner["arrival"], "loser": loser["arrival"]}
    times = {"winner": winner["elapsed_ms"], "loser": loser["elapsed_ms"]}
    by_student = {who["student_number"]: who for who in (winner, loser)}
    claims = {
        claim.student.student_number: claim
        for claim in Claim.objects.filter(student__student_number__in=by_student)
    }
    Claim.objects.filter(pk=claims[winner["student_number"]].pk).update(arrival=10_000)
    Claim.objects.filter(pk=claims[loser["student_number"]].pk).update(
        arrival=arrivals["winner"], elapsed_ms=times["winner"]
    )
    Claim.objects.filter(pk=claims[winner["student_number"]].pk).update(
        arrival=arrivals["loser"], elapsed_ms=times["loser"]
    )
    Ticket.objects.filter(code=winner["ticket"]).update(arrival=arrivals["loser"], elapsed_ms=times["loser"])
    log = with_answer(
        log, student_number=winner["student_number"], arrival=arrivals["loser"], elapsed_ms=times["loser"]
    )
    return with_answer(
        log, student_number=loser["student_number"], arrival=arrivals["winner"], elapsed_ms=times["winner"]
    )


def leave_a_place(event: Event, log: Log) -> None:
    """Losers were sent away although the zone had a place more."""
    zone = Zone.objects.get(event=event, name="A")
    Zone.objects.filter(pk=zone.pk).update(capacity=5)
    Place.objects.create(zone=zone, number=5)


def swap_numbers(event: Event, log: Log) -> Log:
    """Not the lowest free number: two winners of a zone hold each other's place, in the answers and in the rows."""
    one, two = [winner for winner in told(log, "won") if winner["zone"] == "A"][:2]
    without_last_word("one_live_ticket_per_place")
    tickets = {code: Ticket.objects.get(code=code) for code in (one["ticket"], two["ticket"])}
    for mine, others in ((one, two), (two, one)):
        other = tickets[others["ticket"]]
        Ticket.objects.filter(code=mine["ticket"]).update(place=other.place, number=other.number)
        log = with_answer(log, student_number=mine["student_number"], number=others["number"])
    return log


def turn_the_clock_back(event: Event, log: Log) -> Log:
    last = told(log, "sold_out")[-1]
    Claim.objects.filter(event=event, arrival=last["arrival"]).update(elapsed_ms=-5)
    return with_answer(log, student_number=last["student_number"], elapsed_ms=-5)


def record_another_wish(event: Event, log: Log) -> None:
    Claim.objects.filter(event=event, arrival=told(log, "sold_out")[0]["arrival"]).update(zones=["B", "C"])


FAULTS = {
    "oversell": Fault(oversell, frozenset({"place_given_twice", "wrong_place"})),
    "cut_places": Fault(cut_places, frozenset({"oversold"})),
    "second_ticket": Fault(second_ticket, frozenset({"student_holds_two", "lost"})),
    "lose_a_row": Fault(lose_a_row, frozenset({"lost"})),
    "tell_a_winner_no": Fault(tell_a_winner_no, frozenset({"never_announced", "press_not_told"})),
    "tell_another_place": Fault(tell_another_place, frozenset({"wrong_place", "replay_differs"})),
    "tell_another_arrival": Fault(tell_another_arrival, frozenset({"wrong_arrival", "arrival_given_twice"})),
    "stamp_another_arrival": Fault(stamp_another_arrival, frozenset({"wrong_arrival"})),
    "forget_a_loser": Fault(forget_a_loser, frozenset({"loser_not_kept", "arrival_missing"})),
    "skip_an_arrival": Fault(skip_an_arrival, frozenset({"arrival_missing"})),
    "swap_first_and_last": Fault(swap_first_and_last, frozenset({"overtaken", "replay_differs"})),
    "leave_a_place": Fault(leave_a_place, frozenset({"sent_away_too_soon"})),
    "swap_numbers": Fault(swap_numbers, frozenset({"replay_differs"})),
    "turn_the_clock_back": Fault(turn_the_clock_back, frozenset({"clock_backwards"})),
    "record_another_wish": Fault(record_another_wish, frozenset({"wish_not_kept"})),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name: str) -> None:
    fault = FAULTS[name]
    event, log = play_here()
    log = fault.plant(event, log) or log
    verdict = judged(log)
    found = {figure for figure, rows in verdict.faults.items() if rows}
    assert fault.seen <= found
    assert verdict.exit_code == 1


def test_oversold_counts_live_tickets_against_places() -> None:
    event, log = play_here()
    Ticket.objects.filter(zone__name="A").update(
        place=None, status="void", ended_at="2026-11-23T00:00:00+09:00"
    )
    Place.objects.filter(zone__name="A", number=4).delete()
    Ticket.objects.filter(zone__name="A").update(place=Place.objects.filter(zone__name="B").get(number=1))
    without_last_word("one_live_ticket_per_place")
    Ticket.objects.filter(zone__name="A").update(status="held", ended_at=None)
    rows = judged(log).faults["oversold"]
    assert [(row["name"], row["places"], row["live"], row["too_many"]) for row in rows] == [("A", 3, 4, 1)]
    assert event.zones.get(name="A").capacity == 4


def test_a_sale_with_returned_tickets_gets_no_verdict_on_its_order() -> None:
    _, log = play_here()
    Ticket.objects.filter(code=told(log, "won")[-1]["ticket"]).update(
        status="cancelled", ended_at="2026-11-23T00:00:00+09:00"
    )
    verdict = judged(log)
    assert verdict.faults["sent_away_too_soon"]
    assert set(verdict.not_judged) >= {"sent_away_too_soon", "replay_differs"}
    assert "order" in verdict.missing
    assert verdict.exit_code == 2


def test_a_log_that_was_cut_short_gets_no_verdict() -> None:
    _, log = play_here(3)
    whole = lines(log)
    assert read_log(whole) == Log(log.event, [*log.answers])
    for short in (whole[:-1], whole[1:], [whole[0], *whole[2:]], []):
        with pytest.raises(NoVerdict):
            read_log(short)


def test_an_event_that_is_not_there_gets_no_verdict() -> None:
    event, log = play_here(1)
    with pytest.raises(NoVerdict, match="no event"):
        judged(Log(type(event.pk)(int=0), log.answers))


@pytest.mark.parametrize("expected", [True, False])
def test_visitors_beside_the_crowd_are_no_fault_only_where_they_are_expected(expected: bool) -> None:
    _, log = play_here()
    beside = (told(log, "won")[0], told(log, "sold_out")[0])
    numbers = {one["student_number"] for one in beside}
    crowd = Log(log.event, [answer for answer in log.answers if answer["student_number"] not in numbers])
    verdict = judged(crowd, visitors=expected)
    assert set(verdict.broken) == (set() if expected else {"never_announced", "press_not_told"})
    assert verdict.info["rows"][0]["visitors"] == 2
