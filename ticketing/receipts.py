"""Step 3 of a claim: the signed receipt that a winner can present if the authority loses its memory."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer

from ticketing.allocation import Outcome

VALID_FOR = timedelta(minutes=30)
VERSION = 1


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a student was told: which place of which generation, when, and until when the receipt restores it."""

    event_id: UUID
    student_id: int
    claim_id: UUID
    zone_id: UUID
    number: int
    generation: int
    at: datetime
    deadline: datetime


def signer() -> Signer:
    first, *older = settings.SIGNING_KEYS
    return Signer(key=first, fallback_keys=[*older], salt="festival.receipt")


def sign(outcome: Outcome) -> str:
    """Return the receipt of a win; the same win always has the same receipt while the first key stays."""
    held = outcome.ticket
    if held is None:
        raise ValueError("only a win has a receipt")
    document = {
        "v": VERSION,
        "event": outcome.event_id.hex,
        "student": outcome.student_id,
        "claim": held.claim_id.hex,
        "zone": held.zone_id.hex,
        "number": held.number,
        "generation": held.generation,
        "at_ms": milliseconds(held.issued_at),
        "deadline_ms": milliseconds(held.issued_at + VALID_FOR),
    }
    return signer().sign_object(document)


def read(text: str) -> Receipt | None:
    """Return what a genuine receipt says, or None when it is forged or altered."""
    try:
        document: dict[str, Any] = signer().unsign_object(text)
    except BadSignature:
        return None
    return Receipt(
        event_id=UUID(document["event"]),
        student_id=document["student"],
        claim_id=UUID(document["claim"]),
        zone_id=UUID(document["zone"]),
        number=document["number"],
        generation=document["generation"],
        at=datetime.fromtimestamp(document["at_ms"] / 1000, UTC),
        deadline=datetime.fromtimestamp(document["deadline_ms"] / 1000, UTC),
    )


def milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)
