"""What the council gives by hand, in mode `database`."""

from datetime import datetime
from uuid import uuid4

from accounts.mail.outbox import queue_place
from accounts.models import MailKind, Student, StudentStatus
from ticketing.allocation import waiting
from ticketing.allocation.base import Gift, GrantResult
from ticketing.models import ACTIVE, LIVE, Bar, Event, Place, Ticket, WaitingStatus
from ticketing.signing import new_ticket_code


def live_ticket_of(event: Event, student_id: int) -> Ticket | None:
    """Return the live ticket that a student holds in the event's limit group."""
    held = Ticket.objects.filter(limit_group=event.group_key, student=student_id, status__in=LIVE)
    return held.select_related("zone", "event").first()


def refused_gift(event: Event, gift: Gift) -> GrantResult | None:
    """Return why a student cannot be given a ticket; a guest can always."""
    if gift.student_id is None:
        return None
    if not Student.objects.filter(pk=gift.student_id).exclude(status=StudentStatus.GONE).exists():
        return GrantResult.UNKNOWN
    live = live_ticket_of(event, gift.student_id)
    if live is not None:
        return GrantResult.ALREADY_WON if live.event_id == event.pk else GrantResult.LIMIT_REACHED
    barred = Bar.objects.filter(event=event, student=gift.student_id, lifted_at=None).exists()
    return GrantResult.BARRED if barred else None


def give(event: Event, gift: Gift, place: Place, *, at: datetime) -> None:
    """Write the ticket of a gift, and end the waiting of who gets it."""
    entry = waiting.entry_of(event.pk, gift.student_id) if gift.student_id else None
    ticket = Ticket.objects.create(
        claim_id=uuid4(),
        event=event,
        limit_group=event.group_key,
        zone_id=place.zone_id,
        place=place,
        number=place.number,
        generation=place.generation,
        student_id=gift.student_id,
        guest_name=gift.guest_name,
        code=new_ticket_code(),
        issued_at=at,
        granted_by_id=gift.actor_id,
        grant_reason=gift.reason,
    )
    if gift.student_id is not None:
        queue_place(MailKind.GRANTED, ticket.claim_id)
    if entry is not None and entry.status in ACTIVE:
        waiting.end(event, entry, WaitingStatus.PROMOTED, at, actor_id=gift.actor_id, reason=gift.reason)
