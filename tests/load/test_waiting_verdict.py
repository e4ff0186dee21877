"""The waiting list in the verdict: silent about a good one, and each planted fault is found, in both modes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from festival.redis import sale
from loadtest.log import Log
from loadtest.redis_keys import Where, read_kept
from loadtest.staging import where
from tests.factories import mode_of_events, settle
from tests.load.sale import execute, judged, play_here
from ticketing.models import Event, Mode, Place, Ticket, WaitingEntry, Zone

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
ROOM = 3


@pytest.fixture(params=list(Mode))
def mode(request: pytest.FixtureRequest) -> Iterator[Mode]:
    token = mode_of_events.set(request.param)
    yield request.param
    mode_of_events.reset(token)


def play() -> tuple[Event, Log]:
    """Twelve press for seven places; three wait, two are sent away."""
    event, log = play_here(waitlist_size=ROOM)
    settle()
    return event, log


def told_to_wait(log: Log) -> list[dict[str, Any]]:
    found = [dict(answer) for answer in log.answers if answer["outcome"] == "waitlisted"]
    return sorted(found, key=lambda answer: int(answer["arrival"]))


def test_a_good_list_has_no_fault(mode: Mode) -> None:
    event, log = play()
    assert [answer["position"] for answer in told_to_wait(log)] == [1, 2, 3]
    kept = read_kept(sale(), where(event)) if mode == Mode.REDIS else None
    verdict = judged(log, kept=kept)
    assert verdict.broken == []
    assert verdict.exit_code == 0
    assert verdict.info["waiting"] == [{"waiting": 3, "offered": 0, "promoted": 0, "ended": 0}]


def test_who_was_told_to_wait_and_has_a_place_since_is_no_fault(mode: Mode) -> None:
    event, log = play()
    Zone.objects.filter(event=event).update(capacity=5)
    settle()
    kept = read_kept(sale(), where(event)) if mode == Mode.REDIS else None
    verdict = judged(log, kept=kept)
    promoted = verdict.info["waiting"][0]["promoted"]
    assert promoted > 0
    assert verdict.broken == []
    assert set(verdict.not_judged) >= {"replay_differs", "wrong_position"}


@dataclass(frozen=True)
class Fault:
    plant: Callable[[Event, Log], Log | None]
    seen: str


def lose_an_entry(event: Event, log: Log) -> None:
    WaitingEntry.objects.filter(arrival=told_to_wait(log)[0]["arrival"]).delete()


def wait_without_a_word(event: Event, log: Log) -> None:
    loser = next(answer for answer in log.answers if answer["outcome"] == "sold_out")
    entry = WaitingEntry.objects.earliest("arrival")
    WaitingEntry.objects.filter(pk=entry.pk).update(arrival=loser["arrival"])


def cut_the_list(event: Event, log: Log) -> None:
    Event.objects.filter(pk=event.pk).update(waitlist_size=ROOM - 1)


def lengthen_the_list(event: Event, log: Log) -> None:
    Event.objects.filter(pk=event.pk).update(waitlist_size=ROOM + 1)


def tell_another_position(event: Event, log: Log) -> Log:
    second = told_to_wait(log)[1]
    others = [answer for answer in log.answers if answer["arrival"] != second["arrival"]]
    return Log(log.event, [*others, {**second, "position": 1}])


def wait_for_another_zone(event: Event, log: Log) -> None:
    WaitingEntry.objects.filter(arrival=told_to_wait(log)[0]["arrival"]).update(zones=[])


def free_a_place(event: Event, log: Log) -> None:
    zone = WaitingEntry.objects.earliest("arrival").zones[0]
    place = Place.objects.filter(zone=zone)[0]
    Ticket.objects.filter(place=place).delete()
    Place.objects.filter(pk=place.pk).update(free=True)


FAULTS = {
    "lose_an_entry": Fault(lose_an_entry, "waiting_lost"),
    "wait_without_a_word": Fault(wait_without_a_word, "waiting_not_told"),
    "cut_the_list": Fault(cut_the_list, "list_overfull"),
    "lengthen_the_list": Fault(lengthen_the_list, "list_not_full"),
    "tell_another_position": Fault(tell_another_position, "wrong_position"),
    "wait_for_another_zone": Fault(wait_for_another_zone, "waiting_wish_not_kept"),
    "free_a_place": Fault(free_a_place, "waits_beside_a_free_place"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name: str) -> None:
    fault, (event, log) = FAULTS[name], play()
    log = fault.plant(event, log) or log
    assert fault.seen in judged(log).broken


def test_a_promotion_past_somebody_who_waits_is_found() -> None:
    event, log = play()
    Zone.objects.filter(event=event).update(capacity=5)
    settle()
    given = WaitingEntry.objects.filter(status="promoted").latest("arrival")
    waits = Ticket.objects.get(claim_id=given.claim_id).zone_id
    execute("ALTER TABLE ticketing_waitingentry DISABLE TRIGGER USER")
    other = WaitingEntry.objects.exclude(pk=given.pk).earliest("arrival")
    WaitingEntry.objects.filter(pk=other.pk).update(status="waiting", zones=[waits], arrival=0)
    execute("ALTER TABLE ticketing_waitingentry ENABLE TRIGGER USER")
    assert "promoted_out_of_order" in judged(log).broken


def forget_an_entry(keys: Where) -> None:
    sale().delete(f"{{{keys.festival}}}:event:{keys.event}:entries")


def forget_the_list(keys: Where) -> None:
    sale().delete(f"{{{keys.festival}}}:event:{keys.event}:waiting")


@pytest.mark.parametrize(
    ("plant", "seen"),
    [
        (forget_an_entry, {"redis_waiting_lost", "redis_waiting_differs", "redis_list_differs"}),
        (forget_the_list, {"redis_list_differs"}),
    ],
)
def test_a_difference_in_redis_is_found(plant: Callable[[Where], None], seen: set[str]) -> None:
    token = mode_of_events.set(Mode.REDIS)
    event, log = play()
    mode_of_events.reset(token)
    plant(where(event))
    assert seen <= set(judged(log, kept=read_kept(sale(), where(event))).broken)
