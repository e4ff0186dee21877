"""What happens beside the presses: the council's acts, the gate's, and the clock's."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from accounts.models import Student
from festival.redis import sale
from tests.factories import settle
from ticketing import council
from ticketing.allocation import Gift
from ticketing.allocation.rush.directory import look_up
from ticketing.allocation.rush.lines import EntryLine, milliseconds
from ticketing.gate import ScanRequest, admit
from ticketing.models import Event, EventState, Ticket, WaitingEntry, WaitingStatus, Zone
from ticketing.qr import code_text
from ticketing.signing import TicketCode

HOUR = timedelta(hours=1)


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


def void(event: Event, code: str) -> None:
    """End a ticket for the council."""
    assert council.void(code=TicketCode(code), event_id=event.pk, actor_id=None, reason="양도")


def grant(event: Event, zone: str, student: Student | None = None, guest: str = "") -> str:
    """Give a ticket by hand and return what became of it."""
    zone_id = Zone.objects.get(event=event, name=zone).pk
    gift = Gift(event.pk, zone_id, student.pk if student else None, guest, None, "배리어프리")
    return council.grant(gift).value


def wish(event: Event, **fields: Any) -> None:
    """Let the council want something else of an event, and the loops carry it."""
    Event.objects.filter(pk=event.pk).update(**fields)
    settle()


def resize(event: Event, zone: str, capacity: int) -> None:
    """Let the council want another number of places."""
    Zone.objects.filter(event=event, name=zone).update(capacity=capacity)
    settle()


def quiet_now() -> dict[str, Any]:
    """Return quiet hours that have begun and end in some hours."""
    now = timezone.localtime()
    return {"quiet_from": (now - 2 * HOUR).time(), "quiet_until": (now + 3 * HOUR).time()}


def end_offers(event: Event) -> None:
    """Let every offer's deadline be over, wherever it is kept."""
    past = timezone.now() - HOUR
    WaitingEntry.objects.filter(event=event, status=WaitingStatus.OFFERED).update(offer_until=past)
    listed = look_up(event.pk, fresh=True)
    if listed is None:
        return
    entries, offers = (listed.keys.of_event(event.pk, name) for name in ("entries", "offers"))
    for student in sale().zrange(offers, 0, -1):
        line = EntryLine.read(str(sale().hget(entries, str(student))))
        late = replace(line, offer_until=str(milliseconds(past)))
        sale().hset(entries, str(student), late.line())
        sale().zadd(offers, {str(student): milliseconds(past)})
