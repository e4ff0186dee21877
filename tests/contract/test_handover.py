"""The mode of an event is switched while its sale runs: nothing is lost, doubled or decided twice."""

from collections import Counter
from threading import Event as Flag
from threading import Thread

import pytest

from festival.redis import sale
from tests.contract.doors import Answer, Door, close_connection
from tests.contract.test_crowds import assert_promises_kept, at_once
from tests.factories import make_event, make_players, mode_of_events, settle
from ticketing.allocation import allocator_of
from ticketing.allocation.database import DatabaseAllocator
from ticketing.allocation.rush.authority import RedisAllocator
from ticketing.models import Authority, Event, Mode, SaleCounter, Ticket

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
OTHER = {Mode.DATABASE: Mode.REDIS, Mode.REDIS: Mode.DATABASE}


def switch(event: Event, mode: Mode) -> None:
    Event.objects.filter(pk=event.pk).update(mode=mode)
    settle()


def test_who_holds_before_a_switch_holds_after_it_and_numbers_go_on(door: Door, mode: Mode) -> None:
    event = make_event({"A": 3})
    alice, bob, charlie, dora = make_players(["alice", "bob", "charlie", "dora"])
    settle()
    first, second = door.claim(alice, event.pk, "A"), door.claim(bob, event.pk, "A")
    door.cancel(bob, second.body["ticket"])
    switch(event, OTHER[mode])
    assert door.claim(alice, event.pk, "A").body == first.body | {"outcome": "already_won"}
    told = [door.claim(player, event.pk, "A") for player in (charlie, dora, bob)]
    assert [(t.kind, t.body.get("number"), t.body["arrival"]) for t in told] == [
        ("won", 2, 3),
        ("won", 3, 4),
        ("sold_out", None, 2),
    ]
    switch(event, mode)
    assert door.claim(alice, event.pk, "A").body == first.body | {"outcome": "already_won"}
    assert_promises_kept(event, [first, *told[:2]])


def test_a_crowd_presses_while_the_mode_is_switched_to_and_fro(door: Door, mode: Mode) -> None:
    event = make_event({"A": 40, "B": 20})
    players = make_players(150)
    settle()
    answers: list[Answer] = []
    over = Flag()

    def press_until_answered(player: object) -> Answer:
        while True:
            told = door.claim(player, event.pk, "A", "B")  # type: ignore[arg-type]  # a player
            if told.kind != "unavailable":
                return told

    def crowd() -> None:
        answers.extend(at_once([lambda p=player: press_until_answered(p) for player in players]))  # type: ignore[misc]
        over.set()

    thread = Thread(target=crowd)
    thread.start()
    switches = 0
    while not over.is_set():
        mode = OTHER[mode]
        switch(event, mode)
        switches += 1
    thread.join()
    close_connection()
    settle()
    assert switches >= 1
    assert Counter(answer.kind for answer in answers) == {"won": 60, "sold_out": 90}
    assert_promises_kept(event, answers)


def test_the_authority_is_where_the_mode_says() -> None:
    token = mode_of_events.set(Mode.REDIS)
    try:
        event = make_event({"A": 1})
    finally:
        mode_of_events.reset(token)
    assert isinstance(allocator_of(event.pk, fresh=True), RedisAllocator)
    assert SaleCounter.objects.get(group=event.pk).authority == Authority.REDIS
    switch(event, Mode.DATABASE)
    assert isinstance(allocator_of(event.pk, fresh=True), DatabaseAllocator)
    left_over = [
        key for key in sale().scan_iter(f"*{event.pk}*") if not str(key).endswith((":stream", ":seen"))
    ]
    assert left_over == []


def test_a_press_that_knows_the_old_authority_is_turned_away_and_then_decided() -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    assert isinstance(allocator_of(event.pk), DatabaseAllocator)  # remembered for a second
    switch(event, Mode.REDIS)
    from tests.contract.doors import InProcess  # only here without the other door

    assert InProcess().claim(alice, event.pk, "A").kind == "won"
    settle()
    assert Ticket.objects.get().sequence > 0, "decided in Redis"


def test_a_switch_that_is_taken_back_half_way_does_not_leave_the_sale_shut() -> None:
    token = mode_of_events.set(Mode.REDIS)
    try:
        event = make_event({"A": 2})
        alice, bob = make_players(["alice", "bob"])
    finally:
        mode_of_events.reset(token)
    allocator = allocator_of(event.pk, fresh=True)
    assert isinstance(allocator, RedisAllocator)
    sale().hset(
        allocator.keys.of_group("state"), "mode", "fenced"
    )  # the rows were not at the end of the stream yet
    settle()
    from tests.contract.doors import InProcess  # only here without the other door

    answers = [InProcess().claim(who, event.pk, "A") for who in (alice, bob)]
    assert [answer.kind for answer in answers] == ["won", "won"]
    assert isinstance(allocator_of(event.pk, fresh=True), RedisAllocator)
    assert_promises_kept(event, answers)


def test_what_a_student_has_is_found_in_the_moment_after_a_switch(door: Door, mode: Mode) -> None:
    event = make_event({"A": 2})
    alice, bob = make_players(["alice", "bob"])
    settle()
    won, other = door.claim(alice, event.pk, "A"), door.claim(bob, event.pk, "A")
    for now in (OTHER[mode], mode, OTHER[mode]):
        switch(event, now)
        assert door.mine(alice, event.pk).body == won.body
    switch(event, mode)
    assert door.cancel(bob, other.body["ticket"]).kind == "cancelled"
