"""What a student does about the waiting list: accept an offer, or leave."""

from uuid import UUID

from accounts.models import Student
from ticketing.allocation import Allocator, LeaveResult, Outcome, at_authority
from ticketing.errors import NoClaim, NotWaiting, UnknownEvent


def leave(*, event_id: UUID, student: Student) -> None:
    """Take the student off the waiting list; repeated, it changes nothing.

    Raises UnknownEvent, NoClaim for who never waited, NotWaiting for who has a ticket by now.
    """

    def ask(authority: Allocator) -> LeaveResult:
        require_event(authority, event_id)
        return authority.leave(event_id=event_id, student_id=student.pk)

    result = at_authority(event_id, ask)
    if result == LeaveResult.UNKNOWN:
        raise NoClaim
    if result == LeaveResult.PROMOTED:
        raise NotWaiting


def accept(*, event_id: UUID, student: Student) -> Outcome:
    """Make a ticket of the student's offer; raises UnknownEvent."""

    def ask(authority: Allocator) -> Outcome:
        require_event(authority, event_id)
        return authority.accept(event_id=event_id, student_id=student.pk)

    return at_authority(event_id, ask)


def require_event(authority: Allocator, event_id: UUID) -> None:
    if authority.zones(event_id) is None:
        raise UnknownEvent
