"""Step 1 of a claim: what is asked, and by whom; the authority of the event decides."""

from collections.abc import Sequence
from uuid import UUID

from accounts.passes import Claimant
from festival.errors import FestivalError, is_outage
from ticketing.allocation import Allocator, Outcome, Press, at_authority
from ticketing.errors import UnknownEvent, UnknownZone
from ticketing.live.tally import TALLY


def claim(*, event_id: UUID, zones: Sequence[str], claimant: Claimant) -> Outcome:
    """Put a student's press before the authority and return its one final answer.

    `zones` are names in order of preference. Raises UnknownEvent, UnknownZone or Unavailable.
    """
    try:
        outcome = at_authority(event_id, lambda authority: press(authority, event_id, zones, claimant))
    except UnknownEvent:
        raise
    except Exception as error:
        TALLY.count(event_id, fault_of(error))
        raise
    TALLY.count(event_id, outcome.decision)
    return outcome


def fault_of(error: Exception) -> str:
    """Return the code by which a press is answered that was not decided."""
    if isinstance(error, FestivalError):
        return error.code
    return "unavailable" if is_outage(error) else "error"


def press(allocator: Allocator, event_id: UUID, zones: Sequence[str], claimant: Claimant) -> Outcome:
    """Put a press before one authority, which knows the zones by their names."""
    known = allocator.zones(event_id)
    if known is None:
        raise UnknownEvent
    if not known.keys() >= set(zones):
        known = allocator.zones(event_id, fresh=True) or {}  # one may have been added a moment ago
    unknown = [name for name in zones if name not in known]
    if unknown:
        raise UnknownZone(zones=unknown)
    return allocator.claim(
        Press(
            event_id=event_id,
            zone_ids=tuple(known[name] for name in zones),
            zone_names=tuple(zones),
            student_id=claimant.student_id,
            session_id=claimant.session_id,
            generation=claimant.generation,
        )
    )


def last_answer(*, event_id: UUID, student_id: int) -> Outcome | None:
    """Return the student's last answer for an event, as far as it still holds; raises UnknownEvent."""

    def ask(allocator: Allocator) -> Outcome | None:
        if allocator.zones(event_id) is None:
            raise UnknownEvent
        return allocator.last_answer(event_id=event_id, student_id=student_id)

    return at_authority(event_id, ask)
