"""Step 5 of a claim: what a student holds, and giving it back."""

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Student
from ticketing.allocation import CancelResult, allocator_of
from ticketing.errors import NotCancellable, UnknownTicket
from ticketing.models import Ticket, TicketStatus
from ticketing.signing import TicketCode


def tickets_of(student: Student) -> QuerySet[Ticket]:
    """Return the student's own tickets, newest first, with what a list shows of them."""
    return (
        Ticket.objects.filter(student=student).select_related("event", "zone").order_by("-issued_at", "-id")
    )


def own_ticket(student: Student, code: TicketCode) -> Ticket:
    """Return one of the student's own tickets; raises UnknownTicket for anybody else's."""
    ticket = tickets_of(student).filter(code=code).first()
    if ticket is None:
        raise UnknownTicket
    ticket.student = student
    return ticket


def may_cancel(ticket: Ticket) -> bool:
    """Tell whether a page should offer to cancel; the authority decides when it is asked."""
    doors = ticket.event.doors_open_at
    return ticket.status == TicketStatus.HELD and (doors is None or timezone.now() < doors)


def cancel(student: Student, code: TicketCode) -> Ticket:
    """Give the student's ticket back; a repeated cancel is answered like the first.

    Raises UnknownTicket, or NotCancellable when it is used or void or the doors are open.
    """
    ticket = own_ticket(student, code)
    result = allocator_of(ticket.event_id).cancel(code=code, student_id=student.pk)
    if result == CancelResult.NOT_CANCELLABLE:
        raise NotCancellable
    return own_ticket(student, code)
