"""PostgreSQL is restored to an older state while Redis decides: what Redis has acknowledged is not forgotten."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from festival.redis import sale
from tests.contract.doors import Answer, Door
from tests.contract.test_crowds import assert_promises_kept
from tests.factories import Player, make_event, make_players, mode_of_events, settle
from tests.recovery.losing import RowsFallenBack, kept_tables, put_back
from tests.rush.following import acknowledged, last_number, position, written
from tests.rush.test_writeback import keys_of
from ticketing.allocation import witness
from ticketing.allocation.priming import prime
from ticketing.allocation.rush import adopting, carrying
from ticketing.models import Authority, Event, Mode, Recovery, SaleCounter, Ticket
from ticketing.writeback import write_back

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
Remember = Callable[[], None]


@pytest.fixture(autouse=True)
def new_process() -> Iterator[None]:
    witness.forget()
    yield
    witness.forget()


@pytest.fixture
def remember(transactional_db: None) -> Iterator[Remember]:
    """Give what keeps the rows as they are, for `put_back`."""
    with kept_tables():
        yield RowsFallenBack().remember


@pytest.fixture
def event() -> Event:
    """A sale that PostgreSQL still decides."""
    token = mode_of_events.set(Mode.DATABASE)
    made = make_event({"A": 6})
    mode_of_events.reset(token)
    return made


def switch(event: Event, mode: Mode) -> None:
    Event.objects.filter(pk=event.pk).update(mode=mode)
    settle()


def claims_of(door: Door, event: Event, players: list[Player]) -> list[Answer]:
    return [door.claim(player, event.pk, "A") for player in players]


def counter_of(event: Event) -> tuple[str, int]:
    counter = SaleCounter.objects.get(group=event.pk)
    return counter.authority, counter.epoch


def test_rows_that_fall_back_while_redis_decides_follow_the_stream_again(
    event: Event, door: Door, remember: Remember
) -> None:
    players = make_players(9)
    switch(event, Mode.REDIS)
    told = claims_of(door, event, players[:3])
    settle()
    remember()
    told += claims_of(door, event, players[3:6])
    settle()
    assert Ticket.objects.count() == 6
    put_back()
    assert Ticket.objects.count() == 3
    told += claims_of(door, event, players[6:])
    settle()
    assert [answer.kind for answer in told] == ["won"] * 6 + ["sold_out"] * 3
    assert_promises_kept(event, told)
    assert written(keys_of(event)) == acknowledged(keys_of(event))
    assert not Recovery.objects.exists()


@pytest.mark.parametrize("wanted", [Mode.REDIS, Mode.DATABASE])
def test_rows_that_fall_back_to_before_redis_was_told_to_decide_take_over_its_word(
    event: Event, door: Door, remember: Remember, wanted: Mode
) -> None:
    """Restored to before the council's wish too, or after it."""
    players = make_players(8)
    told = claims_of(door, event, players[:2])
    settle()
    remember()
    switch(event, Mode.REDIS)
    decided = counter_of(event)
    told += claims_of(door, event, players[2:5])
    settle()
    put_back()
    Event.objects.filter(pk=event.pk).update(mode=wanted)
    assert counter_of(event) == (Authority.DATABASE, decided[1] - 1)
    told += claims_of(door, event, players[5:6])  # Redis goes on
    prime()
    told += claims_of(door, event, players[6:])
    settle()
    assert [answer.kind for answer in told] == ["won"] * 6 + ["sold_out"] * 2
    assert_promises_kept(event, told)
    authority, epoch = counter_of(event)
    assert (authority, epoch) == (decided if wanted == Mode.REDIS else (Authority.DATABASE, decided[1] + 1))
    assert not Recovery.objects.exists()


def test_control_a_sale_built_anew_from_such_rows_has_forgotten_who_won(
    event: Event, door: Door, remember: Remember, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adopting, "adopt", lambda *_: 0)
    [alice] = make_players(["alice"])
    remember()
    switch(event, Mode.REDIS)
    assert claims_of(door, event, [alice])[0].kind == "won"
    put_back()
    prime()
    witness.forget()
    assert door.mine(alice, event.pk).kind == "no_claim"


def test_a_writer_that_was_faster_than_the_loop_changes_nothing_about_it(
    event: Event, door: Door, remember: Remember
) -> None:
    players = make_players(5)
    told = claims_of(door, event, players[:2])
    remember()
    switch(event, Mode.REDIS)
    told += claims_of(door, event, players[2:4])
    put_back()
    assert write_back() > 0
    told += claims_of(door, event, players[4:])
    settle()
    assert_promises_kept(event, told)
    assert position(keys_of(event)) == last_number(keys_of(event))


def test_what_postgresql_had_decided_after_the_restored_state_stays_in_redis_and_is_shown(
    event: Event, door: Door, remember: Remember, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    players = make_players(9)
    first = claims_of(door, event, players[:2])
    remember()
    first += claims_of(door, event, players[2:4])  # will be in no row and in no entry
    switch(event, Mode.REDIS)
    told = claims_of(door, event, players[4:5])
    settle()
    put_back()
    settle()
    again = claims_of(door, event, players[:5])
    assert [answer.body["ticket"] for answer in again] == [
        answer.body["ticket"] for answer in (*first, *told)
    ]
    assert [answer.kind for answer in claims_of(door, event, players[5:])] == ["won", *["sold_out"] * 3]
    assert client.get("/readyz").json()["parts"]["sales"] == f"rows to be repaired: {event.pk}"
    assert "decisions that are in no stream" in caplog.text
    switch(event, Mode.DATABASE)
    assert counter_of(event)[0] == Authority.REDIS, "PostgreSQL would give their places to others"
    assert "stays in Redis until its rows have been repaired" in caplog.text
    sale().unlink(keys_of(event).of_event(event.pk, "conf"))
    prime()
    assert counter_of(event)[0] == Authority.RECOVERING, "it is not built anew from such rows"


def test_a_switch_back_that_had_begun_is_finished_by_the_rows_that_follow(
    event: Event, door: Door, remember: Remember
) -> None:
    players = make_players(4)
    remember()
    switch(event, Mode.REDIS)
    told = claims_of(door, event, players[:3])
    sale().hset(keys_of(event).of_group("state"), "mode", carrying.FENCED)
    put_back()
    Event.objects.filter(pk=event.pk).update(mode=Mode.DATABASE)
    settle()
    assert counter_of(event)[0] == Authority.DATABASE
    told += claims_of(door, event, players[3:])
    assert [answer.kind for answer in told] == ["won"] * 4
    assert_promises_kept(event, told)


def test_a_loss_in_redis_at_the_same_time_is_restored_from_receipts(
    event: Event, door: Door, remember: Remember
) -> None:
    players = make_players(3)
    remember()
    claims_of(door, event, players[:1])
    switch(event, Mode.REDIS)
    claims_of(door, event, players[1:2])
    put_back()
    sale().hset(keys_of(event).of_group("state"), "recovering", "live")
    prime()
    assert counter_of(event)[0] == Authority.RECOVERING
    assert claims_of(door, event, players[2:])[0].kind == "recovering"
