"""What happens beside the presses: the council's acts, the gate's, and the clock's."""

from datetime import datetime
from uuid import uuid4

from django.utils import timezone

from accounts.models import Student
from festival.redis import sale
from ticketing import council
from ticketing.allocation.rush.directory import look_up
from ticketing.allocation.rush.lines import milliseconds
from ticketing.gate import ScanRequest, admit
from ticketing.models import Event, EventState, Ticket
from ticketing.qr import code_text
from ticketing.signing import TicketCode


def bar(event: Event, student: Student) -> None:
    """Shut a student out of an event."""
    assert council.bar(event_id=event.pk, student_id=student.pk, actor_id=None, reason="양도")


def scan(code: str) -> str:
    """Show a ticket at the gate and return the verdict."""
    ticket, now = Ticket.objects.get(code=code), timezone.now()
    text = code_text(TicketCode(code), generation=ticket.generation, now_ms=milliseconds(now)).text
    return admit(ScanRequest(scan_id=uuid4(), code=text, gate="A1", scanned_at=now)).verdict.value


def latch(event: Event, opening: datetime) -> None:
    """Let the authority have seen an opening that the clock has not reached yet, as after a clock that steps back."""
    EventState.objects.filter(event=event).update(opening=opening)
    if listed := look_up(event.pk, fresh=True):
        sale().hset(listed.keys.of_event(event.pk, "conf"), "opening", str(milliseconds(opening)))
