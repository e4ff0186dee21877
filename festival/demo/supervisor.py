"""`make demo`: servers, settings, set-up, programs, one quiet screen, and a clean end."""

import logging
import os
import resource
import secrets
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from festival import browser_parts, embedded, processes, translations
from festival.demo import network, screen
from festival.demo.files import ROOT, Layout, Lock, layout, read_environment, secret, write_environment
from festival.demo.parts import Part, Stop, end_all, watch
from festival.demo.rush import Rush
from festival.demo.screen import Problem, say, step

YES = {"1", "yes", "true", "on"}
PASSCODE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike on a phone
READY_SECONDS = 60
STEP_SECONDS = 600
OPEN_FILES = 65536
# How long the parts have to end, one kind after the other: 9.5 s with the second of a rush, where ten are promised.
WEB_SECONDS, WORKER_SECONDS, SERVER_SECONDS = 3.5, 2.5, 1.25
OURS = ("DATABASE_URL", "REDIS_URL", "CACHE_URL")
KEPT = ("FESTIVAL_SECRET_KEY", "FESTIVAL_SIGNING_KEYS", "FESTIVAL_DEMO_PASSCODE")


class Stopped(Exception):
    """Somebody asked to end while things were still being set up."""


class Demo:
    """One run of the demo."""

    def __init__(self, place: Layout, environ: Mapping[str, str]) -> None:
        self.place, self.environ = place, environ
        self.stop = Stop()
        self.lan = environ.get("LAN", "").strip().lower() in YES
        self.port = port_of(environ)
        self.web_host = "0.0.0.0" if self.lan else "127.0.0.1"  # noqa: S104 - a phone is to reach it
        self.servers: list[Part] = []
        self.programs: list[Part] = []
        self.steps: list[subprocess.Popen[bytes]] = []
        self.urls: dict[str, str] = {}
        self.values: dict[str, str] = {}
        self.rush = Rush(place, lambda: self.environment("command"))
        # The address that a phone should take stands last.
        self.hosts = ["127.0.0.1", "localhost", *(reversed(network.lan_addresses()) if self.lan else [])]

    @property
    def address(self) -> str:
        """Where a browser on this machine finds the demo."""
        return f"{'https' if self.lan else 'http'}://127.0.0.1:{self.port}"

    def run(self) -> int:
        """Set up, serve until somebody asks to end, and end; return the exit code."""
        lock = Lock(self.place.lock)
        if not lock.take():
            raise already_running(lock)
        self.stop.listen()
        try:
            self.set_up()
            watch([*self.servers, *self.programs], self.stop, beside=self.rush.look)
        except Stopped:
            say("\nStopped before it was ready.")
        finally:
            self.end()
            lock.release()
        return 0

    def set_up(self) -> None:
        """Bring everything up to the one quiet screen."""
        began = time.monotonic()
        end_left_over(self.place)
        self.check_port()
        raise_file_limit()
        say("Setting up the demo:")
        with step("PostgreSQL and Valkey"):
            self.start_servers()
        self.values = self.settings()
        write_environment(self.place.environment, self.values)
        with step("Translations"):
            translations.compile_all(ROOT / "locale")
        with step("Parts of the browser"):
            self.fetch_browser_parts()
        accounts = self.prepare_data()
        with step("Web server and workers"):
            self.start_programs()
        ready = screen.welcome(
            address=self.address,
            accounts=accounts,
            phone=f"https://{self.hosts[-1]}:{self.port}" if self.lan else None,
            passcode=self.values.get("FESTIVAL_DEMO_PASSCODE"),
            seconds=time.monotonic() - began,
        )
        say(ready)

    def fetch_browser_parts(self) -> None:
        """Fetch what npm pins for our pages, once; raise Problem when that fails."""
        try:
            browser_parts.install()
        except browser_parts.PartsNotInstalled as fault:
            raise Problem(f"{fault}\nIs the network there?", "make demo") from fault

    def check_port(self) -> None:
        """Raise Problem when the port is taken; ours from a moment ago may still be closing."""
        host, port = self.web_host, self.port
        if processes.wait_until(lambda: network.port_is_free(host, port), 1.5, self.stop.wanted):
            return
        other, lan = network.next_free_port(host, max(port, 8000)), " LAN=1" if self.lan else ""
        raise Problem(f"Port {port} is taken by {network.who_listens(port)}.", f"make demo PORT={other}{lan}")

    def start_servers(self) -> None:
        """Start the servers whose addresses the environment does not give."""
        data, stopping = self.place.data, self.stop.wanted
        makers = {
            "DATABASE_URL": partial(embedded.start_postgres, data / "postgres"),
            "REDIS_URL": partial(embedded.start_valkey, data / "valkey-sale", durable=True),
            "CACHE_URL": partial(embedded.start_valkey, data / "valkey-cache", durable=False),
        }
        for variable, make in makers.items():
            if given := self.environ.get(variable):
                self.urls[variable] = given
                continue
            server = make(stopping=stopping)
            self.urls[variable] = server.url
            # Started again on the same port: the programs know it by its address.
            launch = partial(relaunch, partial(make, port=server.port, stopping=stopping))
            part = Part(
                server.name, embedded.log_of(server.folder), launch, server.end_signal, SERVER_SECONDS
            )
            part.process, part.record = server.process, embedded.record_of(server.folder)
            self.servers.append(part)

    def settings(self) -> dict[str, str]:
        """Return the demo's settings: secrets of the last start, new ones where there are none."""
        kept = read_environment(self.place.environment)
        values = {
            "FESTIVAL_MODE": "demo",
            "FESTIVAL_DATA_DIR": str(self.place.data),
            "FESTIVAL_SECRET_KEY": kept.get("FESTIVAL_SECRET_KEY") or secret(),
            "FESTIVAL_SIGNING_KEYS": kept.get("FESTIVAL_SIGNING_KEYS") or secret(),
            **self.urls,
            "FESTIVAL_DEMO_ADDRESS": self.address,
            # .localhost: the demo shows its parts side by side, each by a host name of its own
            "FESTIVAL_HOSTS": ",".join([*self.hosts, ".localhost"]),
            "FESTIVAL_HTTPS": "yes" if self.lan else "no",
            "FESTIVAL_MAIL_URL": self.environ.get("FESTIVAL_MAIL_URL")
            or f"folder://{self.place.data / 'mail'}",
        }
        if self.lan:
            values["FESTIVAL_DEMO_PASSCODE"] = kept.get("FESTIVAL_DEMO_PASSCODE") or "".join(
                secrets.choice(PASSCODE_LETTERS) for _ in range(8)
            )
        return values

    def environment(self, role: str) -> dict[str, str]:
        """Return the environment of a child in that role."""
        return {**self.environ, **self.values, "FESTIVAL_ROLE": role, "PYTHONUNBUFFERED": "1"}

    def prepare_data(self) -> str:
        """Make tables, static files and the demo festival; return what `seed_demo` says about accounts."""
        files = self.begin("static", "collectstatic", "--noinput")
        with step("Database tables"):
            self.finish(self.begin("migrate", "migrate", "--noinput"), "migrate")
        with step("Demo festival with its students"):
            accounts = self.place.records / "accounts.txt"
            self.finish(self.begin("seed", "seed_demo", result=accounts), "seed")
        with step("Static files"):
            self.finish(files, "static")
        return accounts.read_text(encoding="utf-8")

    def begin(self, name: str, *words: str, result: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a management command of the set-up."""
        log = self.place.logs / f"{name}.log"
        log.write_bytes(b"")
        record = self.place.records / f"{name}.json"
        env = {**self.environment("command"), "FESTIVAL_LOG_LEVEL": "WARNING"}
        command = [sys.executable, "manage.py", *words]
        self.steps.append(processes.spawn(command, log=log, record=record, result=result, env=env))
        return self.steps[-1]

    def finish(self, process: subprocess.Popen[bytes], name: str) -> None:
        """Wait for a command of the set-up; raise Problem when it fails."""
        processes.wait_until(lambda: process.poll() is not None, STEP_SECONDS, self.stop.wanted)
        if self.stop.wanted():
            raise Stopped
        (self.place.records / f"{name}.json").unlink(missing_ok=True)
        if process.poll() != 0:
            log = self.place.logs / f"{name}.log"
            what = f"`manage.py` failed in the step {name}. The last lines of {log}:"
            raise Problem(f"{what}\n\n{processes.last_lines(log, 25)}", "make reset && make demo")

    def start_programs(self) -> None:
        """Start web, worker and job worker, and wait until the web server answers."""
        manage = [sys.executable, "manage.py"]
        self.programs = [
            self.program("web", self.web_command(), "web", seconds=WEB_SECONDS),
            self.program("prime", [*manage, "prime", "--forever"], "worker"),
            self.program("writeback", [*manage, "writeback"], "worker"),
            self.program(
                "jobs", [*manage, "procrastinate", "worker", "--shutdown-graceful-timeout=2"], "worker"
            ),
        ]
        for part in self.programs:
            part.start()
        web = self.programs[0]
        processes.wait_until(
            lambda: answers(f"{self.address}/healthz") or any(part.is_dead() for part in self.programs),
            READY_SECONDS,
            self.stop.wanted,
        )
        if self.stop.wanted():
            raise Stopped
        for part in self.programs:
            if part.is_dead():
                raise Problem(part.last_words(), "make demo")
        if not answers(f"{self.address}/healthz"):
            what = f"The web server does not answer. The last lines of {web.log}:"
            raise Problem(f"{what}\n\n{processes.last_lines(web.log)}", "make demo")

    def program(self, name: str, command: list[str], role: str, seconds: float = WORKER_SECONDS) -> Part:
        """Return a program as a part that is not started yet."""
        log, record = self.place.logs / f"{name}.log", self.place.records / f"{name}.json"
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        launch = partial(processes.spawn, command, log=log, record=record, env=self.environment(role))
        return Part(name, log, launch, seconds=seconds, record=record)

    def web_command(self) -> list[str]:
        """Return the production server's command line."""
        command = [sys.executable, "-m", "granian", "festival.wsgi:application", *WEB_OPTIONS]
        command += ["--host", self.web_host, "--port", str(self.port)]
        if self.lan:
            chain, key = network.certificate(self.place.data / "tls", self.hosts)
            command += ["--ssl-certificate", str(chain), "--ssl-keyfile", str(key)]
            command += ["--ssl-protocol-min", "tls1.2"]
        return command

    def end(self) -> None:
        """End what runs, in order: nobody answers any more, nobody works any more, then the servers."""
        self.rush.end()
        for process in self.steps:
            processes.end(process, end_signal=signal.SIGTERM, seconds=2, hurry=self.stop.hurry)
        for record in self.place.records.glob("*.json"):
            record.unlink()
        web, workers = self.programs[:1], self.programs[1:]
        database = [part for part in self.servers if part.name == "PostgreSQL"]
        redis = [part for part in self.servers if part.name != "PostgreSQL"]
        if any(part.process for part in (*self.programs, *self.servers)):
            say("\nEnding web server, workers and servers … ", end="")
            end_all([web, workers, redis, database], self.stop.hurry)
            say("done. The data stays in its folder; `make reset` deletes it.")


# Few threads: a claim in mode `database` waits for the one before it, more threads would only wait together.
WEB_OPTIONS = [
    *("--interface", "wsgi", "--workers", "2", "--blocking-threads", "4", "--no-ws"),
    *("--backlog", "4096", "--log-level", "warning", "--no-access-log"),
    # Connections of one worker, idle ones too: whoever comes when they are used up waits until some have been idle for
    # half a minute. 10,000 browsers keep one or more each.
    *("--backpressure", "16384"),
    "--respawn-failed-workers",
    # At a reload (SIGHUP) the old worker goes so many seconds after the new one was started: nobody asks it whether it
    # listens by then. One that ends has as long for the requests that it has.
    *("--respawn-interval", "8", "--workers-kill-timeout", "8"),
]


def relaunch(make: partial[embedded.Server]) -> subprocess.Popen[bytes]:
    """Start a server again and return its process; raise Problem when it does not come up."""
    try:
        return make().process
    except embedded.EmbeddedError as error:
        raise Problem(str(error), "make demo") from error


def port_of(environ: Mapping[str, str]) -> int:
    """Return the port that PORT asks for."""
    try:
        return network.port_from(environ.get("PORT"))
    except ValueError:
        raise Problem(f"PORT={environ.get('PORT')} is no port.", "make demo PORT=8000") from None


def already_running(lock: Lock) -> Problem:
    """Return what to say when the demo of this folder runs already."""
    return Problem(f"The demo of this clone runs already (process {lock.holder()}).", "make stop")


def answers(address: str) -> bool:
    """Say whether a GET of the address is answered with 200; our own certificate is not checked."""
    trusting = ssl._create_unverified_context()  # noqa: S323 - we ask ourselves, by our own certificate
    try:
        with urllib.request.urlopen(address, timeout=2, context=trusting) as response:  # noqa: S310 - http(s) only
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def end_left_over(place: Layout) -> None:
    """End the programs and servers that a killed demo left running."""
    place.rush.unlink(missing_ok=True)
    for record in place.records.glob("*.json"):
        if pid := processes.end_stale(record, end_signal=signal.SIGTERM):
            say(f"Ended {record.stem} (process {pid}), left over from a demo that was killed.")
    for name, end_signal in (
        ("postgres", signal.SIGINT),
        ("valkey-sale", signal.SIGTERM),
        ("valkey-cache", signal.SIGTERM),
    ):
        embedded.end_stale(place.data / name, end_signal)


def raise_file_limit() -> None:
    """Allow as many open connections as the system lets us; children inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def start(environ: Mapping[str, str] = os.environ) -> int:
    """Run the demo in the foreground and return its exit code."""
    logging.basicConfig(level=logging.INFO, format="  (%(message)s)", stream=sys.stdout)
    mode = environ.get("FESTIVAL_MODE") or "demo"
    if mode != "demo":
        raise Problem(
            f"FESTIVAL_MODE is {mode}: the demo is for demonstrations only.", "env -u FESTIVAL_MODE make demo"
        )
    os.chdir(ROOT)
    place = layout(environ)
    place.make()
    return Demo(place, environ).run()
