"""Who waits on a page costs little: `python -m loadtest.viewers [--viewers N] [--minutes M]`, on servers of its own.

Lets viewers come to the page of an event and wait there until shortly before its opening, as their browsers do
(`viewing.py`), and prints what was asked, what was answered, and what it cost. Ends with a failure when anybody was
refused, or when a page that everybody shares costs more statements than a refresh a second.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg

from festival import embedded, processes
from loadtest.costs import told
from loadtest.gauges import Gauges, Reading, between, listening
from loadtest.viewing import Plan

if TYPE_CHECKING:
    from ticketing.models import Event

ROOT = Path(__file__).resolve().parent.parent
MODES = ("redis", "database")
COMING = 0.5  # of the time, in which everybody comes
AFTER_S = 15  # from the end to the opening, so that the last look at the clock is played too
LAST_MINUTE_S = 60
IDLE_S, BEFORE_S = 5.0, 5.0
ENDING_S = 60.0
WEB_LOGIN = "web"


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many wait, how many of them are logged in, for how long, and who decides for the event."""

    viewers: int
    students: int
    seconds: float
    mode: str
    processes: int


def arguments(words: Sequence[str]) -> Crowd:
    parser = argparse.ArgumentParser(prog="python -m loadtest.viewers", description=__doc__)
    parser.add_argument("--viewers", type=int, default=10_000)
    parser.add_argument(
        "--students", type=int, help="how many of them are logged in; half of them by default"
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--mode", choices=MODES, default=MODES[0])
    parser.add_argument("--processes", type=int, default=2, help="that play the browsers")
    given = parser.parse_args(words)
    students = given.viewers // 2 if given.students is None else given.students
    if not 0 <= students <= given.viewers or given.viewers < 1 or given.processes < 1:
        parser.error("at least one viewer and one process, and no more students than viewers")
    return Crowd(given.viewers, students, given.minutes * 60, given.mode, given.processes)


def arrivals(crowd: Crowd, starts: float) -> list[float]:
    """Return when each viewer comes: evenly, those who are not logged in first."""
    return [starts + crowd.seconds * COMING * number / crowd.viewers for number in range(crowd.viewers)]


def phases(crowd: Crowd) -> list[tuple[str, float]]:
    """Return the parts of the time, with their ends in seconds after the start."""
    visitors = crowd.viewers - crowd.students
    last = max(crowd.seconds - LAST_MINUTE_S + AFTER_S, crowd.seconds * 0.8)
    every = [
        ("visitors come", crowd.seconds * COMING * visitors / crowd.viewers),
        ("students come", crowd.seconds * COMING),
        ("everybody waits", last),
        ("the last minute", crowd.seconds),
    ]
    return [one for one, before in zip(every, [("", 0.0), *every], strict=False) if one[1] > before[1]]


def make_event(crowd: Crowd) -> "tuple[Event, list[str]]":
    """Make an event far from its opening, and the cookies of its students; those of visitors are none."""
    from accounts.demo import roster
    from accounts.models import Student
    from loadtest.staging import Wanted, make_sessions, wait_for_places
    from loadtest.staging import make_event as staged
    from ticketing.models import Mode

    some = islice(roster.students(), crowd.students * 5 // 4 + 100)  # not everybody is enrolled
    Student.objects.bulk_create(some, batch_size=2000)
    event = staged(Wanted({"스탠딩": 3000, "좌석": 1500, "발코니": 500}, 0, Mode(crowd.mode)))
    wait_for_places(event)
    logins = make_sessions(event, crowd.students) if crowd.students else []
    return event, [""] * (crowd.viewers - crowd.students) + [login.cookies for login in logins]


def open_at(event: "Event", moment: float) -> None:
    """Let the event open at a moment, and wait until the authority knows."""
    from loadtest.staging import open_in

    open_in(event, round(moment - time.time()))
    event.refresh_from_db()


def plans_of(crowd: Crowd, event: "Event", url: str, cookies: Sequence[str], starts: float) -> list[Plan]:
    """Deal the viewers out to as many processes as play them."""
    come, opens = arrivals(crowd, starts), event.opens_at.timestamp()
    path, clock = f"/events/{event.pk}/", f"/api/clock/?event={event.pk}"
    every = range(crowd.processes)
    ends = starts + crowd.seconds
    return [
        Plan(
            url,
            path,
            clock,
            starts,
            ends,
            opens,
            come[each :: len(every)],
            list(cookies[each :: len(every)]),
            each,
        )
        for each in every
    ]


@contextmanager
def players(plans: Sequence[Plan]) -> "Iterator[list[subprocess.Popen[str]]]":
    """Run a process for each plan; none is left when the block ends."""
    command = [sys.executable, "-m", "loadtest.viewing"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    with ExitStack() as stack:
        running = [stack.enter_context(subprocess.Popen(command, **pipes)) for _ in plans]
        for player, plan in zip(running, plans, strict=True):
            stack.callback(player.kill)
            if player.stdin:
                with player.stdin as theirs:
                    json.dump(asdict(plan), theirs)
                player.stdin = None
        yield running


def measure(crowd: Crowd, event: "Event", url: str, cookies: Sequence[str], gauges: Gauges) -> list[str]:
    """Play the crowd, print what came of it, and return the promises that were broken."""
    idle = gauges.read()
    time.sleep(IDLE_S)
    idle_spent = between("nobody is there", idle, gauges.read())
    starts = time.time() + BEFORE_S
    open_at(event, starts + crowd.seconds + AFTER_S)
    plans = plans_of(crowd, event, url, cookies, starts)
    with players(plans) as running:
        gauges.processes = {**gauges.processes, "load": [psutil.Process(one.pid) for one in running]}
        time.sleep(max(0.0, starts - time.time()))
        readings: list[tuple[str, Reading]] = [("", gauges.read())]
        for name, ends in phases(crowd):
            time.sleep(max(0.0, starts + ends - time.time()))
            readings.append((name, gauges.read()))
        seen = [json.loads(one.communicate(timeout=ENDING_S)[0]) for one in running]
    spent = [between(name, before, after) for (_, before), (name, after) in pairwise(readings)]
    return told(seen, spent, idle_spent, starts)


def as_web(url: str) -> str:
    """Give the web processes a login of their own, so that their statements are told from all others; its address."""
    parts = urlsplit(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        connection.execute(f"CREATE ROLE {WEB_LOGIN} LOGIN SUPERUSER PASSWORD '{parts.password}'")
    return urlunsplit(parts._replace(netloc=f"{WEB_LOGIN}:{parts.password}@{parts.hostname}:{parts.port}"))


@contextmanager
def worker(folder: Path, *words: str) -> Iterator[None]:
    """Run a worker as the product does."""
    env = {**os.environ, "FESTIVAL_ROLE": "worker"}
    log, record = folder / f"{words[0]}.log", folder / f"{words[0]}.json"
    running = processes.spawn([sys.executable, "manage.py", *words], log=log, record=record, env=env)
    try:
        yield
    finally:
        processes.end(running, end_signal=signal.SIGTERM, seconds=5)


def main(words: Sequence[str]) -> None:
    """Start servers, play, and end with what came of it."""
    crowd = arguments(words)
    embedded.POSTGRES_SETTINGS["shared_preload_libraries"] = "pg_stat_statements"
    import tests.servers  # noqa: F401 - starts throw-away servers and sets the environment to them

    folder = Path(os.environ["FESTIVAL_DATA_DIR"])
    os.environ |= {"FESTIVAL_MODE": "demo", "FESTIVAL_ALLOW_LOADTEST": "1", "FESTIVAL_ROLE": "command"}
    os.environ["DJANGO_SETTINGS_MODULE"] = "festival.settings"
    import django

    django.setup()
    from django.core.management import call_command

    from festival.demo.supervisor import raise_file_limit
    from tests.conftest import production_server

    raise_file_limit()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    addresses = {"sale": os.environ["REDIS_URL"], "cache": os.environ["CACHE_URL"]}
    database = os.environ["DATABASE_URL"]
    with (
        worker(folder, "prime", "--forever"),
        worker(folder, "writeback"),
        production_server(folder, embedded.free_port(), DATABASE_URL=as_web(database)) as (url, web),
    ):
        kinds = {"PostgreSQL": [listening(database)], "Redis": [listening(one) for one in addresses.values()]}
        gauges = Gauges(database, WEB_LOGIN, addresses, {"web": [psutil.Process(web.pid)], **kinds})
        event, cookies = make_event(crowd)
        broken = measure(crowd, event, url, cookies, gauges)
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
