"""The authority of mode `redis`: asks the scripts and reads their answers; opens no database connection."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from django.utils.translation import get_language

from ticketing.allocation.base import Allocator, CancelResult, Decision, Ineligible, Known, Outcome, Press
from ticketing.allocation.rush import eligibility
from ticketing.allocation.rush.directory import Listed, look_up
from ticketing.allocation.rush.lines import FirstArrival, TicketLine, moment
from ticketing.allocation.rush.reading import ask, now_ms, read_one
from ticketing.allocation.rush.scripts import run
from ticketing.allocation.tries import EARLY_TRIES, TRIES_IN_WINDOW, WINDOW
from ticketing.errors import Inconsistent
from ticketing.models.authority import Answer
from ticketing.signing import TicketCode, new_ticket_code

WINDOW_MS = round(WINDOW.total_seconds() * 1000)


class RedisAllocator(Allocator):
    """Decides for one event of the directory."""

    rows_decide = False

    def __init__(self, listed: Listed) -> None:
        self.listed, self.keys = listed, listed.keys

    def now(self) -> datetime:
        return moment(now_ms(self.keys))

    def zones(self, event_id: UUID, *, fresh: bool = False) -> dict[str, UUID] | None:
        if fresh:
            self.listed = look_up(event_id, fresh=True) or self.listed
        return self.listed.zones

    def left(self, zone_ids: Sequence[UUID]) -> dict[UUID, int]:
        found = {zone: self.free_places(zone) for zone in zone_ids}
        return {zone: free for zone, free in found.items() if free is not None}

    def free_places(self, zone: UUID) -> int | None:
        """Return the number of free places of a zone; None while it has none made."""
        top, following = ask("hmget", self.keys.of_zone(zone, "state"), ["top", "next"])
        if top is None:
            return None
        freed: int = ask("zcard", self.keys.of_zone(zone, "freed"))
        return freed + max(0, int(top) - int(following) + 1)

    def claim(self, press: Press) -> Outcome:
        answer = run("claim", self.claim_keys(press), self.claim_args(press))
        return self.outcome(press, answer)

    def claim_keys(self, press: Press) -> list[str]:
        """Return the keys of the claim script, in its order."""
        keys, event = self.keys, press.event_id
        named = [keys.of_group(name) for name in ("state", "stream", "live", "tickets")]
        named += [
            keys.of_event(event, name) for name in ("conf", "first", "tries", "barred", "classes", "openings")
        ]
        named += [keys.of_festival(name) for name in ("students", "ended")]
        for zone in press.zone_ids:
            named += [keys.of_zone(zone, name) for name in ("state", "freed", "generations")]
        return named

    def claim_args(self, press: Press) -> list[str | int]:
        """Return the arguments of the claim script, in its order."""
        who = (press.student_id, str(press.session_id), press.generation)
        new = (str(uuid4()), new_ticket_code())
        budgets = (EARLY_TRIES, TRIES_IN_WINDOW, WINDOW_MS)
        names = json.dumps(press.zone_names, ensure_ascii=False)
        head = (self.listed.epoch, str(self.keys.group), str(press.event_id))
        return [*head, *who, *new, *budgets, names, *map(str, press.zone_ids)]

    def outcome(self, press: Press, answer: list[str]) -> Outcome:
        """Return the answer of the claim script as an outcome."""
        word, at, *facts = answer
        base = Outcome(Decision.SESSION_ENDED, press.event_id, press.student_id, moment(at))
        match word:
            case "won" | "already_won":
                return self.holding(Decision(word), press.student_id, TicketLine.read(facts[0]))
            case "sold_out":
                return lost(press.event_id, press.student_id, facts[0])
            case "limit_reached":
                return self.limit_reached(base, facts[0])
            case "not_eligible":
                return not_eligible(base, press, *facts)
            case "not_open" | "too_early_too_often":
                return not_open(base, moment(facts[0]), within=word == "not_open")
            case "paused":
                return self.paused(base)
            case "too_many_requests":
                seconds = max(1, round((int(facts[0]) - int(at)) / 1000))
                return replace(base, decision=Decision.TOO_MANY_REQUESTS, retry_after=seconds)
        return replace(base, decision=Decision(word))

    def holding(self, decision: Decision, student_id: int, ticket: TicketLine) -> Outcome:
        """Return the answer that names the ticket a student holds."""
        return Outcome(
            decision,
            UUID(ticket.event),
            student_id,
            moment(ticket.issued),
            ticket=ticket.held(self.listed.zone_name(ticket.zone)),
            arrival=number_of(ticket.arrival),
            elapsed_ms=number_of(ticket.elapsed),
        )

    def limit_reached(self, base: Outcome, other: str) -> Outcome:
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

    def paused(self, base: Outcome) -> Outcome:
        """Return the refusal with the words of the pause, as they were applied."""
        conf = self.keys.of_event(base.event_id, "conf")
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

    def last_answer(self, *, event_id: UUID, student_id: int) -> Outcome | None:
        code = read_one(self.keys.of_group("live"), str(student_id))
        ticket = self.ticket(TicketCode(code)) if code else None
        if ticket is not None and ticket.event == str(event_id):
            return self.holding(Decision.WON, student_id, ticket)
        first = read_one(self.keys.of_event(event_id, "first"), str(student_id))
        if first is None or FirstArrival.read(first).last_answer == Answer.WON:
            return None  # nothing was asked, or what was won has ended since
        return lost(event_id, student_id, first)

    def ticket_of(self, *, event_id: UUID, student_id: int, code: TicketCode | None) -> Known | None:
        live = code or read_one(self.keys.of_group("live"), str(student_id))
        ticket = self.ticket(TicketCode(live)) if live else None
        if ticket is None or (ticket.event, ticket.holder) != (str(event_id), str(student_id)):
            return None
        held = ticket.held(self.listed.zone_name(ticket.zone))
        return Known(held, ticket.status, number_of(ticket.arrival), number_of(ticket.elapsed))

    def ticket(self, code: TicketCode) -> TicketLine | None:
        """Return a ticket of the group, live or ended."""
        line = read_one(self.keys.of_group("tickets"), code)
        return TicketLine.read(line) if line else None

    def cancel(self, *, code: TicketCode, student_id: int) -> CancelResult:
        ticket = self.ticket(code)
        answer = self.end(ticket, "cancelled", holder=str(student_id)) if ticket else "unknown"
        return {
            "ended": CancelResult.CANCELLED,
            "repeated": CancelResult.CANCELLED,
            "unknown": CancelResult.UNKNOWN,
        }.get(answer, CancelResult.NOT_CANCELLABLE)

    def end(
        self,
        ticket: TicketLine,
        status: str,
        *,
        holder: str = "",
        actor_id: int | None = None,
        reason: str = "",
    ) -> str:
        """End a ticket if it is still live, and free its place; return the script's word."""
        keys = [self.keys.of_group(name) for name in ("state", "stream", "live", "tickets")]
        keys += [self.keys.of_event(ticket.event, name) for name in ("conf", "barred")]
        keys.append(self.keys.of_zone(ticket.zone, "freed"))
        actor = "" if actor_id is None else actor_id
        args = (self.listed.epoch, str(self.keys.group), ticket.code, status, holder, actor, reason)
        return run("ending", keys, args)[0]

    def void(self, *, code: TicketCode, actor_id: int | None, reason: str) -> bool:
        ticket = self.ticket(code)
        return ticket is not None and self.end(ticket, "void", actor_id=actor_id, reason=reason) == "ended"

    def bar(self, *, event_id: UUID, student_id: int, actor_id: int | None, reason: str) -> bool:
        return self.change_bar(event_id, student_id, "bar", actor_id, reason)

    def lift_bar(self, *, event_id: UUID, student_id: int) -> bool:
        return self.change_bar(event_id, student_id, "lift", None, "")

    def change_bar(self, event: UUID, student: int, verb: str, actor: int | None, reason: str) -> bool:
        keys = [self.keys.of_group(name) for name in ("state", "stream")]
        keys.append(self.keys.of_event(event, "barred"))
        args = (self.listed.epoch, str(event), student, verb, "" if actor is None else actor, reason)
        return run("bar", keys, args)[0] == "done"

    def enter(self, *, code: TicketCode, scan_id: UUID) -> str | None:
        word, *status = self.mark(code, "used", str(scan_id))
        return status[0] if word == "refused" else None

    def enter_again(self, *, code: TicketCode) -> None:
        self.mark(code, "held", "")

    def mark(self, code: TicketCode, status: str, scan: str) -> list[str]:
        """Mark a live ticket used, or held again; return the script's answer."""
        keys = [self.keys.of_group(name) for name in ("state", "tickets")]
        return run("mark", keys, (self.listed.epoch, code, status, scan))


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
