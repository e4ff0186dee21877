"""What Redis holds is a truth of its own: it is read by plain commands, and each planted difference is found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from festival.redis import sale
from loadtest.log import Log, NoVerdict
from loadtest.redis_keys import Where, read_kept
from loadtest.staging import where
from loadtest.verdict import Verdict
from tests.factories import mode_of_events, settle
from tests.load.sale import ZONES, judged, play_here
from ticketing.models import Claim, Event, Mode, Place, Ticket

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def rush() -> Iterator[None]:
    token = mode_of_events.set(Mode.REDIS)
    yield
    mode_of_events.reset(token)


def play() -> tuple[Event, Log]:
    event, log = play_here()
    settle()
    return event, log


def verdict_on(event: Event, log: Log) -> Verdict:
    return judged(log, kept=read_kept(sale(), where(event)))


def winner(log: Log) -> dict[str, Any]:
    return dict(next(answer for answer in log.answers if answer["outcome"] == "won"))


def test_a_good_rush_is_the_same_in_redis_and_in_the_rows() -> None:
    event, log = play()
    kept = read_kept(sale(), where(event))
    assert len(kept.tickets) == len(kept.live) == sum(ZONES.values()) == Ticket.objects.count()
    assert [row[1:] for row in kept.zones] == [[4, 5, 0, 0], [3, 4, 0, 0]]
    assert (kept.arrival, len(kept.first)) == (12, 12)
    verdict = judged(log, kept=kept)
    assert verdict.exit_code == 0
    assert sum(name.startswith("redis_") for name in verdict.faults) == 12


@dataclass(frozen=True)
class Fault:
    """Something that Redis and the rows tell differently, and the figures that must say so."""

    plant: Callable[[Where, Log], object]
    seen: frozenset[str]


def line_of(keys: Where, log: Log) -> list[str]:
    line: Any = sale().hget(keys.of_group("tickets"), winner(log)["ticket"])
    return str(line).split("|")


def write_line(keys: Where, parts: list[str]) -> None:
    sale().hset(keys.of_group("tickets"), parts[7], "|".join(parts))


def forget_a_ticket(keys: Where, log: Log) -> None:
    sale().hdel(keys.of_group("tickets"), winner(log)["ticket"])


def move_a_ticket(keys: Where, log: Log) -> None:
    """Onto the place of another."""
    parts = line_of(keys, log)
    other = next(a for a in log.answers if a["zone"] == winner(log)["zone"] and a["number"] != int(parts[5]))
    write_line(keys, [*parts[:5], str(other["number"]), *parts[6:]])


def give_a_ticket_away(keys: Where, log: Log) -> None:
    """To the holder of another."""
    parts = line_of(keys, log)
    other = next(iter(set(sale().hkeys(keys.of_group("live"))) - {parts[0]}))
    write_line(keys, [str(other), *parts[1:]])


def shrink_a_zone(keys: Where, log: Log) -> None:
    sale().hset(f"{{{keys.festival}}}:zone:{keys.zones[0]}:state", "top", "3")


def free_a_place(keys: Where, log: Log) -> None:
    sale().zadd(f"{{{keys.festival}}}:zone:{keys.zones[0]}:freed", {"1": 1})


def forget_who_holds(keys: Where, log: Log) -> None:
    sale().hdel(keys.of_group("live"), line_of(keys, log)[0])


def count_an_arrival(keys: Where, log: Log) -> None:
    sale().hincrby(keys.of_group("state"), "arrival", 1)


def forget_a_loser(keys: Where, log: Log) -> None:
    first = f"{{{keys.festival}}}:event:{keys.event}:first"
    loser = Claim.objects.filter(answer="sold_out").values_list("student_id", flat=True)[0]
    sale().hdel(first, str(loser))


def lose_a_row(keys: Where, log: Log) -> None:
    """The rows have lost what Redis still has."""
    Ticket.objects.filter(code=winner(log)["ticket"]).delete()


def free_a_row(keys: Where, log: Log) -> None:
    Place.objects.filter(zone=keys.zones[0], number=1).update(free=True)


FAULTS = {
    "forget_a_ticket": Fault(forget_a_ticket, frozenset({"redis_lost", "redis_rows_differ"})),
    "move_a_ticket": Fault(move_a_ticket, frozenset({"redis_place_given_twice", "redis_lost"})),
    "give_a_ticket_away": Fault(give_a_ticket_away, frozenset({"redis_holds_two", "redis_lost"})),
    "shrink_a_zone": Fault(shrink_a_zone, frozenset({"redis_oversold", "redis_places_differ"})),
    "free_a_place": Fault(free_a_place, frozenset({"redis_places_differ"})),
    "forget_who_holds": Fault(forget_who_holds, frozenset({"redis_holders_differ"})),
    "count_an_arrival": Fault(count_an_arrival, frozenset({"redis_arrivals_differ"})),
    "forget_a_loser": Fault(forget_a_loser, frozenset({"redis_losers_differ"})),
    "lose_a_row": Fault(lose_a_row, frozenset({"redis_rows_differ", "lost"})),
    "free_a_row": Fault(free_a_row, frozenset({"redis_places_differ"})),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_difference_is_found(name: str) -> None:
    fault, (event, log) = FAULTS[name], play()
    fault.plant(where(event), log)
    verdict = verdict_on(event, log)
    assert fault.seen <= set(verdict.broken)
    assert verdict.exit_code == 1


def test_f16_without_its_keys_there_is_no_verdict() -> None:
    event, _ = play()
    keys = where(event)
    sale().delete(f"{{{keys.festival}}}:zone:{keys.zones[0]}:state")
    with pytest.raises(NoVerdict, match="no places"):
        read_kept(sale(), keys)
    sale().delete(keys.of_group("state"))
    with pytest.raises(NoVerdict, match="no state"):
        read_kept(sale(), keys)
