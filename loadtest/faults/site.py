"""The servers and programs of one site, as production runs them, each of which can be killed and started again.

No Django in here: a site is there before settings exist.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from festival import embedded, processes
from festival.demo.supervisor import WEB_OPTIONS, answers
from tests import valkeys
from tests.environment import settings_for_tests

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 60.0
# The demo's mode, for played sales and their sessions; nothing here protects anybody.
OPEN_TO_PLAYERS = {"FESTIVAL_MODE": "demo", "FESTIVAL_ALLOW_LOADTEST": "1", "FESTIVAL_ROLE": "command"}
PROGRAMS: Mapping[str, list[str]] = {"writeback": ["writeback"], "prime": ["prime", "--forever"]}


class Stuck(Exception):
    """What has to happen did not happen in time."""


def expect(done: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    """Wait for something that must happen; raise Stuck with these words when it does not."""
    if not processes.wait_until(done, PATIENCE):
        raise Stuck(otherwise())


def copy(folder: Path, there: Path) -> None:
    """Copy a folder with whom its files belong to."""
    subprocess.run(["/bin/cp", "-a", str(folder), str(there)], check=True)


@dataclass
class Site:
    """A running site: PostgreSQL, the sale's Redis (or a cluster), the cache's, web server, writer, priming loop."""

    folder: Path
    environment: dict[str, str]
    postgres: embedded.Server
    sale: list[embedded.Server]
    programs: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    port: int = 0

    @property
    def url(self) -> str:
        """Where the web server answers."""
        return f"http://127.0.0.1:{self.port}"

    # Programs

    def start(self, name: str) -> None:
        """Start a program by its name: web, writeback or prime."""
        if name == "web":
            where = ["--host", "127.0.0.1", "--port", str(self.port)]
            command = [sys.executable, "-m", "granian", "festival.wsgi:application", *WEB_OPTIONS, *where]
        else:
            command = [sys.executable, str(ROOT / "manage.py"), *PROGRAMS[name]]
        if name in self.programs:
            self.programs[name].wait(timeout=PATIENCE)
        env = {**os.environ, **self.environment, "FESTIVAL_ROLE": "web" if name == "web" else "worker"}
        log, record = self.folder / f"{name}.log", self.folder / f"{name}.json"
        self.programs[name] = processes.spawn(command, log=log, record=record, env=env)

    def wait_for_web(self) -> None:
        """Wait until the web server answers."""
        log = self.folder / "web.log"
        expect(
            lambda: answers(f"{self.url}/healthz"), lambda: f"no web server:\n{processes.last_lines(log, 40)}"
        )

    def ended(self) -> str:
        """Return the last words of the programs that do not run, each under its name; '' when all run."""
        gone = [name for name, process in self.programs.items() if process.poll() is not None]
        return "\n".join(
            f"{name} has ended:\n{processes.last_lines(self.folder / f'{name}.log', 12)}" for name in gone
        )

    def kill(self, name: str) -> None:
        """End a program and its children so that they can do nothing about it."""
        process = self.programs[name]
        if process.poll() is not None:
            raise Stuck(f"{name} ended before")
        processes.kill_group(process.pid)

    def web_workers(self) -> list[int]:
        """Return the processes that answer requests, the oldest first."""
        children = psutil.Process(self.programs["web"].pid).children()
        return [one.pid for one in sorted(children, key=psutil.Process.create_time) if is_python(one)]

    @contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """Let a program stand still while the block runs; whoever is killed in the block stays so."""
        process = self.programs[name]
        os.kill(process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            if process.poll() is None:
                os.kill(process.pid, signal.SIGCONT)

    # PostgreSQL

    @property
    def data(self) -> Path:
        return self.postgres.folder / "data"

    def kill_postgres(self) -> None:
        """Kill the postmaster; its backends notice by themselves."""
        self.postgres.process.kill()

    def wait_for_backends(self) -> None:
        """Wait until the last backend of a killed postmaster has noticed."""
        self.postgres.process.wait(timeout=PATIENCE)
        expect(lambda: not processes.group(self.postgres.pid), lambda: "a backend outlives its postmaster")

    def start_postgres(self) -> None:
        """Start PostgreSQL again, with what stands in its folder."""
        self.postgres = embedded.start_postgres(self.postgres.folder, port=self.postgres.port)

    def back_up_postgres(self) -> None:
        """Keep a base backup of the running server, as a nightly job does."""
        program = str(embedded.postgres_binaries() / "pg_basebackup")
        there = str(self.postgres.folder / "backup")
        options = ["--checkpoint=fast", "--wal-method=stream", "--no-sync", "--dbname", self.postgres.url]
        subprocess.run(
            [program, "--pgdata", there, *options], check=True, capture_output=True, timeout=PATIENCE
        )
        subprocess.run(["/bin/chown", "-R", f"--reference={self.data}", there], check=True)

    def restore_postgres(self) -> None:
        """Put the backup in the place of what was there; the server must not run."""
        shutil.rmtree(self.data)
        (self.postgres.folder / "backup").rename(self.data)

    # Redis

    def kill_redis(self, server: embedded.Server) -> None:
        """Kill a server of the sale."""
        server.process.kill()

    def start_redis(self, server: embedded.Server) -> None:
        """Start a server of the sale again, with what stands in its files; in a cluster it finds its place itself."""
        server.process.wait(timeout=PATIENCE)
        command = [str(embedded.valkey_binary()), str(server.folder / "server.conf")]
        log, record = embedded.log_of(server.folder), embedded.record_of(server.folder)
        again = replace(server, process=processes.spawn(command, log=log, record=record))
        self.sale[self.sale.index(server)] = again
        expect(lambda: embedded.valkey_answers(again), lambda: f"{server.name} is not back")


def is_python(process: psutil.Process) -> bool:
    """Tell whether a child is a worker: granian has a helper of multiprocessing beside them."""
    return "resource_tracker" not in " ".join(process.cmdline())


@contextmanager
def site(folder: Path, template: Path, *, clustered: bool, settings: Mapping[str, str]) -> Iterator[Site]:
    """Run a site on a copy of a PostgreSQL with its tables while the block runs; everything syncs what it writes."""
    folder.mkdir(parents=True)
    folder.chmod(0o711)  # the user whom PostgreSQL runs as passes through
    copy(template, folder / "postgres")
    with ExitStack() as stack:
        postgres = embedded.start_postgres(folder / "postgres")
        cache = embedded.start_valkey(folder / "cache", durable=False)
        stack.callback(embedded.stop, cache, seconds=3)
        if clustered:
            redis_url, sale = stack.enter_context(valkeys.cluster(folder / "sale", replicated=True))
        else:
            sale = [embedded.start_valkey(folder / "sale", durable=True)]
            redis_url = sale[0].url
        addresses = {"DATABASE_URL": postgres.url, "REDIS_URL": redis_url, "CACHE_URL": cache.url}
        environment = settings_for_tests(folder, addresses) | OPEN_TO_PLAYERS | dict(settings)
        if not clustered:
            environment["FESTIVAL_REDIS_MAY_FORGET"] = "no"
        for name in ("mail", "static"):
            (folder / name).mkdir()
        made = Site(folder, environment, postgres, sale, port=embedded.free_port())
        stack.callback(end_all, made)
        for name in ("web", *PROGRAMS):
            made.start(name)
        made.wait_for_web()
        yield made


def end_all(made: Site) -> None:
    """End what still runs of a site, the web server first, the servers last."""
    for process in made.programs.values():
        processes.end(process, end_signal=signal.SIGTERM, seconds=5)
    for server in (made.postgres, *made.sale):
        embedded.stop(server, seconds=3)
