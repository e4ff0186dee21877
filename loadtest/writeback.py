"""How fast rows follow: `python -m loadtest.writeback [ENTRIES]`, on servers of its own.

Students press while nobody writes back; then one write-back worker, a process as in production, brings the rows to the
end of the stream. What every student was told, Redis' keys and the rows are held against each other as after a played
sale. Ends with a failure when they differ, or the worker does not come to the end.
"""

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    import subprocess

    from loadtest.log import Row
    from loadtest.redis_keys import Where
    from ticketing.models import Event

ENTRIES = 100_000
PATIENCE = 1800
LOOK_SECONDS = 0.05
WISHES = (("A", "B"), ("B", "A"), ("B",))
STATUSES = {"won": 201, "waitlisted": 202, "sold_out": 409}
FOUND = """
SELECT (SELECT count(*) FROM ticketing_claim WHERE event_id = %(event)s),
       (SELECT count(*) FROM ticketing_ticket WHERE event_id = %(event)s),
       (SELECT count(*) FROM ticketing_waitingentry WHERE event_id = %(event)s)
"""


@dataclass(slots=True)
class Way:
    """When the position stood where: seconds since the worker was started, entries."""

    begin: int
    seen: list[tuple[float, int]] = field(default_factory=list)

    @property
    def figures(self) -> str:
        """Say how long it took, with and without the start of the process and its first batch."""
        (first, there), (last, end) = self.seen[0], self.seen[-1]
        entries = end - self.begin
        alone = (end - there) / (last - first) if last > first else 0
        return (
            f"{entries} entries in {last:.1f} s: {entries / last:.0f} entries a second from the start of the process; "
            f"the first rows after {first:.1f} s, from then on {alone:.0f} a second"
        )


def make_sale(entries: int) -> "tuple[Event, list[tuple[int, str]]]":
    """Make students and an open sale in Redis: half of them find a place, a tenth waits; return the students too."""
    from django.db import connection
    from django.utils import timezone

    from accounts.models import Student
    from loadtest.priming import MAKE_STUDENTS
    from ticketing.allocation.priming import prime
    from ticketing.models import Event, Mode, Zone
    from ticketing.writeback import write_back

    with connection.cursor() as cursor:
        cursor.execute(MAKE_STUDENTS, [entries])
        cursor.execute("ANALYZE accounts_student")
    now, hours = timezone.now(), timedelta(hours=2)
    event = Event.objects.create(
        name="첫째 밤", mode=Mode.REDIS, opens_at=now, closes_at=now + hours, waitlist_size=entries // 10
    )
    sizes = {"A": entries // 3, "B": entries // 6}
    Zone.objects.bulk_create(Zone(event=event, name=name, capacity=size) for name, size in sizes.items())
    while prime() + write_back():
        pass
    return event, list(Student.objects.order_by("pk").values_list("pk", "student_number"))


def press(event: "Event", students: Sequence[tuple[int, str]]) -> "Iterator[Row]":
    """Press for one student after the other; yield what each was told, as a client's log has it."""
    from accounts.passes import Claimant
    from ticketing.api.answers import document
    from ticketing.claims import claim

    for number, (student, student_number) in enumerate(students):
        who, zones = Claimant(student, uuid4(), 1), list(WISHES[number % len(WISHES)])
        told: dict[str, Any] = document(claim(event_id=event.pk, zones=zones, claimant=who))
        outcome = str(told.get("outcome") or told.get("code"))
        yield told | {
            "student_number": student_number,
            "zones": zones,
            "outcome": outcome,
            "status": STATUSES.get(outcome),
        }


def start_worker(folder: Path) -> "subprocess.Popen[bytes]":
    """Start the write-back worker as the product does."""
    from festival import processes

    command = [sys.executable, "manage.py", "writeback"]
    env = {**os.environ, "FESTIVAL_ROLE": "worker"}
    return processes.spawn(command, log=folder / "writeback.log", record=folder / "writeback.json", env=env)


def position(where: "Where") -> int:
    """Return how far the rows have followed."""
    from ticketing.models import StreamPosition

    return StreamPosition.objects.get(group=where.group).position


def follow(where: "Where", last: int, folder: Path) -> Way:
    """Let a worker bring the rows to the end; return the way. Exits when it ends or does not come there."""
    from festival import processes

    way, begun = Way(position(where)), time.monotonic()
    worker = start_worker(folder)
    try:
        reached = way.begin
        while reached < last:
            time.sleep(LOOK_SECONDS)
            now, seconds = position(where), time.monotonic() - begun
            if now > reached:
                reached = now
                way.seen.append((seconds, now))
            if worker.poll() is not None or seconds > PATIENCE:
                sys.exit(
                    f"the rows stand at {reached} of {last}\n{processes.last_lines(folder / 'writeback.log')}"
                )
    finally:
        processes.end(worker, end_signal=signal.SIGTERM, seconds=10)
    return way


def differences(event: "Event", where: "Where", told: "Sequence[Row]") -> list[str]:
    """Return the figures by which rows, Redis and what was told differ, with a few of their rows."""
    import psycopg

    from festival.redis import sale
    from loadtest.log import Log
    from loadtest.redis_keys import read_kept
    from loadtest.verdict import judge

    zones = dict(event.zones.values_list("name", "capacity"))
    with psycopg.connect(os.environ["DATABASE_URL"]) as own:
        own.execute("ANALYZE")  # all these rows have come since the server last looked
        verdict = judge(own, Log(event.pk, told), zones=zones, kept=read_kept(sale(), where))
        own.rollback()
    bad = [f"{name}: {len(verdict.faults[name])}, as {verdict.faults[name][:3]}" for name in verdict.broken]
    return bad + [f"{name} is missing: {why}" for name, why in verdict.missing.items()]


def found_rows(event: "Event") -> tuple[int, ...]:
    """Count presses, tickets and entries of the waiting list."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(FOUND, {"event": event.pk})
        return tuple(cursor.fetchone())


def measure(entries: int, folder: Path) -> bool:
    """Press, let the worker follow, compare; print the figures and say whether nothing differs."""
    from festival.redis import sale
    from loadtest.redis_keys import last_entry
    from loadtest.staging import where as keys_of
    from ticketing.writeback import lags

    event, students = make_sale(entries)
    where, begun = keys_of(event), time.monotonic()
    told = list(press(event, students))
    last, [lag] = last_entry(sale(), where), lags().values()
    say(
        f"{len(told)} presses decided in {time.monotonic() - begun:.0f} s; the rows are {lag.entries} entries and "
        f"{lag.seconds:.0f} s behind"
    )
    way = follow(where, last, folder)
    [lag] = lags().values()
    say(f"{way.figures}; then {lag.entries} behind")
    outcomes = [answer["outcome"] for answer in told]
    acknowledged = (len(told), outcomes.count("won"), outcomes.count("waitlisted"))
    found = found_rows(event)
    for name, rows, answers in zip(("presses", "tickets", "waiting"), found, acknowledged, strict=True):
        say(f"{name}: {rows} rows found, {answers} acknowledged")
    bad = differences(event, where, told)
    for line in bad:
        say(f"DIFFERS {line}")
    say("rows, Redis and answers " + ("differ" if bad else "agree, each one compared"))
    return not bad and found == acknowledged and not lag.entries and way.seen[-1][1] - way.begin == entries


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(entries: str = str(ENTRIES)) -> None:
    """Start servers, measure, and end with what came of it."""
    import tests.servers  # noqa: F401 - starts throw-away servers and sets the environment to them

    os.environ["DJANGO_SETTINGS_MODULE"] = "festival.settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    sys.exit(0 if measure(int(entries), Path(os.environ["FESTIVAL_DATA_DIR"])) else 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
