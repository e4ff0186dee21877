"""The interface of an authority: what it is asked, what it answers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from festival.errors import Unavailable
from ticketing.signing import TicketCode

RECOVERING_SECONDS = 5


class Stale(Exception):
    """Who decides has changed since the caller looked: look again."""


class Recovering(Unavailable):
    """The sale is being restored: nobody decides."""

    code = "recovering"

    def __init__(self) -> None:
        super().__init__(retry_after=RECOVERING_SECONDS)


class Decision(StrEnum):
    """Every answer an authority can give to a press, in the order in which they are judged."""

    SESSION_ENDED = "session_ended"
    ALREADY_WON = "already_won"
    LIMIT_REACHED = "limit_reached"
    WAITLISTED = "waitlisted"
    BARRED = "barred"
    NOT_ELIGIBLE = "not_eligible"
    NOT_OPEN = "not_open"
    PAUSED = "paused"
    CLOSED = "closed"
    TOO_MANY_REQUESTS = "too_many_requests"
    WON = "won"
    SOLD_OUT = "sold_out"
    NO_OFFER = "no_offer"  # these two answer who accepts, not who presses
    OFFER_EXPIRED = "offer_expired"


class Ineligible(StrEnum):
    """Why a student is not eligible for any wanted zone."""

    EXCLUDED = "excluded"
    STATUS = "status"
    RULES = "rules"


class LeaveResult(StrEnum):
    """What became of leaving the waiting list: a repeated one is answered like the first."""

    LEFT = "left"
    UNKNOWN = "unknown"
    PROMOTED = "promoted"


class GrantResult(StrEnum):
    """Why the council's ticket was given, or not."""

    GRANTED = "granted"
    SOLD_OUT = "sold_out"
    ALREADY_WON = "already_won"
    LIMIT_REACHED = "limit_reached"
    BARRED = "barred"
    UNKNOWN = "unknown"


class CancelResult(StrEnum):
    """What became of a cancel: a repeated one is answered like the first."""

    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    NOT_CANCELLABLE = "not_cancellable"


@dataclass(frozen=True, slots=True)
class Press:
    """A student's press: for which event, which zones in order of preference, by which login."""

    event_id: UUID
    zone_ids: tuple[UUID, ...]
    zone_names: tuple[str, ...]
    student_id: int
    session_id: UUID
    generation: int


@dataclass(frozen=True, slots=True)
class Held:
    """The ticket that a student holds."""

    claim_id: UUID
    code: TicketCode
    zone_id: UUID
    generation: int
    zone: str
    number: int
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """A student's ticket, live or ended, as the authority has it."""

    held: Held
    status: str
    arrival: int | None
    elapsed_ms: int | None


@dataclass(frozen=True, slots=True)
class Offer:
    """A place that is held back for a student who waits, until the deadline."""

    zone: str
    number: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Waits:
    """A student's entry of the waiting list; `position` counts from 1, by arrival."""

    claim_id: UUID
    wanted: tuple[UUID, ...]
    since: datetime
    position: int
    offer: Offer | None = None


@dataclass(frozen=True, slots=True)
class Gift:
    """What the council gives by hand: a place of which zone, to a student or to a guest by name, by whom and why."""

    event_id: UUID
    zone_id: UUID
    student_id: int | None
    guest_name: str
    actor_id: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The one final answer to a press.

    `arrival` and `elapsed_ms` (milliseconds since the opening) belong to won, waitlisted and sold out; `opens_at` is
    when the first of the wanted zones opens for this student; `at` is the deciding clock's time; `retry_after` is in
    seconds.
    """

    decision: Decision
    event_id: UUID
    student_id: int
    at: datetime
    ticket: Held | None = None
    waits: Waits | None = None
    arrival: int | None = None
    elapsed_ms: int | None = None
    opens_at: datetime | None = None
    resumes_at: datetime | None = None
    pause_reason: str = ""
    other_event_id: UUID | None = None
    other_event_name: str = ""
    ineligible: Ineligible | None = None
    exclusion_reason: str = ""
    student_status: str = ""
    retry_after: int | None = None


class Allocator(ABC):
    """The one authority of an event: whatever changes who holds a place is decided here, in order of arrival.

    Every verb raises Stale when another authority decides now, and Unavailable when this one cannot.
    """

    rows_decide: ClassVar[bool]  # PostgreSQL's rows are the authority: what the gate changes there is decided

    @abstractmethod
    def now(self) -> datetime:
        """Return the time of the deciding clock."""

    @abstractmethod
    def zones(self, event_id: UUID, *, fresh: bool = False) -> dict[str, UUID] | None:
        """Return the zones of an event by name, or None when there is no such event.

        They may be a second old, unless they are asked for fresh.
        """

    @abstractmethod
    def left(self, zone_ids: Sequence[UUID]) -> dict[UUID, int]:
        """Return how many places of each zone that has been primed a newcomer could win now."""

    @abstractmethod
    def claim(self, press: Press) -> Outcome:
        """Decide a press: the lowest free place of the first wanted zone that has one, or the first refusal that holds.

        A zone that somebody waits for who could have its place has none for a newcomer. Without a place the student
        joins the waiting list while there is room. A win, a waiting entry and a student's first loss take the next
        arrival; no other answer leaves a trace but the count of tries. Raises Unavailable when the event is not
        primed yet.
        """

    @abstractmethod
    def last_answer(self, *, event_id: UUID, student_id: int) -> Outcome | None:
        """Return what the student was answered last and still holds: a ticket, a waiting entry, a loss; else None.

        An offer that lapsed is answered as such until the next press.
        """

    @abstractmethod
    def ticket_of(self, *, event_id: UUID, student_id: int, code: TicketCode | None) -> Known | None:
        """Return the student's ticket of this code for an event, or without a code the live one."""

    @abstractmethod
    def cancel(self, *, code: TicketCode, student_id: int) -> CancelResult:
        """End the student's own held ticket before the doors open; its place goes on in the same decision.

        Here and wherever a place is freed: to the lowest arrival that waits for its zone and could have it, else it
        is free.
        """

    @abstractmethod
    def void(self, *, code: TicketCode, actor_id: int | None, reason: str) -> bool:
        """End any live ticket for the council, free its place and bar the student; False when it was not live."""

    @abstractmethod
    def enter(self, *, code: TicketCode, scan_id: UUID) -> str | None:
        """Let a scan use a held ticket, so that it cannot be cancelled any more; return the status that forbids it.

        The same scan is let again. An authority whose rows the gate changes itself has nothing to add: None.
        """

    @abstractmethod
    def enter_again(self, *, code: TicketCode) -> None:
        """Take a wrong use back, after the gate's rows have."""

    @abstractmethod
    def leave(
        self, *, event_id: UUID, student_id: int, actor_id: int | None = None, reason: str = ""
    ) -> LeaveResult:
        """Take a student off the waiting list, and pass on what was offered; with a reason it is the council's act."""

    @abstractmethod
    def accept(self, *, event_id: UUID, student_id: int) -> Outcome:
        """Make a ticket of an offer that still stands; else say why not: no_offer, offer_expired, limit_reached."""

    @abstractmethod
    def promote(self, event_id: UUID) -> int:
        """End lapsed offers and let those who wait have the free places that they want; return how many changed.

        What a cancel frees is passed on by the cancel itself. This is for places that came about otherwise: a larger
        capacity, the end of a pause or of quiet hours, an offer that nobody accepted.
        """

    @abstractmethod
    def grant(self, gift: Gift) -> GrantResult:
        """Give the lowest free place of a zone by hand, past all who press and wait; it takes no arrival."""

    @abstractmethod
    def bar(self, *, event_id: UUID, student_id: int, actor_id: int | None, reason: str) -> bool:
        """Shut a student out of an event, its waiting list too, until the bar is lifted; False when there was one."""

    @abstractmethod
    def lift_bar(
        self, *, event_id: UUID, student_id: int, actor_id: int | None = None, reason: str = ""
    ) -> bool:
        """Let a barred student claim again; False when there was no bar."""
