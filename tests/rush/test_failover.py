"""A master is killed in mid-sale: what was acknowledged under FESTIVAL_REDIS_WAIT is there on the promoted replica.

Asked of the servers themselves, without the product's own recovery. The replica is cut off before the master dies, so
that there is something to lose; the control, which waits for nobody, loses exactly that.
"""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event as Flag
from typing import Any, cast
from uuid import UUID

import pytest
import redis

from festival import embedded, processes
from festival.redis import Cluster, sale
from festival.redis_address import Kind
from festival.redis_wait import Wait
from tests import valkeys
from tests.conftest import production_server
from tests.contract.doors import InProcess, OverHttp, close_connection
from tests.elsewhere import sale_at
from tests.factories import Player, make_event, make_players, settle
from tests.rush.test_writeback import keys_of
from ticketing.allocation.rush.keys import Keys

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
KINDS = [Kind.SENTINEL, Kind.CLUSTER]
BEFORE, MEANWHILE = 12, 8
Servers = tuple[str, list[embedded.Server]]


@contextmanager
def servers_of(kind: Kind, folder: Path) -> Iterator[Servers]:
    """Run masters with replicas behind Sentinels, or in a cluster; yield their address, and all of them."""
    if kind == Kind.CLUSTER:
        with valkeys.cluster(folder, replicated=True) as running:
            yield running
    else:
        with valkeys.sentinels(folder) as running:
            yield running


def role(server: embedded.Server) -> str:
    """Return what a server is now: master or slave; nothing while it cannot be asked."""
    try:
        with valkeys.client_of(server) as client:
            return str(client.info("replication")["role"])
    except redis.RedisError:
        return ""


def master_and_replica(
    keys: Keys, servers: Sequence[embedded.Server]
) -> tuple[embedded.Server, embedded.Server]:
    """Return the master that decides for a sale, and the replica that follows it."""
    client = cast(redis.Redis | Cluster, sale())
    by_port = {server.port: server for server in servers}
    if isinstance(client, Cluster):
        key = keys.of_group("state")
        node = client.get_node_from_key(key)  # type: ignore[no-untyped-call]
        master = by_port[node.port]
    else:
        [master] = [server for server in servers if role(server) == "master"]
    with valkeys.client_of(master) as asked:
        replica: Any = asked.info("replication")["slave0"]
    return master, by_port[int(replica["port"])]


def holders(server: embedded.Server, keys: Keys) -> dict[str, str]:
    """Return who holds which ticket, as one server has it."""
    with valkeys.client_of(server) as client:
        if isinstance(sale(), Cluster):
            client.execute_command("READONLY")
        found: dict[str, str] = client.hgetall(keys.of_group("live"))
        return found


def cut_off(master: embedded.Server, replica: embedded.Server) -> None:
    """Stop a replica and end its line to the master: it gets nothing that the master writes from now on."""
    os.kill(replica.pid, signal.SIGSTOP)
    with valkeys.client_of(master) as client:
        client.execute_command("CLIENT KILL TYPE replica")


def pressed(
    door: InProcess | OverHttp, event: UUID, acknowledged: dict[str, str], told: Flag, enough: int
) -> Callable[[Player], None]:
    """Return a press that notes who was told of a ticket, and says when so many were."""

    def press(player: Player) -> None:
        answer = door.claim(player, event, "A")
        if answer.kind in ("won", "already_won"):
            acknowledged[str(player.student.pk)] = answer.body["ticket"]
        if len(acknowledged) >= enough:
            told.set()

    return press


def press_in_threads(event: UUID, players: Sequence[Player]) -> dict[str, str]:
    """Let players press at once; return who was told of which ticket."""
    acknowledged: dict[str, str] = {}
    press = pressed(InProcess(), event, acknowledged, Flag(), len(players))

    def work(player: Player) -> None:
        try:
            press(player)
        finally:
            close_connection()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, players))
    return acknowledged


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wait", [Wait.REPLICA, Wait.NO])
def test_what_was_acknowledged_is_there_when_a_replica_takes_over(
    kind: Kind, wait: Wait, tmp_path: Path
) -> None:
    waiting = {"REDIS_WAIT": wait, "REDIS_WAIT_MS": 300}
    with servers_of(kind, tmp_path / "sale") as (url, servers), sale_at(url, **waiting):
        event = make_event({"A": BEFORE + MEANWHILE})
        players = make_players(BEFORE + MEANWHILE)
        settle()
        keys = keys_of(event)
        master, replica = master_and_replica(keys, servers)
        before = press_in_threads(event.pk, players[:BEFORE])
        cut_off(master, replica)
        meanwhile = press_in_threads(event.pk, players[BEFORE:])
        decided = holders(master, keys)
        os.kill(master.pid, signal.SIGKILL)
        os.kill(replica.pid, signal.SIGCONT)
        assert processes.wait_until(lambda: role(replica) == "master", 30), "nobody took over"
        found = holders(replica, keys)
    assert (len(before), len(decided)) == (BEFORE, BEFORE + MEANWHILE), "the master went on deciding"
    lost = [student for student, code in (before | meanwhile).items() if found.get(student) != code]
    if wait == Wait.NO:
        assert len(meanwhile) == MEANWHILE
        assert sorted(lost) == sorted(meanwhile), "the control loses what was told meanwhile"
    else:
        assert (meanwhile, lost) == ({}, [])


@pytest.mark.parametrize("kind", KINDS)
def test_a_master_killed_under_a_crowd_over_http_loses_no_answer(kind: Kind, tmp_path: Path) -> None:
    crowd, enough = 60, 15
    with servers_of(kind, tmp_path / "sale") as (url, servers), sale_at(url):
        event = make_event({"A": crowd})
        players = make_players(crowd)
        settle()
        keys = keys_of(event)
        master, replica = master_and_replica(keys, servers)
        settings = {"FESTIVAL_REDIS_WAIT": "replica", "FESTIVAL_REDIS_WAIT_MS": "300", "REDIS_URL": url}
        if kind == Kind.SENTINEL:
            settings["FESTIVAL_SENTINEL_PASSWORD"] = valkeys.PASSWORD
        acknowledged: dict[str, str] = {}
        told, left = Flag(), crowd
        with ExitStack() as stack:
            server = production_server(tmp_path, embedded.free_port(), **settings)
            door = OverHttp(stack.enter_context(server)[0])
            stack.callback(door.client.close)
            press = pressed(door, event.pk, acknowledged, told, enough)
            pool = stack.enter_context(ThreadPoolExecutor(8))
            presses = [pool.submit(press, player) for player in players]
            assert told.wait(30)
            os.kill(master.pid, signal.SIGKILL)
            left = sum(not its.done() for its in presses)
            for its in presses:
                its.result()
            assert processes.wait_until(lambda: role(replica) == "master", 30), "nobody took over"
        found = holders(replica, keys)
    assert left > 0, "presses were in flight"
    assert enough <= len(acknowledged) < crowd
    assert {student: found.get(student) for student in acknowledged} == acknowledged
