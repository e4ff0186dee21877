"""FESTIVAL_REDIS_WAIT: nobody is told of a decision before a replica has it, and who asks again is not either."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from redis.connection import AbstractConnection

from festival import embedded, processes
from festival.errors import Unavailable
from festival.health import promised
from festival.redis import at_each_master, sale
from festival.redis_wait import Unconfirmed, Wait, confirm
from tests import valkeys
from tests.conftest import IN_CI
from tests.contract.doors import Answer, InProcess
from tests.elsewhere import sale_at
from tests.factories import Player, make_event, make_players, settle
from tests.faults import frozen_redis
from tests.rush.test_writeback import keys_of
from ticketing.allocation.rush.durability import Durability, promise, waits_for_nobody
from ticketing.models import Event, Ticket

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
CONFIRMED = [Wait.REPLICA, Wait.REPLICA_FILE]
door = InProcess()


@contextmanager
def waiting_for(wait: Wait, folder: Path) -> Iterator[embedded.Server]:
    """Run a master and its replica, and decide there; yield the replica."""
    with valkeys.pair(folder / "sale") as (url, servers):
        for server in servers:
            with valkeys.client_of(server) as client:
                client.config_set("appendfsync", "always")
        with sale_at(url, REDIS_WAIT=wait, REDIS_WAIT_MS=400):
            if wait == Wait.REPLICA_FILE:
                needs_waitaof()
            yield servers[1]


def press(player: Player, event: Event) -> Answer:
    return door.claim(player, event.pk, "A")


def once_confirmed(player: Player, event: Event) -> Answer:
    """Press until the replica, which may need a moment to catch up, has what was decided."""
    answers: list[Answer] = []

    def answered() -> bool:
        answers.append(press(player, event))
        return answers[-1].kind != "unavailable"

    assert processes.wait_until(answered, 20)
    return answers[-1]


def mine(player: Player, event: Event) -> str:
    """Return what a student reads of the last answer."""
    try:
        return door.mine(player, event.pk).kind
    except Unavailable as error:
        return error.code


def cast(waitlist: int = 1) -> tuple[Event, list[Player]]:
    """Make a sale with two places and a waiting list, and who presses in it."""
    event = make_event({"A": 2}, waitlist_size=waitlist)
    players = make_players(["alice", "bob", "charlie"])
    settle()
    return event, players


@pytest.mark.parametrize("wait", CONFIRMED)
def test_nobody_is_told_before_a_replica_has_it(wait: Wait, tmp_path: Path) -> None:
    with waiting_for(wait, tmp_path) as replica:
        event, (alice, bob, charlie) = cast()
        assert press(alice, event).kind == "won"
        with frozen_redis(replica.url):
            assert press(bob, event).kind == "unavailable"
            sale().connection_pool.disconnect()  # as if another process were asked, which has written nothing
            assert press(bob, event).kind == "unavailable", "WAIT alone would say yes"
            assert press(charlie, event).kind == "unavailable"
            assert press(charlie, event).kind == "unavailable"
            assert press(alice, event).kind == "unavailable", "whether hers is there is not known now"
            assert (mine(bob, event), mine(charlie, event)) == ("unavailable", "unavailable")
            assert sale().hlen(keys_of(event).of_group("live")) == 2, "both were decided"
        assert processes.wait_until(lambda: press(bob, event).kind == "already_won", 10)
        told = once_confirmed(bob, event)
        assert (told.kind, told.body["number"], told.body["arrival"]) == ("already_won", 2, 2)
        assert (once_confirmed(charlie, event).kind, mine(bob, event)) == ("waitlisted", "won")
        settle()
        assert Ticket.objects.get(student=bob.student).code == told.body["ticket"]


def needs_waitaof() -> None:
    """Skip on a laptop whose only server does not know WAITAOF; the wheel's does."""
    [found, *_others] = at_each_master("info", "server")
    if tuple(map(int, found["redis_version"].split(".")[:2])) < (7, 2):
        words = "WAITAOF came with Redis 7.2"
        if IN_CI:
            pytest.fail(words)
        pytest.skip(words)


def test_control_without_waiting_the_same_presses_are_told_at_once(tmp_path: Path) -> None:
    with waiting_for(Wait.NO, tmp_path) as replica:
        event, (alice, bob, _charlie) = cast()
        assert press(alice, event).kind == "won"
        with frozen_redis(replica.url):
            assert [press(bob, event).kind for _press in range(2)] == ["won", "already_won"]


def test_a_cancel_and_what_is_not_open_yet(tmp_path: Path) -> None:
    with waiting_for(Wait.REPLICA, tmp_path) as replica:
        event, (alice, bob, _charlie) = cast()
        later = make_event({"A": 2}, opens_in=600)
        code = press(alice, event).body["ticket"]
        with frozen_redis(replica.url):
            assert door.cancel(alice, code).kind == "unavailable"
            assert press(bob, later).kind == "not_open", "a refusal promises nothing and waits for nobody"
        assert door.cancel(alice, code).kind == "cancelled"


def test_a_replica_without_a_file_confirms_nothing_that_must_be_in_one(tmp_path: Path) -> None:
    with waiting_for(Wait.REPLICA_FILE, tmp_path) as replica:
        with valkeys.client_of(replica) as client:
            client.config_set("appendonly", "no")
        event, (alice, *_others) = cast()
        assert press(alice, event).kind == "unavailable"
        with valkeys.client_of(replica) as client:
            client.config_set("appendonly", "yes")
        assert processes.wait_until(lambda: press(alice, event).kind == "already_won", 10)


def test_a_replica_is_asked_over_the_same_connection_as_the_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[int, str]] = []
    plain = AbstractConnection.send_command

    def send_command(self: AbstractConnection, *args: Any, **options: Any) -> None:
        sent.append((id(self), str(args[0])))
        plain(self, *args, **options)  # type: ignore[no-untyped-call]

    with waiting_for(Wait.REPLICA, tmp_path):
        event, (alice, *_others) = cast()
        press(alice, event)
        monkeypatch.setattr(AbstractConnection, "send_command", send_command)
        assert press(alice, event).kind == "already_won"
    script = next(place for place, (_connection, command) in enumerate(sent) if command == "EVALSHA")
    assert [command for _connection, command in sent[script : script + 3]] == ["EVALSHA", "SET", "WAIT"]
    assert len({connection for connection, _command in sent[script : script + 3]}) == 1


def test_while_no_replica_answers_presses_wait_a_moment_only(tmp_path: Path) -> None:
    with waiting_for(Wait.REPLICA, tmp_path) as replica:
        pool = sale().connection_pool
        connection = pool.get_connection()
        confirm(connection, "{tag}:key")
        with frozen_redis(replica.url):
            first, *later = [patient_for(connection) for _time in range(3)]
            assert first >= 0.4
            assert max(later) < 0.3
            began = monotonic()
            assert processes.wait_until(lambda: patient_for(connection) >= 0.4, 5), "it is waited for again"
            assert monotonic() - began < 3, "though it was asked all the time"
        confirm(connection, "{tag}:key")
        pool.release(connection)


def patient_for(connection: Any) -> float:
    """Return how many seconds a confirmation was waited for that did not come."""
    began = monotonic()
    with pytest.raises(Unconfirmed):
        confirm(connection, "{tag}:key")
    return monotonic() - began


def test_the_promise_is_that_of_the_servers_and_of_what_is_waited_for(tmp_path: Path) -> None:
    with waiting_for(Wait.REPLICA, tmp_path) as replica:
        assert promise(Durability.ALWAYS) == "crash, loss of the server"
        assert promise(Durability.NONE) == "nothing"
        assert not waits_for_nobody()
        embedded.stop(replica)
        assert waits_for_nobody()
        assert promised("no replica") == "no claim is acknowledged"
    assert promise(Durability.SECOND) == "crash but for its last two seconds"
    assert promise(Durability.UNKNOWN) == "unknown"
