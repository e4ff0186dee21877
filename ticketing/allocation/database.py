"""Mode `database`: decisions made one after the other under the lock of the limit group's counter row."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.core.cache import caches
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from festival.errors import Unavailable
from ticketing.allocation import waiting, witness
from ticketing.allocation.answering import holding, known_of, limited, lost, refused, waiting_list
from ticketing.allocation.base import (
    Allocator,
    CancelResult,
    Decision,
    Gift,
    GrantResult,
    Known,
    LeaveResult,
    Outcome,
    Press,
    Recovering,
)
from ticketing.allocation.facts import judge, read_facts
from ticketing.allocation.granting import give, live_ticket_of, refused_gift
from ticketing.allocation.pressing import Turn, allocate
from ticketing.allocation.recoveries import is_recovering
from ticketing.allocation.turns import clock, count, group_of, known, lock, require
from ticketing.errors import Inconsistent
from ticketing.models import (
    ACTIVE,
    LIVE,
    Authority,
    Bar,
    Claim,
    Event,
    Place,
    SaleCounter,
    Ticket,
    TicketStatus,
    WaitingStatus,
    Zone,
)
from ticketing.models.authority import Answer
from ticketing.signing import TicketCode

ZONES_SECONDS = 1
MOST_MOVES = 100


class DatabaseAllocator(Allocator):
    """Decides in PostgreSQL."""

    rows_decide = True

    def now(self) -> datetime:
        return clock()

    def zones(self, event_id: UUID, *, fresh: bool = False) -> dict[str, UUID] | None:
        """Return the zones by name; an unknown event is never remembered."""
        found: dict[str, UUID] | None = None if fresh else caches["process"].get(f"zones:{event_id}")
        if found is None:
            found = dict(Zone.objects.filter(event=event_id).values_list("name", "id"))
            if not found and not Event.objects.filter(pk=event_id).exists():
                return None
            caches["process"].set(f"zones:{event_id}", found, ZONES_SECONDS)
        return found

    def left(self, zone_ids: Sequence[UUID]) -> dict[UUID, int]:
        primed = Zone.objects.filter(pk__in=zone_ids, state__isnull=False)
        counted = primed.annotate(free=Count("places", filter=Q(places__free=True)))
        left = dict(counted.values_list("pk", "free"))
        free = [zone for zone, places in left.items() if places]
        return left | dict.fromkeys(waiting.wanted_by_others(free, clock()) if free else (), 0)

    def claim(self, press: Press) -> Outcome:
        """Decide a press in two steps.

        1. Without a lock: read the facts and answer what is refused anyway. Everybody who must not have a place is
           answered here, so that a crowd of them does not stand in the queue of those who may.
        2. Under the counter's lock: read the facts again, judge them by the same rule, give the place.
        """
        facts = read_facts(press)
        refusal = judge(facts, pressed_at=facts.now, event_id=press.event_id)
        if refusal is not None:
            return refused(press, facts, refusal)
        with transaction.atomic():
            counter = lock(facts.limit_group)
            turn = Turn(press, counter, read_facts(press), facts.now)
            if turn.facts.limit_group != facts.limit_group:
                raise Unavailable  # the council moved the event to another group while this press waited
            refusal = judge(turn.facts, pressed_at=facts.now, event_id=press.event_id)
            if refusal is None:
                outcome = allocate(turn)
                witness.note(counter.group, (counter.epoch, counter.decisions + (outcome.arrival or 0)))
                return outcome
        return refused(press, turn.facts, refusal)

    def last_answer(self, *, event_id: UUID, student_id: int) -> Outcome | None:
        """Return the last answer; while a sale is being restored, only what the rows say that a student has."""
        if not is_recovering(group_of(event_id)):
            require_authority(event_id)
            return last_in_rows(event_id, student_id)
        found = last_in_rows(event_id, student_id)
        if found is None or not (found.ticket or found.waits):
            raise Recovering
        return found

    def ticket_of(self, *, event_id: UUID, student_id: int, code: TicketCode | None) -> Known | None:
        wanted = Q(code=code) if code else Q(status__in=LIVE)
        tickets = Ticket.objects.filter(wanted, event=event_id, student=student_id).select_related("zone")
        ticket = tickets.first()
        if ticket is None:
            require_authority(event_id)  # the row of what Redis decides may not be written yet
        return known_of(ticket) if ticket else None

    def cancel(self, *, code: TicketCode, student_id: int) -> CancelResult:
        ticket = Ticket.objects.filter(code=code, student=student_id).select_related("event").first()
        if ticket is None:
            return CancelResult.UNKNOWN
        with transaction.atomic():
            counter = lock(ticket.limit_group)
            ticket.event.refresh_from_db()
            now, doors = clock(), ticket.event.doors_open_at
            open_doors = doors is not None and now >= doors
            if not open_doors and end(ticket, TicketStatus.CANCELLED, Q(status=TicketStatus.HELD), at=now):
                count(counter)
                return CancelResult.CANCELLED
        ticket.refresh_from_db(fields=["status"])
        return (
            CancelResult.CANCELLED
            if ticket.status == TicketStatus.CANCELLED
            else CancelResult.NOT_CANCELLABLE
        )

    def void(self, *, code: TicketCode, actor_id: int | None, reason: str) -> bool:
        ticket = Ticket.objects.select_related("event").get(code=code)
        with transaction.atomic():
            counter = lock(ticket.limit_group)
            ticket.event.refresh_from_db()
            ended = end(
                ticket, TicketStatus.VOID, Q(status__in=LIVE), at=clock(), actor_id=actor_id, reason=reason
            )
            if ended and ticket.student_id is not None:
                make_bar(ticket.event_id, ticket.student_id, actor_id, reason)
            if ended:
                count(counter)
            return ended

    def enter(self, *, code: TicketCode, scan_id: UUID) -> str | None:
        return None

    def enter_again(self, *, code: TicketCode) -> None:
        """Do nothing: the row that the gate has changed is the authority."""

    def leave(
        self, *, event_id: UUID, student_id: int, actor_id: int | None = None, reason: str = ""
    ) -> LeaveResult:
        with transaction.atomic():
            counter = lock(group_of(event_id))
            entry = waiting.entry_of(event_id, student_id)
            if entry is None:
                return LeaveResult.UNKNOWN
            if entry.status in ACTIVE:
                event = Event.objects.get(pk=event_id)
                status = WaitingStatus.REMOVED if reason else WaitingStatus.LEFT
                waiting.end(event, entry, status, clock(), actor_id=actor_id, reason=reason)
                count(counter)
            return LeaveResult.PROMOTED if entry.status == WaitingStatus.PROMOTED else LeaveResult.LEFT

    def accept(self, *, event_id: UUID, student_id: int) -> Outcome:
        with transaction.atomic():
            counter = lock(group_of(event_id))
            event, at = Event.objects.get(pk=event_id), clock()
            base = Outcome(Decision.NO_OFFER, event_id, student_id, at)
            live = live_ticket_of(event, student_id)
            if live is not None:
                return (
                    holding(Decision.ALREADY_WON, live) if live.event_id == event_id else limited(base, live)
                )
            entry = waiting.entry_of(event_id, student_id)
            if entry is not None and entry.status == WaitingStatus.OFFERED and at < known(entry.offer_until):
                ticket = waiting.accept(event, entry, at)
                count(counter)
                return holding(Decision.WON, ticket)
            late = entry is not None and entry.status in (WaitingStatus.OFFERED, WaitingStatus.LAPSED)
            return replace(base, decision=Decision.OFFER_EXPIRED) if late else base

    def promote(self, event_id: UUID) -> int:
        """Change one entry at a time, each under the lock by itself; look without the lock first."""
        for moves in range(MOST_MOVES):
            event, at = Event.objects.get(pk=event_id), clock()
            if waiting.lapsed(event, at) is None and waiting.next_one(event, at) is None:
                return moves
            with transaction.atomic():
                counter = lock(event.group_key)
                event.refresh_from_db()
                if not waiting.step(event, clock()):
                    return moves
                count(counter)
        return MOST_MOVES

    def grant(self, gift: Gift) -> GrantResult:
        with transaction.atomic():
            counter = lock(group_of(gift.event_id))
            event, at = Event.objects.get(pk=gift.event_id), clock()
            refusal = refused_gift(event, gift)
            if refusal is not None:
                return refusal
            places = Place.objects.filter(zone=gift.zone_id, zone__event=event, free=True)
            place = places.order_by("number").values_list("pk", flat=True).first()
            if place is None:
                return GrantResult.SOLD_OUT
            give(event, gift, waiting.take(place), at=at)
            count(counter)
            return GrantResult.GRANTED

    def bar(self, *, event_id: UUID, student_id: int, actor_id: int | None, reason: str) -> bool:
        with transaction.atomic():
            counter = lock(group_of(event_id))
            if not make_bar(event_id, student_id, actor_id, reason):
                return False
            count(counter)
            entry = waiting.entry_of(event_id, student_id)
            if entry is not None and entry.status in ACTIVE:
                event = Event.objects.get(pk=event_id)
                waiting.end(event, entry, WaitingStatus.REMOVED, clock(), actor_id=actor_id, reason=reason)
            return True

    def lift_bar(
        self, *, event_id: UUID, student_id: int, actor_id: int | None = None, reason: str = ""
    ) -> bool:
        with transaction.atomic():
            counter = lock(group_of(event_id))
            bars = Bar.objects.filter(event=event_id, student=student_id, lifted_at__isnull=True)
            facts = {"lifted_by_id": actor_id, "lift_reason": reason}
            if bars.update(lifted_at=timezone.now(), **facts) != 1:
                return False
            count(counter)
            return True


def require_authority(event_id: UUID) -> None:
    """Raise Stale or Recovering when PostgreSQL does not decide for an event: its rows may be behind."""
    counters = SaleCounter.objects.filter(group=group_of(event_id)).values_list("authority", flat=True)
    require(counters.first() or Authority.LOADING)


def last_in_rows(event_id: UUID, student_id: int) -> Outcome | None:
    """Return what the rows say that a student was answered last and still has."""
    ticket = (
        Ticket.objects.filter(event=event_id, student=student_id, status__in=LIVE)
        .select_related("zone")
        .first()
    )
    if ticket is not None:
        return holding(Decision.WON, ticket)
    claims = list(Claim.objects.filter(event=event_id, student=student_id).order_by("arrival"))
    if not claims or claims[-1].answer == Answer.WON:
        return None  # nothing was asked, or what was won has ended since
    if claims[-1].answer == Answer.WAITLISTED:
        return last_of_waiting(event_id, student_id)
    return lost(claims[0])


def make_bar(event_id: UUID, student_id: int, actor_id: int | None, reason: str) -> bool:
    """Write a bar unless there is one; the caller holds the turn."""
    facts = {"reason": reason, "actor_id": actor_id}
    return Bar.objects.get_or_create(
        event_id=event_id, student_id=student_id, lifted_at=None, defaults=facts
    )[1]


def last_of_waiting(event_id: UUID, student_id: int) -> Outcome | None:
    """Return what became of the last waiting entry, as far as its student still has something of it."""
    entry = waiting.entry_of(event_id, student_id)
    if entry is not None and entry.status in ACTIVE:
        return waiting_list(entry)
    if entry is not None and entry.status == WaitingStatus.LAPSED:
        return Outcome(Decision.OFFER_EXPIRED, event_id, student_id, entry.since)
    return None


def end(
    ticket: Ticket,
    status: TicketStatus,
    only_if: Q,
    *,
    at: datetime,
    actor_id: int | None = None,
    reason: str = "",
) -> bool:
    """End a ticket that is still as `only_if` says and pass its place on; the caller holds the counter's lock.

    The gate marks tickets used without that lock, so the condition is checked by the UPDATE itself.
    """
    facts = {"status": status, "ended_at": at, "actor_id": actor_id, "reason": reason}
    if Ticket.objects.filter(only_if, pk=ticket.pk).update(**facts) != 1:
        return False
    if Place.objects.filter(pk=known(ticket.place_id), free=False).update(free=True) != 1:
        raise Inconsistent("a live ticket's place was free")
    waiting.pass_on(ticket.event, ticket.zone_id, at)
    return True
