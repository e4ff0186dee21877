"""What the answers of mode `redis` name: the scripts' words and lines as the interface of an authority says them."""

import math
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.utils.translation import get_language

from ticketing.allocation.base import Decision, Ineligible, Offer, Outcome, Press, Waits
from ticketing.allocation.rush import eligibility
from ticketing.allocation.rush.directory import Listed, look_up
from ticketing.allocation.rush.lines import EntryLine, FirstArrival, TicketLine, moment
from ticketing.allocation.rush.reading import ask
from ticketing.errors import Inconsistent
from ticketing.models import WaitingStatus


def outcome(listed: Listed, press: Press, answer: list[str]) -> Outcome:
    """Return the answer of the claim script as an outcome."""
    word, at, *facts = answer
    base = Outcome(Decision.SESSION_ENDED, press.event_id, press.student_id, moment(at))
    match word:
        case "won" | "already_won":
            return holding(listed, Decision(word), press.student_id, TicketLine.read(facts[0]))
        case "waitlisted":
            return waiting_list(listed, press.student_id, EntryLine.read(facts[0]), int(facts[1]))
        case "sold_out":
            return lost(press.event_id, press.student_id, facts[0])
        case "limit_reached":
            return limit_reached(base, facts[0])
        case "not_eligible":
            return not_eligible(base, press, *facts)
        case "not_open" | "too_early_too_often":
            return not_open(base, moment(facts[0]), within=word == "not_open")
        case "paused":
            return paused(listed, base)
        case "too_many_requests":
            seconds = max(1, round((int(facts[0]) - int(at)) / 1000))
            return replace(base, decision=Decision.TOO_MANY_REQUESTS, retry_after=seconds)
    return replace(base, decision=Decision(word))


def accepted(listed: Listed, student_id: int, answer: list[str]) -> Outcome:
    """Return the answer of the accepting script as an outcome."""
    word, at, *facts = answer
    base = Outcome(Decision.NO_OFFER, listed.event_id, student_id, moment(at))
    if word in ("won", "already_won"):
        return holding(listed, Decision(word), student_id, TicketLine.read(facts[0]))
    if word == "limit_reached":
        return limit_reached(base, facts[0])
    return replace(base, decision=Decision(word))


def holding(listed: Listed, decision: Decision, student_id: int, ticket: TicketLine) -> Outcome:
    """Return the answer that names the ticket a student holds."""
    return Outcome(
        decision,
        UUID(ticket.event),
        student_id,
        moment(ticket.issued),
        ticket=ticket.held(listed.zone_name(ticket.zone)),
        arrival=number_of(ticket.arrival),
        elapsed_ms=number_of(ticket.elapsed),
    )


def limit_reached(base: Outcome, other: str) -> Outcome:
    """Return the refusal with the event whose ticket counts for this one too."""
    listed = look_up(UUID(other))
    if listed is None:
        raise Inconsistent("an event of the group is not in the directory")
    english = listed.name_en if get_language() == "en" else ""
    return replace(
        base,
        decision=Decision.LIMIT_REACHED,
        other_event_id=listed.event_id,
        other_event_name=english or listed.name,
    )


def paused(listed: Listed, base: Outcome) -> Outcome:
    """Return the refusal with the words of the pause, as they were applied."""
    conf = listed.keys.of_event(base.event_id, "conf")
    reason, reason_en, resumes = ask("hmget", conf, ["reason", "reason_en", "resumes"])
    resumes_at = moment(resumes) if resumes else None
    wait = max(1, math.ceil((resumes_at - base.at).total_seconds())) if resumes_at else None
    return replace(
        base,
        decision=Decision.PAUSED,
        pause_reason=(reason_en if get_language() == "en" else "") or reason or "",
        resumes_at=resumes_at,
        retry_after=wait,
    )


def number_of(text: str) -> int | None:
    return int(text) if text else None


def lost(event_id: UUID, student_id: int, line: str) -> Outcome:
    """Return the answer that names a student's first arrival."""
    first = FirstArrival.read(line)
    return Outcome(
        Decision.SOLD_OUT,
        event_id,
        student_id,
        first.at,
        arrival=first.arrival,
        elapsed_ms=first.elapsed_ms,
    )


def not_eligible(base: Outcome, press: Press, status: str, text: str) -> Outcome:
    """Return the refusal with its cause: a list, the academic status by itself, or the rules of the wanted zones."""
    refused = replace(base, decision=Decision.NOT_ELIGIBLE, student_status=status)
    if not text:
        return replace(refused, ineligible=Ineligible.STATUS)
    found = eligibility.read(text)
    if found.exclusion:
        return replace(refused, ineligible=Ineligible.EXCLUDED, exclusion_reason=found.exclusion)
    ruled = found.status_in_rules & {str(zone) for zone in press.zone_ids}
    return replace(refused, ineligible=Ineligible.RULES if ruled else Ineligible.STATUS)


def not_open(base: Outcome, opens_at: datetime, *, within: bool) -> Outcome:
    """Return the refusal with the time when the first of the wanted zones opens for this student."""
    seconds = max(1, math.ceil((opens_at - base.at).total_seconds()))
    decision = Decision.NOT_OPEN if within else Decision.TOO_MANY_REQUESTS
    return replace(base, decision=decision, opens_at=opens_at, retry_after=seconds)


def waiting_list(listed: Listed, student_id: int, entry: EntryLine, position: int) -> Outcome:
    """Return the answer that names an active entry of the waiting list."""
    since = moment(entry.since)
    wanted = tuple(UUID(zone) for zone in entry.zones.split(";"))
    offer = None
    if entry.status == WaitingStatus.OFFERED:
        zone = listed.zone_name(entry.offer_zone)
        offer = Offer(zone, int(entry.offer_number), moment(entry.offer_until))
    return Outcome(
        Decision.WAITLISTED,
        listed.event_id,
        student_id,
        since,
        waits=Waits(UUID(entry.claim), wanted, since, position, offer),
        arrival=int(entry.arrival),
        elapsed_ms=int(entry.elapsed),
    )
