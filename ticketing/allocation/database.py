"""Mode `database`: decisions made one after the other under the lock of the limit group's counter row.

What is locked in which order, and which races are accepted, stands in docs/locking.md.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.core.cache import caches
from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils import timezone

from festival.errors import Unavailable
from ticketing.allocation.base import (
    Allocator,
    CancelResult,
    Decision,
    Held,
    Ineligible,
    Known,
    Outcome,
    Press,
    Stale,
)
from ticketing.allocation.criteria import cause
from ticketing.allocation.facts import Facts, judge, read_facts
from ticketing.allocation.giving import Given, give_or_count
from ticketing.allocation.tries import count_early, count_try
from ticketing.errors import Inconsistent
from ticketing.models import (
    LIVE,
    Authority,
    Bar,
    Claim,
    Event,
    EventState,
    Place,
    SaleCounter,
    Ticket,
    TicketStatus,
    Zone,
)
from ticketing.models.authority import Answer
from ticketing.signing import TicketCode

ZONES_SECONDS = 1
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Turn:
    """A press whose turn it is: the counter row is locked, the facts are final.

    `pressed_at` is the time of the press, before it waited.
    """

    press: Press
    counter: SaleCounter
    facts: Facts
    pressed_at: datetime

    @property
    def at(self) -> datetime:
        """The time of the decision; it never runs backwards within a group."""
        return max(self.facts.now, self.counter.last_at or self.facts.now)

    @property
    def zone_ids(self) -> tuple[UUID, ...]:
        """The wanted zones that are open to this student, in order of preference."""
        return tuple(self.press.zone_ids[place] for place in self.facts.open_zones(self.pressed_at))

    @property
    def elapsed_ms(self) -> int:
        """The time since the event's own opening; 0 for who may press before it."""
        return max(0, round((self.at - self.facts.opens_at).total_seconds() * 1000))


class DatabaseAllocator(Allocator):
    """Decides in PostgreSQL."""

    rows_decide = True

    def now(self) -> datetime:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            at: datetime = cursor.fetchone()[0]
            return at

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
        return dict(counted.values_list("pk", "free"))

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
                return allocate(turn)
        return refused(press, turn.facts, refusal)

    def last_answer(self, *, event_id: UUID, student_id: int) -> Outcome | None:
        if not SaleCounter.objects.filter(group=group_of(event_id), authority=Authority.DATABASE).exists():
            raise Stale
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
        return lost(claims[0])

    def ticket_of(self, *, event_id: UUID, student_id: int, code: TicketCode | None) -> Known | None:
        wanted = Q(code=code) if code else Q(status__in=LIVE)
        tickets = Ticket.objects.filter(wanted, event=event_id, student=student_id).select_related("zone")
        ticket = tickets.first()
        return known_of(ticket) if ticket else None

    def cancel(self, *, code: TicketCode, student_id: int) -> CancelResult:
        ticket = Ticket.objects.filter(code=code, student=student_id).select_related("event").first()
        if ticket is None:
            return CancelResult.UNKNOWN
        with transaction.atomic():
            lock(ticket.limit_group)
            now, doors = self.now(), ticket.event.doors_open_at
            open_doors = doors is not None and now >= doors
            if not open_doors and end(ticket, TicketStatus.CANCELLED, Q(status=TicketStatus.HELD), at=now):
                return CancelResult.CANCELLED
        ticket.refresh_from_db(fields=["status"])
        return (
            CancelResult.CANCELLED
            if ticket.status == TicketStatus.CANCELLED
            else CancelResult.NOT_CANCELLABLE
        )

    def void(self, *, code: TicketCode, actor_id: int | None, reason: str) -> bool:
        ticket = Ticket.objects.get(code=code)
        with transaction.atomic():
            lock(ticket.limit_group)
            ended = end(
                ticket, TicketStatus.VOID, Q(status__in=LIVE), at=self.now(), actor_id=actor_id, reason=reason
            )
            if ended and ticket.student_id is not None:
                facts = {"reason": reason, "actor_id": actor_id}
                Bar.objects.get_or_create(
                    event_id=ticket.event_id, student_id=ticket.student_id, lifted_at=None, defaults=facts
                )
            return ended

    def enter(self, *, code: TicketCode, scan_id: UUID) -> str | None:
        return None

    def enter_again(self, *, code: TicketCode) -> None:
        """Do nothing: the row that the gate has changed is the authority."""

    def bar(self, *, event_id: UUID, student_id: int, actor_id: int | None, reason: str) -> bool:
        with transaction.atomic():
            lock(group_of(event_id))
            facts = {"reason": reason, "actor_id": actor_id}
            return Bar.objects.get_or_create(
                event_id=event_id, student_id=student_id, lifted_at=None, defaults=facts
            )[1]

    def lift_bar(self, *, event_id: UUID, student_id: int) -> bool:
        with transaction.atomic():
            lock(group_of(event_id))
            bars = Bar.objects.filter(event=event_id, student=student_id, lifted_at__isnull=True)
            return bars.update(lifted_at=timezone.now()) == 1


def group_of(event_id: UUID) -> UUID:
    """Return the key of an event's limit group."""
    return Event.objects.only("limit_group_id").get(pk=event_id).group_key


def lock(group: UUID, *, whoever_decides: bool = False) -> SaleCounter:
    """Take the group's turn: until the transaction ends, nobody else decides for its events.

    Raises Stale when Redis decides for the group, unless the caller is about to change just that.
    """
    counter = SaleCounter.objects.select_for_update(of=("self",), no_key=True).filter(group=group).first()
    if counter is None:
        raise Unavailable
    if counter.authority != Authority.DATABASE and not whoever_decides:
        raise Stale
    return counter


def allocate(turn: Turn) -> Outcome:
    """Give the lowest free place of the first wanted zone that is open to the student, else record the loss."""
    press = turn.press
    tries = count_try(event_id=press.event_id, student_id=press.student_id, now=turn.at)
    if not tries.allowed:
        return Outcome(
            Decision.TOO_MANY_REQUESTS,
            press.event_id,
            press.student_id,
            turn.at,
            retry_after=tries.retry_after,
        )
    # A rule may let a group in before the event opens: that is no opening of the event.
    if not turn.facts.opening_seen and turn.at >= turn.facts.opens_at:
        EventState.objects.filter(event=press.event_id).update(opening=turn.facts.opens_at)
    given = give_or_count(
        event_id=press.event_id,
        group=turn.counter.group,
        student_id=press.student_id,
        zone_ids=turn.zone_ids,
        zone_names=press.zone_names,
        at=turn.at,
        elapsed_ms=turn.elapsed_ms,
    )
    if given is None:
        return lost(first_claim(press))
    counted = Outcome(
        Decision.SOLD_OUT,
        press.event_id,
        press.student_id,
        turn.at,
        arrival=given.arrival,
        elapsed_ms=turn.elapsed_ms,
    )
    return replace(counted, decision=Decision.WON, ticket=just_won(turn, given)) if given.zone_id else counted


def first_claim(press: Press) -> Claim:
    """Return the student's first counted claim, by whose arrival every later loss is answered."""
    return Claim.objects.filter(event=press.event_id, student=press.student_id).earliest("arrival")


def just_won(turn: Turn, given: Given) -> Held:
    """Return the ticket that this press has just won."""
    zone_id = known(given.zone_id)
    return Held(
        claim_id=given.claim_id,
        code=given.code,
        zone_id=zone_id,
        generation=known(given.generation),
        zone=turn.press.zone_names[turn.press.zone_ids.index(zone_id)],
        number=known(given.number),
        issued_at=turn.at,
    )


def end(
    ticket: Ticket,
    status: TicketStatus,
    only_if: Q,
    *,
    at: datetime,
    actor_id: int | None = None,
    reason: str = "",
) -> bool:
    """End a ticket that is still as `only_if` says and free its place; the caller holds the counter's lock.

    The gate marks tickets used without that lock, so the condition is checked by the UPDATE itself.
    """
    facts = {"status": status, "ended_at": at, "actor_id": actor_id, "reason": reason}
    if Ticket.objects.filter(only_if, pk=ticket.pk).update(**facts) != 1:
        return False
    if Place.objects.filter(pk=known(ticket.place_id), free=False).update(free=True) != 1:
        raise Inconsistent("a live ticket's place was free")
    return True


def refused(press: Press, facts: Facts, decision: Decision) -> Outcome:
    """Return a refusal with what the student needs to know about it."""
    outcome = Outcome(decision, press.event_id, press.student_id, facts.now)
    match decision:
        case Decision.ALREADY_WON:
            return holding(decision, Ticket.objects.select_related("zone").get(pk=known(facts.ticket_id)))
        case Decision.LIMIT_REACHED:
            other = Event.objects.get(pk=known(facts.ticket_event_id))
            return replace(outcome, other_event_id=other.pk, other_event_name=other.display_name)
        case Decision.NOT_ELIGIBLE:
            return not_eligible(outcome, press, facts)
        case Decision.NOT_OPEN:
            return not_open(outcome, facts)
        case Decision.PAUSED:
            return paused(outcome)
    return outcome


def not_eligible(outcome: Outcome, press: Press, facts: Facts) -> Outcome:
    """Return the refusal with its cause: a list, the academic status by itself, or the rules of the wanted zones."""
    if facts.exclusion is not None:
        return replace(outcome, ineligible=Ineligible.EXCLUDED, exclusion_reason=facts.exclusion)
    status = known(facts.student_status)
    why = cause(event_id=press.event_id, zone_ids=press.zone_ids, status=status)
    return replace(outcome, ineligible=why, student_status=status)


def not_open(outcome: Outcome, facts: Facts) -> Outcome:
    """Return the refusal with the time when the first of the wanted zones opens for this student."""
    opens_at = known(facts.opening)
    seconds = max(1, math.ceil((opens_at - facts.now).total_seconds()))
    within = count_early(event_id=outcome.event_id, student_id=outcome.student_id)
    decision = Decision.NOT_OPEN if within else Decision.TOO_MANY_REQUESTS
    return replace(outcome, decision=decision, opens_at=opens_at, retry_after=seconds)


def paused(outcome: Outcome) -> Outcome:
    event = Event.objects.get(pk=outcome.event_id)
    seconds = max(1, math.ceil((event.resumes_at - outcome.at).total_seconds())) if event.resumes_at else None
    return replace(
        outcome, pause_reason=event.display_pause_reason, resumes_at=event.resumes_at, retry_after=seconds
    )


def known(value: Value | None) -> Value:
    """Return a fact that the decision rests on and that is therefore there."""
    if value is None:
        raise Inconsistent("a decision rests on a fact that is missing")
    return value


def held_of(ticket: Ticket) -> Held:
    """Return a row as an answer names it."""
    return Held(
        claim_id=ticket.claim_id,
        code=TicketCode(ticket.code),
        zone_id=ticket.zone_id,
        generation=ticket.generation,
        zone=ticket.zone.name,
        number=ticket.number,
        issued_at=ticket.issued_at,
    )


def known_of(ticket: Ticket) -> Known:
    """Return all that a row says of a ticket."""
    return Known(held_of(ticket), ticket.status, ticket.arrival, ticket.elapsed_ms)


def holding(decision: Decision, ticket: Ticket) -> Outcome:
    """Return the answer that names the ticket a student holds."""
    return Outcome(
        decision,
        ticket.event_id,
        known(ticket.student_id),
        ticket.issued_at,
        ticket=held_of(ticket),
        arrival=ticket.arrival,
        elapsed_ms=ticket.elapsed_ms,
    )


def lost(claim: Claim) -> Outcome:
    """Return the answer that names a student's first arrival."""
    return Outcome(
        Decision.SOLD_OUT,
        claim.event_id,
        claim.student_id,
        claim.decided_at,
        arrival=claim.arrival,
        elapsed_ms=claim.elapsed_ms,
    )
