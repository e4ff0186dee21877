"""What a cell has kept: the client's own log joined with PostgreSQL's rows and with what Redis holds."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import connection, transaction

from festival.redis import sale
from loadtest import staging
from loadtest.faults.pressing import GIVES, Crowd
from loadtest.log import Log
from loadtest.play import Record
from loadtest.redis_keys import last_entry, read_kept
from loadtest.result import HEADLINES
from loadtest.tally import WON
from loadtest.verdict import judge
from loadtest.written import wait_for_rows
from ticketing.models import Event, Mode, Ticket, WaitingEntry

ROWS_S = 60.0
# A press is answered by its first arrival; who was told of none before is told again of what they have.
SAME = {"already_won": "won"}
# After a loss: the arrivals that were lost are given to nobody else; a winner's receipt names the place, not what else
# was wished; and a model that replays the whole sale knows nothing of presses that nobody knows any more. Who was
# served before whom is judged all the same, of all who were told after the loss (overtaken, sent_away_too_soon).
NOT_OF_A_LOSS = ("arrival_missing", "wish_not_kept", "replay_differs", "wrong_position", "list_not_full")


@dataclass
class Loss:
    """Whom a loss concerns: student numbers, and what they are told when they present their receipts."""

    gone: set[str] = field(default_factory=set)  # acknowledged, and not in the rows that are left
    in_time: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    forgotten: set[str] = field(default_factory=set)  # told no, and nobody knows of their press any more
    in_time_said: dict[str, str] = field(default_factory=dict)
    late_said: dict[str, str] = field(default_factory=dict)

    @property
    def expected(self) -> list[str]:
        """Who loses what they were promised: nobody knows of it but their receipt, which comes late or never."""
        return sorted(self.gone - set(self.in_time))


@dataclass(frozen=True, slots=True)
class Figures:
    """What a cell prints; `faults` names every broken promise with how many rows break it."""

    acknowledged: int
    found: int
    expected: int
    lost: int
    doubled: int
    oversold: int
    order: int
    failed: int
    recovery_s: float
    rows_s: float
    in_flight: int
    unwritten: int
    restored: int
    faults: Mapping[str, Any]

    @property
    def kept(self) -> bool:
        return not self.faults


def found_at_once(event: Event, crowd: Crowd, *, share: tuple[float, float], seed: int) -> Loss:
    """Hold what was acknowledged against the rows that are left, and deal out who presents when."""
    told = dict(crowd.told)
    holders = [number for number, record in told.items() if record.outcome in GIVES]
    loss = Loss(gone={number for number in holders if not is_there(event, told[number])})
    known = set(event.claims.values_list("student__student_number", flat=True))
    loss.forgotten = {number for number in told if number not in known and number not in holders}
    random.Random(seed).shuffle(holders)  # noqa: S311 - a load test must be repeatable
    first, second = (round(len(holders) * part) for part in share)
    loss.in_time, loss.late = holders[:first], holders[first:second]
    return loss


def is_there(event: Event, record: Record) -> bool:
    """Tell whether the rows have what a student was told."""
    number = record.student_number
    if record.outcome in WON:
        return Ticket.objects.filter(
            event=event, code=record.ticket, status__in=("held", "used"), student__student_number=number
        ).exists()
    entries = WaitingEntry.objects.filter(event=event, student__student_number=number)
    return entries.filter(arrival=record.arrival or 0).exists()


def judged(
    event: Event,
    mode: str,
    crowd: Crowd,
    again: Mapping[str, Record],
    loss: Loss,
    at_ms: float,
    under_way: tuple[int, int],
) -> Figures:
    """Wait for the rows, and judge them, Redis and every answer by what the crowd was told last."""
    left_out = set(loss.expected) | loss.forgotten | left_before(crowd, loss, at_ms)
    final = [record for number, record in crowd.told.items() if number not in left_out]
    log = Log(event.pk, [asdict(record) for record in final])
    where, client = staging.where(event), sale()
    entries = (lambda: last_entry(client, where)) if mode == Mode.REDIS else (lambda: 0)
    # After a loss there are arrivals that nobody has: then only the stream tells whether the rows have followed.
    rows_at = wait_for_rows(Log(event.pk, []) if loss.gone else log, where, entries, ROWS_S)
    kept = read_kept(client, where) if mode == Mode.REDIS else None
    with transaction.atomic():
        own: Any = connection.connection
        verdict = judge(own, log, zones=crowd.sale.zones, kept=kept, visitors=bool(left_out))
        transaction.set_rollback(True)
    skip = NOT_OF_A_LOSS if loss.gone else ()
    broken = {name: len(verdict.faults[name]) for name in verdict.broken if name not in skip}
    lost = [
        number for number, record in crowd.told.items() if promised(record) and not is_there(event, record)
    ]
    faults: dict[str, Any] = dict(broken)
    faults |= told_otherwise(crowd, again, loss) | as_expected(loss, lost)
    faults |= {f"{name} is missing": why for name, why in verdict.missing.items() if not loss.gone}
    heads = {head: sum(broken.get(name, 0) for name in names) for head, names in HEADLINES.items()}
    held = [record for record in crowd.told.values() if promised(record)]
    return Figures(
        acknowledged=len(held),
        found=len(held) - len(lost),
        expected=len(loss.expected),
        lost=len(lost),
        doubled=heads["duplicates"],
        oversold=heads["oversold"],
        order=heads["order_violations"],
        failed=len(failed(crowd, at_ms)),
        recovery_s=round((max(failed(crowd, at_ms), default=at_ms) - at_ms) / 1000, 1),
        rows_s=round(max(0.0, (rows_at - at_ms) / 1000), 1),
        in_flight=under_way[0],
        unwritten=under_way[1],
        restored=restored(event),
        faults={name: value for name, value in faults.items() if value},
    )


def promised(record: Record) -> bool:
    return record.outcome in GIVES


def left_before(crowd: Crowd, loss: Loss, at_ms: float) -> set[str]:
    """Return who was told no before a loss: places that were lost since may have gone to later ones."""
    if not loss.gone:
        return set()
    return {
        number
        for number, record in crowd.told.items()
        if record.outcome == "sold_out" and record.answered_ms < at_ms + 1000
    }


def told_otherwise(crowd: Crowd, again: Mapping[str, Record], loss: Loss) -> dict[str, list[str]]:
    """Return whose second press was answered otherwise than the first.

    After a loss, places that nobody has proven go to those who wait: they are told so, with the arrival that they had.
    """

    def answer(record: Record) -> tuple[Any, ...]:
        outcome = SAME.get(record.outcome or "", record.outcome)
        return outcome, record.ticket, record.zone, record.number, record.arrival

    return {
        "told otherwise": [
            f"{answer(crowd.told[number])} then {answer(record)}"
            for number, record in again.items()
            if answer(record) != answer(crowd.told[number])
            and not (loss.gone and has_moved_up(crowd.told[number], record))
        ]
    }


def has_moved_up(before: Record, now: Record) -> bool:
    """Tell whether somebody who waited has been given a place by the same press."""
    return before.outcome == "waitlisted" and now.outcome in WON and now.arrival == before.arrival


def as_expected(loss: Loss, lost: Sequence[str]) -> dict[str, Any]:
    """Return how the losses differ from those that were stated before, and answers to receipts that are wrong."""
    late = {number: said for number, said in loss.late_said.items() if number in loss.gone}
    return {
        "lost and not expected": sorted(set(lost) - set(loss.expected)),
        "expected and not lost": sorted(set(loss.expected) - set(lost)),
        "in time and refused": [said for said in loss.in_time_said.values() if said not in GIVES],
        "late and not refused": [said for said in late.values() if said != "superseded"],
    }


def failed(crowd: Crowd, at_ms: float) -> list[float]:
    """Return when presses ended since the strike that were not answered, or by a 503."""
    return [
        record.answered_ms
        for record in crowd.records
        if record.answered_ms > at_ms and (record.status is None or record.status >= 500)
    ]


def restored(event: Event) -> int:
    """Return how many claims receipts have brought back."""
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT coalesce(sum(restored), 0) FROM ticketing_recovery WHERE "group" = %s', [event.group_key]
        )
        return int(cursor.fetchone()[0])
