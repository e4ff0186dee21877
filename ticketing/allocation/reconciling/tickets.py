"""Compares tickets: by claim, each as the scripts keep it."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.utils import timezone

from ticketing.allocation.reconciling.findings import NOTHING, Difference, Finding
from ticketing.allocation.reconciling.redis_side import Side
from ticketing.allocation.reconciling.seating import in_the_way, make_way
from ticketing.allocation.reconciling.told import ticket_line
from ticketing.allocation.rush.carrying import Group
from ticketing.allocation.rush.lines import TicketLine, moment
from ticketing.allocation.rush.loading import line_of
from ticketing.models import LIVE, Event, Place, PrimingMark, Ticket, TicketStatus, Topic
from ticketing.stream_rows import Entry

HELD, USED = TicketStatus.HELD.value, TicketStatus.USED.value
FINAL = {USED, TicketStatus.CANCELLED.value, TicketStatus.VOID.value}
PRIVATE = {"code", "guest", "grant_reason"}  # these differ without being told
KIND = "ticket_status"
ORDER = (KIND, "ticket_facts", "ticket_missing_in_rows", "ticket_missing_in_redis")


def look(group: Group, side: Side) -> Iterator[Finding]:
    """Yield tickets that one side does not have, or has otherwise; what the gate will tell yet is no difference.

    Those come first that end: then their places and holders are free for the others.
    """
    yield from sorted(differing(group, side), key=lambda it: ORDER.index(it.difference.kind))


def differing(group: Group, side: Side) -> Iterator[Finding]:
    rows = {str(row.claim_id): row for row in Ticket.objects.filter(limit_group=group.counter.group)}
    marked = set(PrimingMark.objects.filter(topic=Topic.TICKET).values_list("key", flat=True))
    for claim in sorted({*rows, *side.tickets, *side.told.tickets}):
        row, line, told = rows.get(claim), side.tickets.get(claim), side.told.tickets.get(claim)
        has_row = line_of(row) if row else None
        has_redis = replace(line, scan="") if line else None
        if (
            has_row
            and has_redis
            and has_row.code in marked
            and {has_row.status, has_redis.status} <= {HELD, USED}
        ):
            has_redis = replace(has_redis, status=has_row.status)
        if has_row != has_redis or has_row is None:
            yield judged(claim, row, has_row, has_redis, told, side)


def judged(
    claim: str,
    row: Ticket | None,
    has_row: TicketLine | None,
    has_redis: TicketLine | None,
    told: Entry | None,
    side: Side,
) -> Finding:
    """Return a difference, with how the rows come to the truth when they are not there."""
    stream = ticket_line(told) if told else None
    known = [has_redis, has_row] if side.incomplete else [has_row, has_redis]
    truth = next(line for line in (stream, *known) if line)
    truth = replace(truth, status=final(truth.status, has_row, has_redis))
    found = difference(claim, has_row, has_redis, stream)
    if row is None or has_row is None:
        return Finding(found, partial(write, truth, told, side))
    if has_row.status != truth.status:
        return Finding(found, partial(end, row, truth.status, told))
    return Finding(found, partial(correct, row, truth)) if has_row != truth else Finding(found)


def final(status: str, has_row: TicketLine | None, has_redis: TicketLine | None) -> str:
    """Return the status that counts: PostgreSQL's when it is final; whether a ticket was used is its word anyway."""
    if has_row is not None:
        return has_row.status if has_row.status in FINAL or status == USED else status
    used = has_redis is not None and has_redis.status == USED and status == HELD
    return USED if used else status


def difference(
    claim: str, has_row: TicketLine | None, has_redis: TicketLine | None, stream: TicketLine | None
) -> Difference:
    if has_row is None:
        known = has_redis or stream
        other = f"{known.status} {known.zone} {known.number}" if known else NOTHING
        return Difference("ticket_missing_in_rows", claim, NOTHING, other)
    if has_redis is None:
        says = f"{has_row.status} {has_row.zone} {has_row.number}"
        return Difference("ticket_missing_in_redis", claim, says, NOTHING)
    if has_row.status != has_redis.status:
        return Difference(KIND, claim, has_row.status, has_redis.status)
    return Difference("ticket_facts", claim, facts(has_row, has_redis), facts(has_redis, has_row))


def facts(line: TicketLine, other: TicketLine) -> str:
    """Return what a line says otherwise than another one."""
    theirs = asdict(other)
    differing = {name: value for name, value in asdict(line).items() if value != theirs[name]}
    return ", ".join(
        name if name in PRIVATE else f"{name} {value or NOTHING}" for name, value in differing.items()
    )


def is_use(found: Finding) -> bool:
    """Tell whether a difference may be that of a scan on its way from Redis to its row."""
    it = found.difference
    return it.kind == KIND and {it.rows, it.other} == {HELD, USED}


def columns(truth: TicketLine) -> dict[str, Any]:
    """Return a ticket's columns as its line says them; places apart."""
    return {
        "event_id": UUID(truth.event),
        "zone_id": UUID(truth.zone),
        "number": int(truth.number),
        "generation": int(truth.generation),
        "student_id": None if truth.holder.startswith("guest:") else int(truth.holder),
        "guest_name": typed(truth.guest),
        "code": truth.code,
        "arrival": int(truth.arrival) if truth.arrival else None,
        "elapsed_ms": int(truth.elapsed) if truth.elapsed else None,
        "issued_at": moment(truth.issued),
        "granted_by_id": int(truth.granted_by) if truth.granted_by else None,
        "grant_reason": typed(truth.grant_reason),
    }


def typed(part: str) -> str:
    """Return what somebody had typed from how the scripts keep it."""
    return part.replace("%7C", "|").replace("%25", "%")


def ending(status: str, told: Entry | None) -> dict[str, Any]:
    """Return the columns of how a ticket has ended, as far as the stream tells it."""
    if status in LIVE:
        return {"used_at": timezone.now()} if status == USED else {}
    word = told if told and told["status"] == status else {}
    at: datetime = moment(word["ended"]) if word.get("ended") else timezone.now()
    return {"ended_at": at, "actor_id": word.get("actor"), "reason": word.get("reason") or ""}


def place_of(truth: TicketLine) -> Place:
    """Return the place that a ticket names; it is made when the rows have lost it."""
    return Place.objects.get_or_create(
        zone_id=UUID(truth.zone), number=int(truth.number), defaults={"generation": int(truth.generation)}
    )[0]


def write(truth: TicketLine, told: Entry | None, side: Side) -> str | None:
    """Write a ticket that rows do not have; None when one that Redis has too is in the way: somebody must judge."""
    ticket = Ticket(
        claim_id=UUID(truth.claim),
        limit_group=UUID(told["group"]) if told else group_of(truth),
        status=truth.status,
        sequence=told["sequence"] if told else 0,
        **columns(truth),
        **ending(truth.status, told),
    )
    if truth.status in LIVE:
        ticket.place = place_of(truth)
        for other in in_the_way(ticket):
            if str(other.claim_id) in side.tickets or make_way(other, ticket) is None:
                return None
    ticket.save()
    return f"{ticket.status} {ticket.zone_id} {ticket.number}"


def group_of(truth: TicketLine) -> UUID:
    return Event.objects.get(pk=truth.event).group_key


def end(row: Ticket, status: str, told: Entry | None) -> str | None:
    """End a ticket as its authority has; None when somebody has changed it since."""
    changed = Ticket.objects.filter(pk=row.pk, status=row.status).update(
        status=status, **ending(status, told)
    )
    return status if changed == 1 else None


def correct(row: Ticket, truth: TicketLine) -> str | None:
    """Let a row say what is true of its ticket; None when somebody else has its place."""
    facts_of_it = columns(truth)
    if row.status in LIVE:
        place = place_of(truth)
        if Ticket.objects.filter(place=place, status__in=LIVE).exclude(pk=row.pk).exists():
            return None
        facts_of_it["place"] = place
    Ticket.objects.filter(pk=row.pk).update(**facts_of_it)
    return f"{row.status} {truth.zone} {truth.number}"
