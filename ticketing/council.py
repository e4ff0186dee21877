"""What the council does to a live sale: it goes through the authority of the event, like everything else."""

from uuid import UUID

from ticketing.allocation import Gift, GrantResult, LeaveResult, at_authority
from ticketing.signing import TicketCode


def void(*, code: TicketCode, event_id: UUID, actor_id: int | None, reason: str) -> bool:
    """End a live ticket, free its place and bar its student; False when it was not live."""
    return at_authority(
        event_id, lambda authority: authority.void(code=code, actor_id=actor_id, reason=reason)
    )


def grant(gift: Gift) -> GrantResult:
    """Give the lowest free place of a zone by hand, with actor and reason; the result says why not."""
    return at_authority(gift.event_id, lambda authority: authority.grant(gift))


def remove(*, event_id: UUID, student_id: int, actor_id: int | None, reason: str) -> bool:
    """Take a student off the waiting list, with a reason; False when nobody waits there."""
    result = at_authority(
        event_id,
        lambda authority: authority.leave(
            event_id=event_id, student_id=student_id, actor_id=actor_id, reason=reason
        ),
    )
    return result == LeaveResult.LEFT


def bar(*, event_id: UUID, student_id: int, actor_id: int | None, reason: str) -> bool:
    """Shut a student out of an event until the bar is lifted; False when there was one."""
    return at_authority(
        event_id,
        lambda authority: authority.bar(
            event_id=event_id, student_id=student_id, actor_id=actor_id, reason=reason
        ),
    )


def lift_bar(*, event_id: UUID, student_id: int, actor_id: int | None = None, reason: str = "") -> bool:
    """Let a barred student claim again, with actor and reason; False when there was no bar."""
    return at_authority(
        event_id,
        lambda authority: authority.lift_bar(
            event_id=event_id, student_id=student_id, actor_id=actor_id, reason=reason
        ),
    )
