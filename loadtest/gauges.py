"""What servers and processes have done: read before and after, the difference is what a load has cost."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import psutil
import psycopg
import redis

STATEMENTS = """
SELECT query, sum(calls)::bigint FROM pg_stat_statements JOIN pg_roles ON pg_roles.oid = userid
 WHERE rolname = %s GROUP BY query
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """What has been done until a moment: statements by text, commands by role and name, CPU seconds by kind."""

    at: float
    statements: Counter[str]
    commands: dict[str, Counter[str]]
    cpu: dict[str, float]
    memory: int


@dataclass(frozen=True, slots=True)
class Spent:
    """What was done between two readings."""

    name: str
    begins: float
    seconds: float
    statements: Counter[str]
    commands: dict[str, Counter[str]]
    cpu: dict[str, float]
    memory: int

    @property
    def ends(self) -> float:
        return self.begins + self.seconds


@dataclass(slots=True)
class Gauges:
    """Where to read: the database and the login whose statements count, Redis by role, processes and their children."""

    database: str
    login: str
    redis: Mapping[str, str]
    processes: Mapping[str, Sequence[psutil.Process]]

    def read(self) -> Reading:
        with psycopg.connect(self.database) as connection:
            statements: Counter[str] = Counter(dict(connection.execute(STATEMENTS, [self.login]).fetchall()))
        return Reading(
            time.time(),
            statements,
            {role: commands_of(url) for role, url in self.redis.items()},
            {kind: sum(map(cpu_of, family(roots))) for kind, roots in self.processes.items()},
            sum(map(memory_of, family(self.processes["web"]))),
        )


def between(name: str, before: Reading, after: Reading) -> Spent:
    """Return what was done between two readings, and the memory at the second."""
    return Spent(
        name,
        before.at,
        after.at - before.at,
        after.statements - before.statements,
        {role: commands - before.commands[role] for role, commands in after.commands.items()},
        {kind: seconds - before.cpu[kind] for kind, seconds in after.cpu.items()},
        after.memory,
    )


def commands_of(url: str) -> Counter[str]:
    """Return how often a Redis has run each command, ours to ask included."""
    with redis.Redis.from_url(url) as client:
        found = client.info("commandstats")
    return Counter({name.removeprefix("cmdstat_"): int(row["calls"]) for name, row in found.items()})


def family(roots: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Return processes with all their children of now."""
    return [*roots, *(child for root in roots for child in root.children(recursive=True))]


def listening(url: str) -> psutil.Process:
    """Return the process of this machine that listens at an address."""
    port = urlsplit(url).port
    for found in psutil.net_connections("tcp"):
        if found.status == psutil.CONN_LISTEN and found.laddr.port == port and found.pid:
            return psutil.Process(found.pid)
    raise LookupError(f"nobody here listens on port {port}")


def cpu_of(process: psutil.Process) -> float:
    """Return the CPU seconds of a process; nothing of one that has just ended."""
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def memory_of(process: psutil.Process) -> int:
    """Return the memory of a process in bytes, with its share of what is shared; nothing of one that has just ended."""
    try:
        return int(process.memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0
