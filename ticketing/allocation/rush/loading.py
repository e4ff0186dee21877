"""Builds what Redis needs to decide for a limit group, from the rows that PostgreSQL has."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from festival.redis import sale
from ticketing.allocation.promotions import minute_of
from ticketing.allocation.rush import waiting
from ticketing.allocation.rush.building import add, chunks, each, pages, put, rank, remove
from ticketing.allocation.rush.classes import load_rules
from ticketing.allocation.rush.complete import facts_of
from ticketing.allocation.rush.keys import OF_EVENT, Keys
from ticketing.allocation.rush.lines import FirstArrival, TicketLine, kept, milliseconds
from ticketing.allocation.rush.roster import SENTINEL
from ticketing.allocation.rush.scripts import run
from ticketing.models import LIVE, Bar, Claim, Event, SaleCounter, StreamPosition, Ticket, Zone

GROUP_KEYS = ("state", "live", "tickets")
ZONE_KEYS = ("state", "freed", "removed", "generations")


def wanted_of(event: Event) -> dict[str, str]:
    """Return what the council wants of an event's sale, as the scripts read it."""

    def ms(at: datetime | None) -> str:
        return str(milliseconds(at)) if at else ""

    offset = timezone.localtime(timezone.now()).utcoffset() or timedelta()
    return {
        "opens": ms(event.opens_at),
        "closes": ms(event.closes_at),
        "doors": ms(event.doors_open_at),
        "paused": "1" if event.paused else "0",
        "reason": event.pause_reason,
        "reason_en": event.pause_reason_en,
        "resumes": ms(event.resumes_at),
        "waitlist": str(event.waitlist_size),
        "promotion": event.promotion,
        "offer": str(event.offer_minutes * 60_000),
        "quiet_from": "" if event.quiet_from is None else str(minute_of(event.quiet_from)),
        "quiet_until": "" if event.quiet_until is None else str(minute_of(event.quiet_until)),
        "offset": str(round(offset.total_seconds() * 1000)),
        "last": ms(event.promotions_end_at),
    }


def load_group(counter: SaleCounter, keys: Keys, events: list[Event], token: int) -> None:
    """Build everything of a limit group that nobody decides for at present; the last write lets the scripts begin.

    What lies there from an earlier time goes first; the stream stays, its numbers go on.
    """
    for names in chunks(names_of(keys, events), 1000):
        remove(keys, token, *names)
    position, _new = StreamPosition.objects.get_or_create(group=keys.group)
    for event in events:
        load_event(keys, event, token)
    load_tickets(keys, token)
    head = {
        "epoch": counter.epoch,
        "recovering": "",
        "seq": position.position,
        "base": position.position,
        "rows": facts_of(counter, counter.arrival),
        "arrival": counter.arrival,
        "clock": milliseconds(counter.last_at) if counter.last_at else 0,
        "written": position.position,
        "since": 0,
    }
    put(keys, token, keys.of_group("state"), head.items())
    run("server", [keys.of_group("state")], [counter.epoch, "adopt"])
    put(keys, token, keys.of_group("state"), [("mode", "redis")])


def names_of(keys: Keys, events: Iterable[Event]) -> Iterator[str]:
    """Yield the names of everything that Redis may have of a group, but its stream."""
    yield from (keys.of_group(name) for name in GROUP_KEYS)
    for event in events:
        yield from (keys.of_event(event.pk, name) for name in OF_EVENT)
        for zone in Zone.objects.filter(event=event):
            yield from (keys.of_zone(zone.pk, name) for name in ZONE_KEYS)


def clear(keys: Keys, events: Iterable[Event]) -> None:
    """Take everything of a group out of Redis but its stream."""
    for names in chunks(names_of(keys, events), 1000):
        sale().unlink(*names)


def load_event(keys: Keys, event: Event, token: int) -> None:
    """Build an event: its conf, who has pressed, who is barred, its zones, its rules; last, that it is there."""
    state = event.state
    conf = {**wanted_of(event), "opening": str(milliseconds(state.opening)) if state.opening else ""}
    put(keys, token, keys.of_event(event.pk, "conf"), conf.items())
    put(keys, token, keys.of_event(event.pk, "first"), first_arrivals(event.pk))
    barred = Bar.objects.filter(event=event, lifted_at=None).values_list("student_id", "pk")
    students = (student for student, _bar in each(barred, "student_id"))
    add(keys, token, keys.of_event(event.pk, "barred"), chain([SENTINEL], students))
    waiting.load(keys, event.pk, token)
    made = Zone.objects.filter(event=event, state__isnull=False)  # others are made here, once Redis decides
    for zone in made:
        load_zone(keys, zone, token)
    load_rules(keys, event, token)
    put(keys, token, keys.of_group("state"), [(f"event:{event.pk}", 1)])


def first_arrivals(event: UUID) -> Iterator[tuple[int, str]]:
    """Yield each student's first counted press, with the answer of the last one."""
    last = Claim.objects.filter(event=event, student=OuterRef("student")).order_by("-arrival")
    firsts = (
        Claim.objects.filter(event=event)
        .distinct("student_id")
        .annotate(last_answer=Subquery(last.values("answer")[:1]))
        .values_list("student_id", "arrival", "elapsed_ms", "decided_at", "last_answer")
    )
    for student, *facts in each(firsts, "student_id", "arrival"):
        yield student, FirstArrival(*facts).line()


PLACES = """
SELECT coalesce(max(number), 0), coalesce(max(number) FILTER (WHERE NOT free OR generation > 0), 0) + 1
  FROM ticketing_place WHERE zone_id = %(zone)s
"""
GONE = """
SELECT number FROM generate_series(1, %(top)s) AS number
 WHERE NOT EXISTS (SELECT FROM ticketing_place place WHERE place.zone_id = %(zone)s AND place.number = number.number)
"""
GENERATIONS = """
SELECT number, max(generation) FROM (
       SELECT number, generation FROM ticketing_place WHERE zone_id = %(zone)s AND generation > 0
       UNION ALL SELECT number, generation FROM ticketing_ticket WHERE zone_id = %(zone)s
       UNION ALL SELECT offered_number, offered_generation FROM ticketing_waitingentry
                  WHERE offered_zone_id = %(zone)s) AS given
 GROUP BY number
"""


def rows(statement: str, **values: UUID | int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def load_zone(keys: Keys, zone: Zone, token: int) -> None:
    """Build the places of a zone; those that nobody had yet are a range, however many there are."""
    [(top, following)] = rows(PLACES, zone=zone.pk)
    freed = zone.places.filter(free=True, number__lt=following).values_list("number", "pk")
    name = {each_name: keys.of_zone(zone.pk, each_name) for each_name in ZONE_KEYS}
    rank(keys, token, name["freed"], ((number, number) for number, _place in each(freed, "number")))
    rank(keys, token, name["removed"], ((n, n) for (n,) in rows(GONE, zone=zone.pk, top=top)))
    put(keys, token, name["generations"], rows(GENERATIONS, zone=zone.pk))
    put(keys, token, name["state"], {"top": top, "next": following}.items())
    put(keys, token, keys.of_group("state"), [(f"zone:{zone.pk}", 1)])


def load_tickets(keys: Keys, token: int) -> None:
    """Build all tickets that a group ever had, and who holds a live one."""
    for page in pages(Ticket.objects.filter(limit_group=keys.group)):
        lines = [line_of(ticket) for ticket in page]
        put(keys, token, keys.of_group("tickets"), ((line.code, line.line()) for line in lines))
        live = ((line.holder, line.code) for line in lines if line.status in LIVE)
        put(keys, token, keys.of_group("live"), live)


def line_of(ticket: Ticket) -> TicketLine:
    """Return a row as the scripts keep it; a guest holds by the claim."""
    return TicketLine(
        holder=str(ticket.student_id or f"guest:{ticket.claim_id}"),
        status=ticket.status,
        claim=str(ticket.claim_id),
        event=str(ticket.event_id),
        zone=str(ticket.zone_id),
        number=str(ticket.number),
        generation=str(ticket.generation),
        code=ticket.code,
        arrival=str(ticket.arrival or ""),
        elapsed="" if ticket.elapsed_ms is None else str(ticket.elapsed_ms),
        issued=str(milliseconds(ticket.issued_at)),
        scan="",
        granted_by=str(ticket.granted_by_id or ""),
        grant_reason=kept(ticket.grant_reason),
        guest=kept(ticket.guest_name),
    )
