"""What the answers of mode `database` name: rows as the interface of an authority says them."""

import math
from dataclasses import replace

from ticketing.allocation.base import Decision, Held, Ineligible, Known, Outcome, Press
from ticketing.allocation.criteria import cause
from ticketing.allocation.facts import Facts
from ticketing.allocation.tries import count_early
from ticketing.allocation.turns import known
from ticketing.allocation.waiting import waits
from ticketing.models import Claim, Event, Ticket, WaitingEntry
from ticketing.signing import TicketCode


def refused(press: Press, facts: Facts, decision: Decision) -> Outcome:
    """Return a refusal with what the student needs to know about it."""
    outcome = Outcome(decision, press.event_id, press.student_id, facts.now)
    match decision:
        case Decision.ALREADY_WON:
            return holding(decision, Ticket.objects.select_related("zone").get(pk=known(facts.ticket_id)))
        case Decision.LIMIT_REACHED:
            other = Event.objects.get(pk=known(facts.ticket_event_id))
            return replace(outcome, other_event_id=other.pk, other_event_name=other.display_name)
        case Decision.WAITLISTED:
            return waiting_list(
                WaitingEntry.objects.select_related("offered_zone").get(pk=known(facts.waiting_id))
            )
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


def waiting_list(entry: WaitingEntry) -> Outcome:
    """Return the answer that names an active entry of the waiting list."""
    return Outcome(
        Decision.WAITLISTED,
        entry.event_id,
        entry.student_id,
        entry.since,
        waits=waits(entry),
        arrival=entry.arrival,
        elapsed_ms=entry.elapsed_ms,
    )


def limited(base: Outcome, live: Ticket) -> Outcome:
    """Return the refusal with the event whose ticket counts for this one too."""
    return replace(
        base,
        decision=Decision.LIMIT_REACHED,
        other_event_id=live.event_id,
        other_event_name=live.event.display_name,
    )
