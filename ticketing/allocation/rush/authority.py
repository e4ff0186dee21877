"""The authority of mode `redis`: asks the scripts and reads their answers; opens no database connection."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

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
)
from ticketing.allocation.recoveries import valid_for
from ticketing.allocation.rush.answering import accepted, holding, lost, number_of, outcome, waiting_list
from ticketing.allocation.rush.directory import Listed, look_up
from ticketing.allocation.rush.lines import EntryLine, TicketLine, moment
from ticketing.allocation.rush.reading import now_ms
from ticketing.allocation.rush.scripts import run
from ticketing.allocation.tries import EARLY_TRIES, TRIES_IN_WINDOW, WINDOW
from ticketing.models import WaitingStatus
from ticketing.signing import TicketCode, new_ticket_code

WINDOW_MS = round(WINDOW.total_seconds() * 1000)
MOST_MOVES = 100


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
        _word, *found = self.run("left", zone_ids)
        return {zone: int(free) for zone, free in zip(zone_ids, found, strict=True) if free}

    def run(self, name: str, zones: Sequence[UUID | str], *args: str | int | None) -> list[str]:
        """Run a script about the event with the keys of these zones, and its own arguments; None travels as ''."""
        event = self.listed.event_id
        named: list[str | int] = [self.listed.epoch, str(self.keys.group), str(event), len(zones)]
        named += [str(zone) for zone in zones]
        named += ["" if value is None else value for value in args]
        return run(name, self.keys.for_script(event, zones), named)

    @property
    def all_zones(self) -> list[UUID]:
        return list(self.listed.zones.values())

    def claim(self, press: Press) -> Outcome:
        who = (press.student_id, str(press.session_id), press.generation)
        new = (str(uuid4()), new_ticket_code())
        budgets = (EARLY_TRIES, TRIES_IN_WINDOW, WINDOW_MS)
        names = json.dumps(press.zone_names, ensure_ascii=False)
        longest_lag = round(valid_for().total_seconds() * 1000 / 2)
        answer = self.run("claim", press.zone_ids, *who, *new, *budgets, names, longest_lag)
        return outcome(self.listed, press, answer)

    def last_answer(self, *, event_id: UUID, student_id: int) -> Outcome | None:
        word, *facts = self.run("mine", [], student_id)
        match word:
            case "won":
                return holding(self.listed, Decision.WON, student_id, TicketLine.read(facts[0]))
            case "waitlisted":
                return waiting_list(self.listed, student_id, EntryLine.read(facts[0]), int(facts[1]))
            case "offer_expired":
                since = moment(EntryLine.read(facts[0]).since)
                return Outcome(Decision.OFFER_EXPIRED, event_id, student_id, since)
            case "sold_out":
                return lost(event_id, student_id, facts[0])
        return None

    def ticket_of(self, *, event_id: UUID, student_id: int, code: TicketCode | None) -> Known | None:
        ticket = self.ticket(code or "", holder=student_id)
        if ticket is None or (ticket.event, ticket.holder) != (str(event_id), str(student_id)):
            return None
        held = ticket.held(self.listed.zone_name(ticket.zone))
        return Known(held, ticket.status, number_of(ticket.arrival), number_of(ticket.elapsed))

    def ticket(self, code: str, *, holder: int = 0) -> TicketLine | None:
        """Return a ticket of the group, live or ended, or the live one of a holder."""
        keys = [self.keys.of_group(name) for name in ("state", "live", "tickets")]
        _word, *line = run("ticket", keys, (self.listed.epoch, code, holder))
        return TicketLine.read(line[0]) if line else None

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
        facts = (ticket.code, status, holder, actor_id, reason, new_ticket_code())
        return self.run("ending", [ticket.zone], *facts)[0]

    def leave(
        self, *, event_id: UUID, student_id: int, actor_id: int | None = None, reason: str = ""
    ) -> LeaveResult:
        status = WaitingStatus.REMOVED if reason else WaitingStatus.LEFT
        facts = (student_id, status.value, actor_id, reason, new_ticket_code())
        return LeaveResult(self.run("leaving", self.all_zones, *facts)[0])

    def accept(self, *, event_id: UUID, student_id: int) -> Outcome:
        return accepted(self.listed, student_id, self.run("accepting", [], student_id, new_ticket_code()))

    def promote(self, event_id: UUID) -> int:
        for moves in range(MOST_MOVES):
            if self.run("promoting", self.all_zones, new_ticket_code())[0] == "nothing":
                return moves
        return MOST_MOVES

    def grant(self, gift: Gift) -> GrantResult:
        who = (gift.student_id, gift.guest_name, gift.actor_id, gift.reason)
        facts = (str(gift.zone_id), str(uuid4()), new_ticket_code(), *who, new_ticket_code())
        return GrantResult(self.run("granting", self.all_zones, *facts)[0])

    def void(self, *, code: TicketCode, actor_id: int | None, reason: str) -> bool:
        ticket = self.ticket(code)
        return ticket is not None and self.end(ticket, "void", actor_id=actor_id, reason=reason) == "ended"

    def bar(self, *, event_id: UUID, student_id: int, actor_id: int | None, reason: str) -> bool:
        return self.change_bar(event_id, student_id, "bar", actor_id, reason)

    def lift_bar(
        self, *, event_id: UUID, student_id: int, actor_id: int | None = None, reason: str = ""
    ) -> bool:
        return self.change_bar(event_id, student_id, "lift", actor_id, reason)

    def change_bar(self, event: UUID, student: int, verb: str, actor: int | None, reason: str) -> bool:
        facts = (student, verb, actor, reason, new_ticket_code())
        return self.run("bar", self.all_zones, *facts)[0] == "done"

    def enter(self, *, code: TicketCode, scan_id: UUID) -> str | None:
        word, *status = self.mark(code, "used", str(scan_id))
        return status[0] if word == "refused" else None

    def enter_again(self, *, code: TicketCode) -> None:
        self.mark(code, "held", "")

    def mark(self, code: TicketCode, status: str, scan: str) -> list[str]:
        """Mark a live ticket used, or held again; return the script's answer."""
        keys = [self.keys.of_group(name) for name in ("state", "tickets")]
        return run("mark", keys, (self.listed.epoch, code, status, scan))
