"""Tickets and first arrivals as the scripts keep them: lines of text, their parts in the order of common.lua."""

from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from operator import attrgetter
from uuid import UUID

from ticketing.allocation.base import Held
from ticketing.signing import TicketCode


def moment(milliseconds: str | int) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)


def milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def kept(typed: str) -> str:
    """Return what somebody typed without the sign that stands between the parts; the scripts tell it as it was."""
    return typed.replace("%", "%25").replace("|", "%7C")


@dataclass(frozen=True, slots=True)
class TicketLine:
    """A ticket as Redis has it; the scan that uses it is there while it is used."""

    holder: str
    status: str
    claim: str
    event: str
    zone: str
    number: str
    generation: str
    code: str
    arrival: str
    elapsed: str
    issued: str
    scan: str
    granted_by: str
    grant_reason: str
    guest: str

    @classmethod
    def read(cls, line: str) -> "TicketLine":
        return cls(*line.split("|"))

    def line(self) -> str:
        return "|".join(PARTS_OF_TICKET(self))

    def held(self, zone_name: str) -> Held:
        """Return the ticket as an answer names it."""
        return Held(
            claim_id=UUID(self.claim),
            code=TicketCode(self.code),
            zone_id=UUID(self.zone),
            generation=int(self.generation),
            zone=zone_name,
            number=int(self.number),
            issued_at=moment(self.issued),
        )


# astuple() copies deeply: that takes ten times as long, which counts for 100,000 tickets.
PARTS_OF_TICKET = attrgetter(*(part.name for part in fields(TicketLine)))


@dataclass(frozen=True, slots=True)
class FirstArrival:
    """A student's first counted press for an event, and what the last counted one was answered."""

    arrival: int
    elapsed_ms: int
    at: datetime
    last_answer: str

    @classmethod
    def read(cls, line: str) -> "FirstArrival":
        arrival, elapsed, at, answer = line.split("|")
        return cls(int(arrival), int(elapsed), moment(at), answer)

    def line(self) -> str:
        return f"{self.arrival}|{self.elapsed_ms}|{milliseconds(self.at)}|{self.last_answer}"


@dataclass(frozen=True, slots=True)
class EntryLine:
    """A student's last entry of an event's waiting list; zones in order of preference, with ; between them."""

    student: str
    status: str
    claim: str
    event: str
    arrival: str
    elapsed: str
    since: str
    zones: str
    offer_zone: str
    offer_number: str
    offer_generation: str
    offer_until: str

    @classmethod
    def read(cls, line: str) -> "EntryLine":
        return cls(*line.split("|"))

    def line(self) -> str:
        return "|".join(astuple(self))
