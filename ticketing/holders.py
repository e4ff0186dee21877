"""Who should stand there with a ticket, as the gate compares them with the student card."""

from dataclasses import dataclass

from ticketing.models import Ticket


@dataclass(frozen=True, slots=True)
class Holder:
    """Who should stand there with the ticket; guests have a name only."""

    name: str
    department: str
    student_number_end: str


def holder_of(ticket: Ticket) -> Holder:
    """Return the holder of a ticket that was read with its student."""
    student = ticket.student
    if student is None:
        return Holder(ticket.guest_name, "", "")
    return Holder(student.name, student.department, student.number_end)
