"""Compares counted presses, first arrivals, bars, seen openings and counters."""

from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from ticketing.allocation.reconciling.findings import NOTHING, Difference, Finding
from ticketing.allocation.reconciling.redis_side import EventSide, Side
from ticketing.allocation.rush.carrying import Group
from ticketing.allocation.rush.lines import FirstArrival, milliseconds, moment
from ticketing.allocation.rush.loading import first_arrivals
from ticketing.models import Bar, Claim, EventState, SaleCounter
from ticketing.models.authority import Answer
from ticketing.stream_rows import Entry, write_claims


def look(group: Group, side: Side) -> Iterator[Finding]:
    """Return all of them that differ."""
    yield from counters(group, side)
    answers = {
        str(key): answer
        for key, answer in Claim.objects.filter(group=group.keys.group).values_list("pk", "answer")
    }
    for key, told in side.told.claims.items():
        if key not in answers:
            found = Difference("claim_missing_in_rows", key, NOTHING, f"{told['answer']} {told['arrival']}")
            yield Finding(found, partial(write, told))
        elif answers[key] != told["answer"]:
            found = Difference("claim_answer", key, answers[key], told["answer"])
            yield Finding(found, partial(write, told))
    for event, its in side.events.items():
        yield from firsts(group, event, its, side)
        yield from bars(event, its, side)
        yield from openings(event, its)


def counters(group: Group, side: Side) -> Iterator[Finding]:
    counter = SaleCounter.objects.get(group=group.keys.group)
    if counter.arrival != side.arrival:
        found = Difference("arrival", str(counter.group), str(counter.arrival), str(side.arrival))
        behind = counter.arrival < side.arrival
        yield Finding(found, partial(set_arrival, counter.group, side.arrival) if behind else None)


def set_arrival(group: UUID, arrival: int) -> str:
    SaleCounter.objects.filter(group=group).update(arrival=arrival)
    return str(arrival)


def write(told: Entry) -> str:
    """Write a press as the stream tells it."""
    if not Claim.objects.filter(pk=told["id"]).update(answer=told["answer"]):
        write_claims([told])
    return f"{told['answer']} {told['arrival']}"


def firsts(group: Group, event: UUID, its: EventSide, side: Side) -> Iterator[Finding]:
    """Yield first arrivals that differ; rows that lack the press itself get it."""
    rows = {str(student): line for student, line in first_arrivals(event)}
    counted = set(Claim.objects.filter(group=group.keys.group).values_list("arrival", flat=True))
    for student in sorted({*rows, *its.first}, key=int):
        says, redis = rows.get(student), its.first.get(student)
        if says == redis:
            continue
        found = Difference("first_arrival", f"{event} {student}", says or NOTHING, redis or NOTHING)
        lacks = redis is not None and FirstArrival.read(redis).arrival not in counted
        mend = partial(write_first, group, event, int(student), redis, side) if lacks and redis else None
        yield Finding(found, mend)


def write_first(group: Group, event: UUID, student: int, line: str, side: Side) -> str:
    """Write the press that a first arrival comes of, unless another repair has written it."""
    first = FirstArrival.read(line)
    claims = Claim.objects.filter(group=group.keys.group, arrival=first.arrival)
    if not claims.exists():
        key, answer = press_of(event, student, first, side)
        claims.create(
            id=key,
            event_id=event,
            group=group.keys.group,
            student_id=student,
            arrival=first.arrival,
            decided_at=first.at,
            elapsed_ms=first.elapsed_ms,
            answer=answer,
            zones=[],
        )
    return line


def press_of(event: UUID, student: int, first: FirstArrival, side: Side) -> tuple[UUID, str]:
    """Return the key of a first press and its answer, by what has come of it."""
    entry = side.events[event].entries.get(str(student))
    if entry is not None and entry.arrival == str(first.arrival):
        return UUID(entry.claim), Answer.WAITLISTED
    for ticket in side.tickets.values():
        if (ticket.holder, ticket.arrival) == (str(student), str(first.arrival)):
            return UUID(ticket.claim), Answer.WON
    return uuid4(), Answer.SOLD_OUT


def bars(event: UUID, its: EventSide, side: Side) -> Iterator[Finding]:
    """Yield bars that differ: what PostgreSQL has in force stands, what the stream told last is written."""
    in_force = Bar.objects.filter(event=event, lifted_at=None).values_list("student", flat=True)
    rows = {str(student) for student in in_force}
    for student in sorted(rows ^ its.barred, key=int):
        words = ("barred", "not barred") if student in rows else ("not barred", "barred")
        told = side.told.bars.get((str(event), student))
        stands = side.incomplete if told is None else not told.get("lifted")
        mend = partial(write_bar, event, int(student), told or {}) if student not in rows and stands else None
        yield Finding(Difference("bar", f"{event} {student}", *words), mend)


def write_bar(event: UUID, student: int, told: dict[str, Any]) -> str:
    facts = {"created_at": moment(told["at"])} if told else {}
    reason = told.get("reason") or "-"
    Bar.objects.create(event_id=event, student_id=student, actor_id=told.get("actor"), reason=reason, **facts)
    return "barred"


def openings(event: UUID, its: EventSide) -> Iterator[Finding]:
    """Yield an opening that one side has seen and the other has not."""
    state = EventState.objects.get(event=event)
    says = str(milliseconds(state.opening)) if state.opening else ""
    redis = its.conf.get("opening", "")
    if says != redis:
        found = Difference("opening", str(event), says or NOTHING, redis or NOTHING)
        yield Finding(found, partial(set_opening, event, redis) if redis else None)


def set_opening(event: UUID, opening: str) -> str:
    EventState.objects.filter(event=event).update(opening=moment(opening))
    return opening
