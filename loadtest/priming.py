"""What priming costs: `python -m loadtest.priming [STUDENTS] [TICKETS]`, on servers of its own.

Builds the roster anew beside a sale that runs, with a client of its own that presses all the while; then hands a limit
group with that many tickets over to Redis. Ends with a failure when a press was refused that should have won.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from loadtest.rosters import peak

if TYPE_CHECKING:
    from ticketing.models import Event

STUDENTS, TICKETS = 1_000_000, 100_000
SLOW_MS = 10
MAKE_STUDENTS = """
INSERT INTO accounts_student (student_number, name, name_key, department, campus, email, year, updated_at)
SELECT 'X' || lpad(n::text, 9, '0'), '김가', '김가', '국어국문학과', '', '', 1, now()
  FROM generate_series(1, %s) AS n
"""
MAKE_TICKETS = """
WITH places AS (
  UPDATE ticketing_place SET free = false, generation = 1 WHERE zone_id = %(zone)s RETURNING id, number),
  holders AS (SELECT id, row_number() OVER (ORDER BY id) AS number FROM accounts_student),
  tickets AS (
  INSERT INTO ticketing_ticket (claim_id, event_id, limit_group, zone_id, place_id, number, generation, student_id,
                                code, status, arrival, elapsed_ms, issued_at, reason)
  SELECT gen_random_uuid(), %(event)s, %(event)s, %(zone)s, places.id, places.number, 1, holders.id,
         'x' || lpad(places.number::text, 19, '0'), 'held', places.number, places.number, now(), ''
    FROM places JOIN holders USING (number) RETURNING *)
INSERT INTO ticketing_claim (id, event_id, "group", student_id, arrival, decided_at, elapsed_ms, answer, zones)
SELECT claim_id, event_id, event_id, student_id, arrival, issued_at, elapsed_ms, 'won', ARRAY['A'] FROM tickets
"""


def make_event(name: str, capacity: int, mode: str) -> "Event":
    """Make an open sale of one zone, whose places are there."""
    from django.utils import timezone

    from ticketing.allocation.priming import prime
    from ticketing.models import Event, Zone

    now = timezone.now()
    hours = timedelta(hours=2)
    event = Event.objects.create(
        name=name, mode=mode, opens_at=now - timedelta(seconds=1), closes_at=now + hours
    )
    Zone.objects.create(event=event, name="A", capacity=capacity)
    while prime():
        pass
    return event


def press(event: str, first: str, last: str) -> None:
    """Press for one student after the other until the input is closed; print what was answered and when."""
    import django

    django.setup()
    from select import select

    from accounts.passes import Claimant
    from festival.errors import FestivalError
    from ticketing.claims import claim

    for student in range(int(first), int(last)):
        if select([sys.stdin], [], [], 0)[0]:
            break
        begun = time.monotonic()
        try:
            who = Claimant(student_id=student, session_id=uuid4(), generation=1)
            answer = claim(event_id=UUID(event), zones=["A"], claimant=who).decision.value
        except FestivalError as error:
            answer = error.code
        sys.stdout.write(json.dumps([answer, (time.monotonic() - begun) * 1000]) + "\n")


@contextmanager
def somebody_presses(event: "Event", first: int) -> Iterator[None]:
    """Let another process press meanwhile, and report what it was answered; exits when a press did not win."""
    with tempfile.TemporaryFile("w+") as log:
        command = [
            sys.executable,
            "-m",
            "loadtest.priming",
            "press",
            str(event.pk),
            str(first),
            str(first + 200_000),
        ]
        client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log)
        time.sleep(3)  # Django comes up
        yield
        client.communicate(b"\n", timeout=30)
        log.seek(0)
        answers = [json.loads(line) for line in log]
    slowest = sorted(taken for _answer, taken in answers)
    kinds = {
        kind: sum(answer == kind for answer, _taken in answers) for kind in sorted({a for a, _ in answers})
    }
    sys.stdout.write(
        f"  meanwhile {len(answers)} presses: {kinds}, median {slowest[len(slowest) // 2]:.1f} ms, "
        f"99 % below {slowest[len(slowest) * 99 // 100]:.0f} ms, slowest {slowest[-1]:.0f} ms\n"
    )
    if set(kinds) != {"won"}:
        sys.exit("a press was refused")


@contextmanager
def measured(what: str) -> Iterator[None]:
    """Report how long something took, what this process held at most, and which commands kept Redis from others."""
    from festival.redis import sale

    sale().config_set("slowlog-log-slower-than", SLOW_MS * 1000)
    sale().slowlog_reset()
    begun = time.monotonic()
    yield
    seconds = time.monotonic() - begun
    slow: list[dict[str, Any]] = sale().slowlog_get(100)
    longest = max((entry["duration"] / 1000 for entry in slow), default=0)
    words = (
        f"{len(slow)} commands over {SLOW_MS} ms, the longest {longest:.0f} ms"
        if slow
        else f"no command over {SLOW_MS} ms"
    )
    sys.stdout.write(f"{what}: {seconds:.1f} s, peak {peak():.0f} MB; in Redis {words}\n")


def roster_beside_a_sale(students: int) -> None:
    """Build the roster anew while a sale runs."""
    from django.db import connection

    from accounts.models import Student
    from ticketing.allocation.rush import lease
    from ticketing.allocation.rush.directory import look_up
    from ticketing.allocation.rush.roster import load_roster

    with connection.cursor() as cursor:
        cursor.execute(MAKE_STUDENTS, [students])
        cursor.execute("ANALYZE accounts_student")
    first = Student.objects.order_by("pk").values_list("pk", flat=True)[0]
    event = make_event("첫째 밤", students, "redis")
    listed, token = look_up(event.pk, fresh=True), lease.take()
    if listed is None or token is None:
        sys.exit("the sale did not come to Redis")
    before = peak()
    with somebody_presses(event, first), measured(f"{students} students ({before:.0f} MB before)"):
        load_roster(listed.keys, token)


def handover(tickets: int) -> None:
    """Hand a group with tickets over to Redis, and back."""
    from django.db import connection

    from ticketing.allocation.priming import prime
    from ticketing.models import Authority, Event, Mode, SaleCounter, Zone

    event = make_event("둘째 밤", tickets, "database")
    zone = Zone.objects.get(event=event)
    with connection.cursor() as cursor:
        cursor.execute(MAKE_TICKETS, {"event": event.pk, "zone": zone.pk})
        cursor.execute("ANALYZE ticketing_ticket, ticketing_claim, ticketing_place")
    counter = SaleCounter.objects.filter(group=event.pk)
    counter.update(arrival=tickets)
    for mode, authority in ((Mode.REDIS, Authority.REDIS), (Mode.DATABASE, Authority.DATABASE)):
        Event.objects.filter(pk=event.pk).update(mode=mode)
        with measured(f"a group with {tickets} tickets to {mode.value}"):
            while not counter.filter(authority=authority).exists():
                prime()


def main(words: Sequence[str]) -> None:
    """Start servers and measure."""
    import tests.servers  # noqa: F401 - starts throw-away servers and sets the environment to them

    os.environ["DJANGO_SETTINGS_MODULE"] = "festival.settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    students, tickets = (int(word) for word in (*words, *map(str, (STUDENTS, TICKETS)[len(words) :])))
    roster_beside_a_sale(students)
    handover(tickets)


if __name__ == "__main__":
    if sys.argv[1:2] == ["press"]:
        press(*sys.argv[2:])
    else:
        main(sys.argv[1:])
