"""Valkeys that belong together, for tests: a cluster of three masters, or a master with its Sentinels."""

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
)


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
def cluster(folder: Path, masters: int = 3) -> Iterator[tuple[str, list[embedded.Server]]]:
    """Run a cluster of masters without replicas; yield its address and its servers."""

    def lines(_port: int) -> list[str]:
        return [*SALE, *CLUSTER, f"cluster-port {embedded.free_port()}"]

    with ExitStack() as stack:
        servers = [keep(stack, start(folder / f"node-{number}", lines)) for number in range(masters)]
        join(servers)
        yield f"redis+cluster://:{PASSWORD}@{hosts_of(servers)}", servers


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
        master = keep(stack, start(folder / "master", lambda _port: SALE))
        following = [*SALE, f"replicaof 127.0.0.1 {master.port}"]
        replica = keep(stack, start(folder / "replica", lambda _port: following))
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
