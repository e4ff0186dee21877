"""Valkeys that belong together, for tests: a cluster of three masters, a master with its replica, or its Sentinels."""

import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import redis

from festival import embedded, processes

PASSWORD = "for-tests-only"
SLOTS = 16384
READY_SECONDS = 20
COMMON = ("bind 127.0.0.1", "daemonize no", 'save ""', f"requirepass {PASSWORD}")
SALE = ("appendonly yes", "appendfsync no", "maxmemory-policy noeviction", f"masterauth {PASSWORD}")
CLUSTER = (
    "cluster-enabled yes",
    "cluster-node-timeout 2000",
    "cluster-announce-ip 127.0.0.1",
    "cluster-config-file nodes.conf",
    "cluster-replica-validity-factor 0",
)
PROMPT = ("repl-diskless-sync-delay 0", "repl-ping-replica-period 1")


def start(folder: Path, lines: Callable[[int], Sequence[str]], *flags: str) -> embedded.Server:
    """Start one server on a free port, with the lines of its configuration for that port."""
    folder.mkdir(parents=True)
    config = folder / "server.conf"

    def command(port: int) -> list[str]:
        config.write_text("\n".join([*COMMON, f"port {port}", f'dir "{folder}"', *lines(port), ""]))
        return [str(embedded.valkey_binary()), str(config), *flags]

    def server(port: int, process: subprocess.Popen[bytes]) -> embedded.Server:
        url = f"redis://:{PASSWORD}@127.0.0.1:{port}/0"
        return embedded.Server(f"Valkey ({folder.name})", folder, port, url, process, signal.SIGTERM)

    return embedded.start(folder, 0, command, server, embedded.valkey_answers)


def client_of(server: embedded.Server) -> "redis.Redis":
    return redis.Redis.from_url(server.url, socket_timeout=2, decode_responses=True)


def hosts_of(servers: Sequence[embedded.Server]) -> str:
    return ",".join(f"127.0.0.1:{server.port}" for server in servers)


def keep(stack: ExitStack, server: embedded.Server) -> embedded.Server:
    """End a server with the stack."""
    stack.callback(embedded.stop, server, seconds=3)
    return server


@contextmanager
def cluster(
    folder: Path, masters: int = 3, *, replicated: bool = False
) -> Iterator[tuple[str, list[embedded.Server]]]:
    """Run a cluster; yield its address and its servers: the masters, then a replica of each where there are some."""

    def lines(_port: int) -> list[str]:
        return [*SALE, *CLUSTER, *PROMPT, f"cluster-port {embedded.free_port()}"]

    with ExitStack() as stack:
        count = masters * 2 if replicated else masters
        servers = [keep(stack, start(folder / f"node-{number}", lines)) for number in range(count)]
        join(servers[:masters])
        for master, replica in zip(servers, servers[masters:], strict=False):
            follow(master, replica)
        follows = processes.wait_until(
            lambda: (
                all(is_whole(server, count) for server in servers)
                and all(has_replica(server) for server in servers[:masters] if replicated)
            ),
            READY_SECONDS,
        )
        assert follows, "the replicas of the cluster do not follow"
        yield f"redis+cluster://:{PASSWORD}@{hosts_of(servers)}", servers


def follow(master: embedded.Server, replica: embedded.Server) -> None:
    """Let a new node join a cluster as the replica of one of its masters."""
    with client_of(master) as client:
        bus = client.config_get("cluster-port")["cluster-port"]
        name = client.execute_command("CLUSTER MYID")

    def followed() -> bool:
        with client_of(replica) as client:
            try:
                client.execute_command("CLUSTER REPLICATE", name)
            except redis.ResponseError:  # it has not heard of that master yet
                return False
            return True

    with client_of(replica) as client:
        client.execute_command("CLUSTER MEET", "127.0.0.1", master.port, bus)
    assert processes.wait_until(followed, READY_SECONDS), "a replica did not find its master"


def has_replica(server: embedded.Server) -> bool:
    """Tell whether a replica has loaded what a server had, and follows: "online" alone comes before that."""
    with client_of(server) as client:
        found: Any = client.info("replication").get("slave0", {})
    return bool(found) and found["state"] == "online" and found["offset"] > 0


@contextmanager
def pair(folder: Path) -> Iterator[tuple[str, list[embedded.Server]]]:
    """Run a master and its replica; yield the master's address, and both servers."""
    with ExitStack() as stack:
        master, replica = keep_pair(stack, folder)
        yield master.url, [master, replica]


def keep_pair(stack: ExitStack, folder: Path) -> list[embedded.Server]:
    """Start a master and a replica that follows it, to end with the stack."""
    master = keep(stack, start(folder / "master", lambda _port: [*SALE, *PROMPT]))
    following = [*SALE, *PROMPT, f"replicaof 127.0.0.1 {master.port}"]
    replica = keep(stack, start(folder / "replica", lambda _port: following))
    assert processes.wait_until(lambda: has_replica(master), READY_SECONDS), "the replica does not follow"
    return [master, replica]


def join(servers: Sequence[embedded.Server]) -> None:
    """Make a cluster of servers, each with its share of the slots; return when all of them say that it is whole."""
    shares = [number * SLOTS // len(servers) for number in range(len(servers) + 1)]
    bus = {}
    for number, server in enumerate(servers):
        with client_of(server) as client:
            client.execute_command("CLUSTER SET-CONFIG-EPOCH", number + 1)
            client.execute_command("CLUSTER ADDSLOTSRANGE", shares[number], shares[number + 1] - 1)
            bus[server.port] = client.config_get("cluster-port")["cluster-port"]
    with client_of(servers[0]) as client:
        for server in servers[1:]:
            client.execute_command("CLUSTER MEET", "127.0.0.1", server.port, bus[server.port])
    whole = processes.wait_until(
        lambda: all(is_whole(server, len(servers)) for server in servers), READY_SECONDS
    )
    assert whole, "the cluster did not come together"


def is_whole(server: embedded.Server, nodes: int) -> bool:
    """Tell whether a node knows all the others and every slot's place."""
    with client_of(server) as client:
        found: Any = client.execute_command("CLUSTER INFO")
    return (found["cluster_state"], found["cluster_known_nodes"]) == ("ok", str(nodes))


@contextmanager
def sentinels(folder: Path, name: str = "festival") -> Iterator[tuple[str, list[embedded.Server]]]:
    """Run a master, its replica and three Sentinels; yield their address, and the master and the replica.

    The Sentinels want the same password as the servers.
    """
    with ExitStack() as stack:
        master, replica = keep_pair(stack, folder)
        watching = [
            f"sentinel monitor {name} 127.0.0.1 {master.port} 2",
            f"sentinel auth-pass {name} {PASSWORD}",
            f"sentinel down-after-milliseconds {name} 1000",
            f"sentinel failover-timeout {name} 5000",
            f"sentinel sentinel-pass {PASSWORD}",
        ]
        folders = [folder / f"sentinel-{number}" for number in range(3)]
        watchers = [keep(stack, start(place, lambda _port: watching, "--sentinel")) for place in folders]
        yield f"redis+sentinel://:{PASSWORD}@{hosts_of(watchers)}/{name}", [master, replica]
