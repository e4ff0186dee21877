"""Step 5 of a claim: what a student holds, and giving it back."""

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Student
from festival.errors import Unavailable
from ticketing.allocation import CancelResult, at_authority
from ticketing.allocation.base import Known
from ticketing.errors import NotCancellable, UnknownTicket
from ticketing.models import Authority, Event, Mode, SaleCounter, Ticket, TicketStatus, Zone
from ticketing.signing import TicketCode


def tickets_of(student: Student) -> QuerySet[Ticket]:
    """Return the student's own tickets, newest first, with what a list shows of them."""
    return (
        Ticket.objects.filter(student=student).select_related("event", "zone").order_by("-issued_at", "-id")
    )


def unwritten(student: Student, only: TicketCode | None = None) -> list[Ticket]:
    """Return the student's tickets whose rows are not written yet: the live ones, or the one of this code."""
    found = [(event, known) for event in rush_events() if (known := standing(event, student, only))]
    codes = [known.held.code for _event, known in found]
    written = set(Ticket.objects.filter(code__in=codes).values_list("code", flat=True))
    fresh = [(event, known) for event, known in found if known.held.code not in written]
    zones = Zone.objects.in_bulk({known.held.zone_id for _event, known in fresh})
    return [without_row(event, student, known, zones[known.held.zone_id]) for event, known in fresh]


def rush_events() -> QuerySet[Event]:
    """Return the events whose claims are decided in Redis, or were a moment ago."""
    groups = SaleCounter.objects.exclude(authority=Authority.DATABASE).values("group")
    return Event.objects.filter(Q(limit_group__in=groups) | Q(limit_group=None, pk__in=groups))


def standing(event: Event, student: Student, code: TicketCode | None) -> Known | None:
    """Return what the authority of an event knows of the student's ticket."""
    return at_authority(
        event.pk,
        lambda authority: authority.ticket_of(event_id=event.pk, student_id=student.pk, code=code),
    )


def without_row(event: Event, student: Student, known: Known, zone: Zone) -> Ticket:
    """Return what an authority knows as a ticket without a row."""
    held = known.held
    return Ticket(
        claim_id=held.claim_id,
        event=event,
        limit_group=event.group_key,
        zone=zone,
        number=held.number,
        generation=held.generation,
        student=student,
        code=held.code,
        status=known.status,
        arrival=known.arrival,
        elapsed_ms=known.elapsed_ms,
        issued_at=held.issued_at,
    )


def live_tickets(student: Student) -> tuple[list[Ticket], bool]:
    """Return the student's live tickets from the moment they are won, and whether all authorities could be asked."""
    rows = list(tickets_of(student).filter(status=TicketStatus.HELD))
    for ticket in rows:
        ticket.student = student  # known: not to be asked for again, row by row
    fresh, complete = just_won(student)
    return [*fresh, *map(present, rows)], complete


def just_won(student: Student) -> tuple[list[Ticket], bool]:
    """Return the student's tickets without a row yet, and whether all authorities could be asked for them.

    Where they could not, tickets with a row are shown all the same.
    """
    try:
        return unwritten(student), True
    except Unavailable:
        return [], False


def ended_tickets(student: Student) -> QuerySet[Ticket]:
    """Return the student's tickets that were used, given back or taken back."""
    return tickets_of(student).exclude(status=TicketStatus.HELD)


def own_ticket(student: Student, code: TicketCode) -> Ticket:
    """Return one of the student's own tickets, from the moment it is won; raises UnknownTicket for anybody else's.

    Raises Unavailable while nobody can be asked for a ticket without a row.
    """
    ticket = tickets_of(student).filter(code=code).first()
    if ticket is None:
        ticket = next(iter(unwritten(student, code)), None)
    if ticket is None:
        raise UnknownTicket
    ticket.student = student
    return ticket


def present(ticket: Ticket) -> Ticket:
    """Bring a student's ticket up to its authority, which the row may follow a moment later."""
    if ticket.status != TicketStatus.HELD or ticket.event.mode != Mode.REDIS or ticket.student is None:
        return ticket
    try:
        known = standing(ticket.event, ticket.student, TicketCode(ticket.code))
    except Unavailable:
        return ticket  # a ticket is shown without Redis too
    if known is not None:
        ticket.status = known.status
    return ticket


def may_cancel(ticket: Ticket) -> bool:
    """Tell whether a page should offer to cancel; the authority decides when it is asked."""
    doors = ticket.event.doors_open_at
    return ticket.status == TicketStatus.HELD and (doors is None or timezone.now() < doors)


def cancel(student: Student, code: TicketCode) -> Ticket:
    """Give the student's ticket back; a repeated cancel is answered like the first.

    Raises UnknownTicket, for one that the authority does not know too, or NotCancellable when it is used or void or
    the doors are open.
    """
    ticket = own_ticket(student, code)
    result = at_authority(
        ticket.event_id, lambda authority: authority.cancel(code=code, student_id=student.pk)
    )
    if result == CancelResult.UNKNOWN:
        raise UnknownTicket
    if result == CancelResult.NOT_CANCELLABLE:
        raise NotCancellable
    ticket = own_ticket(student, code)
    ticket.status = TicketStatus.CANCELLED  # the row may be a moment behind
    return ticket
