"""What is broken in the midst of a sale, and what whoever looks after the servers does about it.

A fault prepares itself when the sale has begun, strikes at its moment, and is mended a second later. Where nothing has
to be done (the web server starts a worker of its own, a replica is promoted), nobody does anything.
"""

import os
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any, ClassVar
from uuid import UUID

import psycopg
import redis

from festival import embedded
from loadtest.faults.site import Site, expect
from tests import valkeys

DOWN_S = 1.0
AWAY_S, SHORTLY_S = 60.0, 5.0
EARLY, LATE = "early", "late"
# Of all places, how many are acknowledged when it strikes: the late ones are the last that are left.
MOMENTS: Mapping[str, float] = {EARLY: 0.1, LATE: 0.9}
BOTH = ("redis", "database")
STANDING = (
    "SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND backend_type = 'client backend'"
)


@dataclass
class Stage:
    """Where a fault happens: the site and the festival of its event."""

    site: Site
    festival: UUID
    short: bool


class Fault(ABC):
    """One kind of fault. `loses` names the modes in which receipts alone know some of what was acknowledged."""

    name: ClassVar[str]
    modes: ClassVar[tuple[str, ...]] = BOTH
    moments: ClassVar[tuple[str, ...]] = (EARLY, LATE)
    loses: ClassVar[tuple[str, ...]] = ()
    clustered: ClassVar[bool] = False
    once: ClassVar[bool] = False  # its site is of no use for another sale

    def begin(self, stage: Stage) -> None:  # noqa: B027 - most faults need nothing
        """Do what must be done while all is well, at a third of the way to the moment."""

    @contextmanager
    def ready(self, _stage: Stage) -> Iterator[None]:
        """Bring everything to where the strike may come at any moment; clean up afterwards."""
        yield

    @abstractmethod
    def strike(self, stage: Stage) -> None:
        """Break it, and nothing else: whose press is under way must be so when it happens."""

    @abstractmethod
    def mend(self, stage: Stage) -> None:
        """Start again what nobody else starts."""


class WebWorker(Fault):
    name = "web-worker"
    worker: int

    @contextmanager
    def ready(self, stage: Stage) -> Iterator[None]:
        self.worker = stage.site.web_workers()[0]
        yield

    def strike(self, stage: Stage) -> None:
        os.kill(self.worker, signal.SIGKILL)

    def mend(self, stage: Stage) -> None:
        """Nobody has to: granian starts another worker."""


class WebServer(Fault):
    name = "web-server"

    def strike(self, stage: Stage) -> None:
        stage.site.kill("web")

    def mend(self, stage: Stage) -> None:
        time.sleep(DOWN_S)
        stage.site.start("web")
        stage.site.wait_for_web()


class Writer(Fault):
    """The write-back worker, at a place in its batch where a lock in PostgreSQL lets it stand."""

    modes = ("redis",)

    def strike(self, stage: Stage) -> None:
        stage.site.kill("writeback")

    def mend(self, stage: Stage) -> None:
        time.sleep(DOWN_S)
        stage.site.start("writeback")


class WriterBeforeCommit(Writer):
    name = "writer-before-commit"

    @contextmanager
    def ready(self, stage: Stage) -> Iterator[None]:
        with stood_in_batch(stage):
            yield


class WriterAfterCommit(Writer):
    name = "writer-after-commit"

    @contextmanager
    def ready(self, stage: Stage) -> Iterator[None]:
        """Let the writer commit, and stand before it asks for the position of its next batch."""
        with ExitStack() as stack:
            gate = stack.enter_context(psycopg.connect(stage.site.postgres.url))
            statement = b"LOCK ticketing_streamposition IN ACCESS EXCLUSIVE MODE"
            with stood_in_batch(stage):
                shutting = Thread(target=gate.execute, args=[statement])
                shutting.start()
                wait_for(stage, "LOCK ticketing_streamposition")  # queued behind the writer
            shutting.join()
            wait_for(stage, 'FROM "ticketing_streamposition"')
            yield
            gate.rollback()


@contextmanager
def stood_in_batch(stage: Stage) -> Iterator[None]:
    """Let the writer stand in the middle of a batch, whose position it has moved."""
    with psycopg.connect(stage.site.postgres.url) as holder:
        holder.execute("LOCK ticketing_claim IN SHARE MODE")
        wait_for(stage, "INTO ticketing_claim")
        yield
        holder.rollback()


def wait_for(stage: Stage, words: str) -> None:
    """Wait until a statement with these words waits for a lock."""
    with psycopg.connect(stage.site.postgres.url, autocommit=True) as looking:

        def there() -> bool:
            return any(words in query for (query,) in looking.execute(STANDING))

        expect(there, lambda: f"nobody stands at {words}")


class Redis(Fault):
    """The sale's Redis. In mode `database` it decides nothing, and nobody should notice."""

    name = "redis"

    def strike(self, stage: Stage) -> None:
        stage.site.kill_redis(stage.site.sale[0])

    def mend(self, stage: Stage) -> None:
        time.sleep(DOWN_S)
        stage.site.start_redis(stage.site.sale[0])


class RedisEmptied(Fault):
    """The sale's Redis forgets everything while presses lie in the web's workers, decided or not."""

    name = "redis-emptied"
    loses = ("redis",)
    once = True
    client: redis.Redis
    workers: list[int]

    @contextmanager
    def ready(self, stage: Stage) -> Iterator[None]:
        """Have a connection and know the workers; after the strike these go on."""
        self.workers = stage.site.web_workers()
        with redis.Redis.from_url(stage.site.sale[0].url) as self.client:
            self.client.ping()
            try:
                yield
            finally:
                for worker in self.workers:
                    os.kill(worker, signal.SIGCONT)

    def strike(self, stage: Stage) -> None:
        for worker in self.workers:
            os.kill(worker, signal.SIGSTOP)
        self.client.flushall()

    def mend(self, stage: Stage) -> None:
        """Nobody can: it runs, and is empty."""


class Postgres(Fault):
    name = "postgresql"

    def strike(self, stage: Stage) -> None:
        stage.site.kill_postgres()

    def mend(self, stage: Stage) -> None:
        stage.site.wait_for_backends()
        time.sleep(DOWN_S)
        stage.site.start_postgres()


class PostgresAway(Postgres):
    name = "postgresql-away"
    moments = (EARLY,)

    def mend(self, stage: Stage) -> None:
        stage.site.wait_for_backends()
        time.sleep(SHORTLY_S if stage.short else AWAY_S)
        stage.site.start_postgres()


class PostgresRestored(Postgres):
    """PostgreSQL comes back from a base backup that was taken while the sale ran."""

    name = "postgresql-restored"
    moments = (LATE,)
    loses = ("database",)
    once = True

    def begin(self, stage: Stage) -> None:
        stage.site.back_up_postgres()

    def mend(self, stage: Stage) -> None:
        stage.site.wait_for_backends()
        time.sleep(DOWN_S)
        stage.site.restore_postgres()
        stage.site.start_postgres()


class ClusterMaster(Fault):
    """The master that decides for the sale dies when its replica has heard nothing for a while, and is promoted."""

    name = "cluster-master"
    modes = ("redis",)
    clustered = True
    once = True
    master: embedded.Server
    replica: embedded.Server

    @contextmanager
    def ready(self, stage: Stage) -> Iterator[None]:
        """Freeze the replica, and end its line: what the master decides from now on is known to nobody else."""
        self.master, self.replica = decides_for(stage)
        os.kill(self.replica.pid, signal.SIGSTOP)
        with valkeys.client_of(self.master) as client:
            client.execute_command("CLIENT KILL TYPE replica")
        yield

    def strike(self, stage: Stage) -> None:
        stage.site.kill_redis(self.master)

    def mend(self, stage: Stage) -> None:
        """Let the replica run, and take over: the other masters see to that. The dead one comes back as its replica."""
        os.kill(self.replica.pid, signal.SIGCONT)
        time.sleep(DOWN_S)
        expect(lambda: is_master(self.replica), lambda: "the replica was not promoted")
        stage.site.start_redis(self.master)


def decides_for(stage: Stage) -> tuple[embedded.Server, embedded.Server]:
    """Return the master that has the festival's keys, and its replica: they were started in the same order."""
    masters = stage.site.sale[: len(stage.site.sale) // 2]
    with valkeys.client_of(masters[0]) as client:
        slot: Any = client.execute_command("CLUSTER KEYSLOT", f"{{{stage.festival}}}")
    number = next(
        number for number in range(len(masters)) if slot < (number + 1) * valkeys.SLOTS // len(masters)
    )
    return masters[number], stage.site.sale[len(masters) + number]


def is_master(server: embedded.Server) -> bool:
    with valkeys.client_of(server) as client:
        found: Any = client.info("replication")
    return bool(found["role"] == "master")


EVERY: Mapping[str, type[Fault]] = {
    fault.name: fault
    for fault in (
        *(WebWorker, WebServer, WriterBeforeCommit, WriterAfterCommit, Redis, Postgres, PostgresAway),
        *(PostgresRestored, ClusterMaster, RedisEmptied),
    )
}
