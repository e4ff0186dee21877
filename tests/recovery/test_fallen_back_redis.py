"""A Redis that is another run, or behind what somebody has seen of it, decides nothing until that is settled."""

from collections.abc import Callable, Iterator

import pytest

from accounts.sessions import log_out_everywhere
from festival import processes
from festival.redis import sale
from tests.contract.doors import Door
from tests.factories import make_event, make_players, mode_of_events, settle
from tests.rush.test_writeback import keys_of
from ticketing import receipts
from ticketing.allocation import recoveries, witness
from ticketing.allocation.priming import prime
from ticketing.allocation.restoring import Restored, restore
from ticketing.allocation.rush import recovering
from ticketing.models import EligibilityRule, Event, Mode, Recovery, StreamPosition
from ticketing.writeback import write_back

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def event() -> Iterator[Event]:
    token = mode_of_events.set(Mode.REDIS)
    yield make_event({"A": 5})
    mode_of_events.reset(token)


def state_of(event: Event) -> str:
    return keys_of(event).of_group("state")


def kept(event: Event) -> Callable[[], None]:
    """Keep everything that Redis has of an event's sale; return what brings it back, as on a replica that was late."""
    keys = keys_of(event)
    names = [str(name) for name in sale().scan_iter(f"*{{{keys.festival}}}*")]
    dumps = {name: sale().dump(name) for name in names}

    def bring_back() -> None:
        sale().unlink(*[str(name) for name in sale().scan_iter(f"*{{{keys.festival}}}*")])
        for name, dump in dumps.items():
            assert dump is not None
            sale().restore(name, 0, dump)

    return bring_back


def test_another_run_of_the_server_that_has_lost_nothing_goes_on_after_a_moment(
    event: Event, door: Door
) -> None:
    alice, bob = make_players(["alice", "bob"])
    won = door.claim(alice, event.pk, "A")
    sale().hset(state_of(event), "run", "0123")
    assert door.claim(bob, event.pk, "A").kind == "recovering"
    prime()
    assert door.claim(bob, event.pk, "A").kind == "recovering", "others are heard first"
    assert processes.wait_until(lambda: prime() >= 0 and door.claim(bob, event.pk, "A").kind == "won", 10)
    assert door.claim(alice, event.pk, "A").body["ticket"] == won.body["ticket"]
    assert not Recovery.objects.exists()


def test_another_run_is_told_anew_who_may_press(
    event: Event, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = make_players(["alice", "bob"])
    fall_back = kept(event)
    log_out_everywhere(alice.student)
    EligibilityRule.objects.create(event=event, statuses=["on_leave"])
    prime()
    assert door.claim(alice, event.pk, "A").kind == "login_required"
    assert door.claim(bob, event.pk, "A").kind == "not_eligible"
    fall_back()  # a replica that had not heard of either; nothing was decided since
    sale().hset(state_of(event), "run", "0123")
    monkeypatch.setattr(recovering, "LISTEN_MS", 0)
    prime()
    assert door.claim(alice, event.pk, "A").kind == "login_required"
    assert door.claim(bob, event.pk, "A").kind == "not_eligible"


def test_a_server_behind_what_this_process_has_seen_is_stopped_by_the_next_press(
    event: Event, door: Door
) -> None:
    alice, bob = make_players(["alice", "bob"])
    fall_back = kept(event)
    lost = door.claim(alice, event.pk, "A")
    fall_back()
    assert door.claim(bob, event.pk, "A").kind == "recovering"
    assert sale().hget(state_of(event), "recovering") == "counters"
    prime()
    assert "counters" in Recovery.objects.get().lost
    receipt = receipts.read(lost.body["receipt"])
    assert receipt is not None
    assert restore(receipt).result == Restored.RESTORED
    assert door.mine(alice, event.pk).body["ticket"] == lost.body["ticket"]


def test_control_who_has_seen_nothing_gives_the_place_again(event: Event, door: Door) -> None:
    alice, bob = make_players(["alice", "bob"])
    fall_back = kept(event)
    lost = door.claim(alice, event.pk, "A")
    fall_back()
    witness.forget()
    assert door.claim(bob, event.pk, "A").body["number"] == lost.body["number"]


def test_who_has_seen_more_than_another_run_is_heard_before_that_decides(event: Event, door: Door) -> None:
    alice, bob = make_players(["alice", "bob"])
    fall_back = kept(event)
    door.claim(alice, event.pk, "A")
    fall_back()
    sale().hset(state_of(event), "run", "0123")
    prime()  # has seen nothing itself
    assert door.claim(bob, event.pk, "A").kind == "recovering"
    prime()
    assert Recovery.objects.filter(ended_at=None).count() == 1


def test_a_server_behind_the_rows_is_stopped_and_its_stream_put_aside(event: Event, door: Door) -> None:
    alice, bob = make_players(["alice", "bob"])
    fall_back = kept(event)
    door.claim(alice, event.pk, "A")
    write_back()
    fall_back()
    witness.forget()
    prime()
    assert door.claim(bob, event.pk, "A").kind == "recovering"
    assert door.mine(alice, event.pk).kind == "won", "its row is there"
    assert "counters" in Recovery.objects.get().lost.split()


def test_decisions_after_a_recovery_lead_on_from_the_rows(event: Event, door: Door) -> None:
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    door.claim(alice, event.pk, "A")
    write_back()
    door.claim(bob, event.pk, "A")
    keys = keys_of(event)
    sale().unlink(keys.of_group("state"))
    sale().xadd(keys.of_group("stream"), {"entry": "{}"}, id="900-0")  # nothing leads there from the rows
    prime()
    recovery = Recovery.objects.get()
    assert sale().exists(keys.of_group("stream:lost"))
    Recovery.objects.filter(pk=recovery.pk).update(until=recovery.began_at)
    settle()
    assert door.claim(charlie, event.pk, "A").kind == "won"
    before = StreamPosition.objects.get(group=event.pk).position
    assert write_back() == 1
    assert StreamPosition.objects.get(group=event.pk).position == before + 1


def test_nothing_is_won_that_its_receipt_could_not_restore(event: Event, door: Door) -> None:
    alice, bob = make_players(["alice", "bob"])
    won = door.claim(alice, event.pk, "A")
    half = recoveries.valid_for().total_seconds() * 1000 / 2
    since = int(sale().hget(state_of(event), "since") or 0)
    assert since > 0
    sale().hset(state_of(event), "since", str(round(since - half)))
    assert door.claim(bob, event.pk, "A").kind == "unavailable"
    assert door.claim(alice, event.pk, "A").body["ticket"] == won.body["ticket"]
    write_back()
    assert door.claim(bob, event.pk, "A").kind == "won", "the rows have followed"
    assert int(sale().hget(state_of(event), "since") or 0) > since, "since the first one without a row"
