"""Many at once, on real connections and with real commits; the control shows that these tests can fail."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.contract.doors import Answer, Door, InProcess, close_connection
from tests.factories import Player, log_in, make_event, make_players, make_student, settle
from ticketing import allocation
from ticketing.allocation import Decision, Outcome, Press
from ticketing.allocation.answering import holding
from ticketing.allocation.database import DatabaseAllocator
from ticketing.models import Claim, Event, Place, Ticket, Zone
from ticketing.signing import new_ticket_code

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


def at_once(work: Sequence[Callable[[], Answer]], threads: int = 20) -> list[Answer]:
    """Do all work in parallel, the first of each thread at the same instant; return the answers in order."""
    start = Barrier(min(threads, len(work)))
    waiting = Lock()
    first = min(threads, len(work))
    begun = 0

    def run(task: Callable[[], Answer]) -> Answer:
        nonlocal begun
        with waiting:
            begun += 1
            mine = begun
        if mine <= first:
            start.wait(timeout=30)
        try:
            return task()
        finally:
            close_connection()

    with ThreadPoolExecutor(first) as pool:
        return list(pool.map(run, work))


def press_all(door: Door, event: UUID, players: Sequence[Player], *zones: str) -> list[Answer]:
    return at_once([lambda player=player: door.claim(player, event, *zones) for player in players])  # type: ignore[misc]  # the default binds the player


def assert_promises_kept(event: Event, answers: Sequence[Answer]) -> None:
    """P1 to P4 read from the rows and joined with what the players were told, both ways."""
    settle()
    live = list(Ticket.objects.filter(event=event, status="held").select_related("zone"))
    for zone in Zone.objects.filter(event=event):
        assert sum(ticket.zone_id == zone.pk for ticket in live) <= zone.capacity, "oversold"
        taken = set(Place.objects.filter(zone=zone, free=False).values_list("number", flat=True))
        assert taken == {ticket.number for ticket in live if ticket.zone_id == zone.pk}, (
            "places and tickets differ"
        )
    assert max(Counter(ticket.student_id for ticket in live).values(), default=0) <= 1, "two tickets for one"
    told = {
        (a.body["ticket"], a.body["zone"], a.body["number"], a.body["arrival"])
        for a in answers
        if "ticket" in a.body
    }
    assert told == {(ticket.code, ticket.zone.name, ticket.number, ticket.arrival) for ticket in live}, "lost"
    by_arrival = sorted(live, key=lambda ticket: ticket.arrival or 0)
    for zone_id in {ticket.zone_id for ticket in live}:
        numbers = [ticket.number for ticket in by_arrival if ticket.zone_id == zone_id]
        assert numbers == sorted(numbers), "order violated"
    arrivals = sorted(Claim.objects.filter(event=event).values_list("arrival", flat=True))
    assert arrivals == list(range(1, len(arrivals) + 1)), "an arrival is missing or doubled"


def test_f3_a_crowd_gets_exactly_the_places_there_are(door: Door) -> None:
    event = make_event({"A": 20, "B": 15, "C": 5})
    players = make_players(120)
    answers = press_all(door, event.pk, players, "C", "A", "B")
    assert Counter(answer.kind for answer in answers) == {"won": 40, "sold_out": 80}
    assert_promises_kept(event, answers)
    last_win = max(answer.body["arrival"] for answer in answers if answer.kind == "won")
    assert last_win == 40, "somebody was refused while there was a place"


def test_f1_fifty_presses_of_one_student_from_three_sessions_leave_one_ticket(door: Door) -> None:
    event = make_event({"A": 60})
    student = make_student("alice")
    devices = [log_in(student)[0] for _ in range(3)]
    answers = press_all(door, event.pk, [devices[n % 3] for n in range(50)], "A")
    assert Counter(answer.kind for answer in answers) == {"won": 1, "already_won": 49}
    assert len({answer.body["ticket"] for answer in answers}) == 1
    assert_promises_kept(event, answers)


def test_f4_twenty_cancels_of_one_ticket_free_one_place(door: Door) -> None:
    event = make_event({"A": 2})
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    code = door.claim(alice, event.pk, "A").body["ticket"]
    kept = door.claim(bob, event.pk, "A")
    told = at_once([lambda: door.cancel(alice, code) for _ in range(20)])
    assert {answer.kind for answer in told} == {"cancelled"}
    settle()
    assert Place.objects.filter(free=True).count() == 1
    after = [door.claim(player, event.pk, "A") for player in (charlie, alice)]
    assert [answer.kind for answer in after] == ["won", "sold_out"]
    assert_promises_kept_between(event, [kept, after[0]])


def assert_promises_kept_between(event: Event, holders: Sequence[Answer]) -> None:
    settle()
    live = Ticket.objects.filter(event=event, status="held").values_list("code", flat=True)
    assert set(live) == {answer.body["ticket"] for answer in holders}


def test_events_of_one_group_never_give_one_student_two_tickets(door: Door) -> None:
    from ticketing.models import LimitGroup  # only this test needs groups

    group = LimitGroup.objects.create(name="사흘 밤")
    nights = [make_event({"A": 40}, limit_group=group) for _ in range(3)]
    players = make_players(10)
    answers = at_once(
        [lambda p=player, e=event: door.claim(p, e.pk, "A") for player in players for event in nights]  # type: ignore[misc]
    )
    assert Counter(answer.kind for answer in answers) == {"won": 10, "limit_reached": 20}
    settle()
    assert Ticket.objects.filter(status="held").count() == 10


class RacyAllocator(DatabaseAllocator):
    """The control: looks, then leaps. It counts tickets and makes the next one without a lock."""

    def claim(self, press: Press) -> Outcome:
        zone = Zone.objects.get(pk=press.zone_ids[0])
        sold = Ticket.objects.filter(zone=zone).count()
        if sold >= zone.capacity:
            return Outcome(
                Decision.SOLD_OUT, press.event_id, press.student_id, self.now(), arrival=0, elapsed_ms=0
            )
        place = Place.objects.create(zone=zone, number=uuid4().int % 2**31, free=False)
        ticket = Ticket.objects.create(
            claim_id=uuid4(),
            event_id=press.event_id,
            limit_group=press.event_id,
            zone=zone,
            place=place,
            number=place.number,
            generation=1,
            student_id=press.student_id,
            code=new_ticket_code(),
            arrival=0,
            elapsed_ms=0,
        )
        return holding(Decision.WON, ticket)


def test_control_a_racy_allocator_is_caught_overselling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocation, "allocator_of", lambda _event: RacyAllocator())
    event = make_event({"A": 5})
    answers: list[Any] = press_all(InProcess(), event.pk, make_players(60), "A")
    with pytest.raises(AssertionError, match="oversold"):
        assert_promises_kept(event, answers)
