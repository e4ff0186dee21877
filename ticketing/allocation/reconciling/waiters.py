"""Compares entries of the waiting lists: Redis has each student's last one."""

from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Any
from uuid import UUID

from django.utils import timezone

from ticketing.allocation.reconciling.findings import NOTHING, Difference, Finding
from ticketing.allocation.reconciling.redis_side import Side
from ticketing.allocation.reconciling.told import entry_line
from ticketing.allocation.rush.carrying import Group
from ticketing.allocation.rush.lines import EntryLine, moment
from ticketing.allocation.rush.waiting import line_of
from ticketing.models import WaitingEntry, WaitingStatus
from ticketing.stream_rows import Entry


def look(group: Group, side: Side) -> Iterator[Finding]:
    """Return entries that one side does not have, or has otherwise."""
    for event, its in side.events.items():
        rows = {entry.claim_id: entry for entry in WaitingEntry.objects.filter(event=event)}
        last: dict[str, WaitingEntry] = {}
        for entry in sorted(rows.values(), key=lambda entry: entry.arrival):
            last[str(entry.student_id)] = entry
        told = {claim: part for claim, part in side.told.waiting.items() if part["event"] == str(event)}
        told_last = {str(part["student"]): claim for claim, part in told.items()}
        for student in sorted({*last, *its.entries, *told_last}, key=int):
            row, line = last.get(student), its.entries.get(student)
            has_row = line_of(row) if row else None
            if has_row == line and line is not None:
                continue
            claim = line.claim if line else told_last.get(student) or str(row and row.claim_id)
            yield from judged(rows.get(UUID(claim)), line, told.get(claim), has_row, side)


def judged(
    row: WaitingEntry | None,
    line: EntryLine | None,
    told: Entry | None,
    last: EntryLine | None,
    side: Side,
) -> Iterator[Finding]:
    """Yield what differs about the entry that Redis has, or should have."""
    has_row = line_of(row) if row else None
    stream = entry_line(told) if told else None
    known = [line, has_row] if side.incomplete else [has_row, line]
    truth = next((it for it in (stream, *known) if it), None)
    if truth is None:
        return
    found = difference(truth.claim, has_row, line, last)
    if has_row is None:
        yield Finding(found, partial(write, truth, told))
    elif has_row != truth:
        yield Finding(found, partial(correct, truth, told))
    else:
        yield Finding(found)


def difference(
    claim: str, has_row: EntryLine | None, line: EntryLine | None, last: EntryLine | None
) -> Difference:
    if has_row is None:
        return Difference("waiting_missing_in_rows", claim, NOTHING, line.status if line else NOTHING)
    if line is None:
        return Difference("waiting_missing_in_redis", claim, has_row.status, NOTHING)
    if line.claim != has_row.claim or (last is not None and last.claim != line.claim):
        return Difference("waiting_last", claim, last.claim if last else NOTHING, line.claim)
    if line.status != has_row.status:
        return Difference("waiting_status", claim, has_row.status, line.status)
    return Difference("waiting_facts", claim, facts(has_row, line), facts(line, has_row))


def facts(line: EntryLine, other: EntryLine) -> str:
    theirs = asdict(other)
    return ", ".join(
        f"{name} {value or NOTHING}" for name, value in asdict(line).items() if value != theirs[name]
    )


def columns(truth: EntryLine, told: Entry | None) -> dict[str, Any]:
    """Return an entry's columns as its line says them."""
    word = told if told and told["status"] == truth.status else {}
    changed = moment(word["changed"]) if word.get("changed") else timezone.now()
    return {
        "event_id": UUID(truth.event),
        "student_id": int(truth.student),
        "zones": [UUID(zone) for zone in truth.zones.split(";")],
        "arrival": int(truth.arrival),
        "elapsed_ms": int(truth.elapsed),
        "since": moment(truth.since),
        "status": truth.status,
        "offered_zone_id": UUID(truth.offer_zone) if truth.offer_zone else None,
        "offered_number": int(truth.offer_number) if truth.offer_number else None,
        "offered_generation": int(truth.offer_generation) if truth.offer_generation else None,
        "offer_until": moment(truth.offer_until) if truth.offer_until else None,
        "changed_at": None if truth.status == WaitingStatus.WAITING else changed,
        "actor_id": word.get("actor"),
        "reason": word.get("reason") or "",
    }


def write(truth: EntryLine, told: Entry | None) -> str:
    """Write an entry that rows do not have."""
    sequence = told["sequence"] if told else 0
    WaitingEntry.objects.create(claim_id=UUID(truth.claim), sequence=sequence, **columns(truth, told))
    return truth.status


def correct(truth: EntryLine, told: Entry | None) -> str:
    """Let a row say what is true of its entry."""
    WaitingEntry.objects.filter(pk=UUID(truth.claim)).update(**columns(truth, told))
    return truth.status
