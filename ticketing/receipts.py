"""Step 3 of a claim: the signed receipt that a student can present if the authority loses its memory."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer

from ticketing.allocation.base import Outcome
from ticketing.allocation.recoveries import valid_for
from ticketing.signing import TicketCode

VERSION = 2


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a student was told: which place of which generation, when, and until when the receipt restores it.

    Who waits has no place: arrival and wanted zones are what the receipt keeps. With its code a lost ticket keeps its
    address and its QR.
    """

    event_id: UUID
    student_id: int
    claim_id: UUID
    zone_id: UUID | None
    number: int | None
    generation: int | None
    code: TicketCode | None
    wanted: tuple[UUID, ...]
    arrival: int | None
    elapsed_ms: int | None
    at: datetime
    deadline: datetime


def signer() -> Signer:
    first, *older = settings.SIGNING_KEYS
    return Signer(key=first, fallback_keys=[*older], salt="festival.receipt")


def sign(outcome: Outcome) -> str:
    """Return the receipt of a win or a waiting entry; the same one always has the same while the first key stays."""
    document = {
        "v": VERSION,
        "event": outcome.event_id.hex,
        "student": outcome.student_id,
        "arrival": outcome.arrival,
        "elapsed_ms": outcome.elapsed_ms,
        **what_was_told(outcome),
    }
    return signer().sign_object(document)


def deadline_of(outcome: Outcome) -> datetime:
    """Return until when the receipt of a win or a waiting entry restores it."""
    if outcome.ticket is not None:
        return outcome.ticket.issued_at + valid_for()
    if outcome.waits is not None:
        return outcome.waits.since + valid_for()
    raise ValueError("only a win and a waiting entry have a receipt")


def what_was_told(outcome: Outcome) -> dict[str, Any]:
    """Return the claim and the place of an outcome, and from when its receipt counts."""
    held, waits = outcome.ticket, outcome.waits
    if held is not None:
        place = {
            "zone": held.zone_id.hex,
            "number": held.number,
            "generation": held.generation,
            "code": held.code,
        }
        return {"claim": held.claim_id.hex, **place, **times(held.issued_at)}
    if waits is not None:
        wanted = [zone.hex for zone in waits.wanted]
        return {"claim": waits.claim_id.hex, "wanted": wanted, **times(waits.since)}
    raise ValueError("only a win and a waiting entry have a receipt")


def times(at: datetime) -> dict[str, int]:
    return {"at_ms": milliseconds(at), "deadline_ms": milliseconds(at + valid_for())}


def read(text: str) -> Receipt | None:
    """Return what a genuine receipt says, or None when it is forged or altered."""
    try:
        document: dict[str, Any] = signer().unsign_object(text)
    except BadSignature:
        return None
    if document["v"] != VERSION:
        return None
    return Receipt(
        event_id=UUID(document["event"]),
        student_id=document["student"],
        claim_id=UUID(document["claim"]),
        zone_id=UUID(document["zone"]) if "zone" in document else None,
        number=document.get("number"),
        generation=document.get("generation"),
        code=TicketCode(document["code"]) if "code" in document else None,
        wanted=tuple(UUID(zone) for zone in document.get("wanted", ())),
        arrival=document["arrival"],
        elapsed_ms=document["elapsed_ms"],
        at=datetime.fromtimestamp(document["at_ms"] / 1000, UTC),
        deadline=datetime.fromtimestamp(document["deadline_ms"] / 1000, UTC),
    )


def milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)
