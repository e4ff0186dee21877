"""What a student does about the waiting list: accept an offer, or leave; what they are told about it."""

from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from django.core.cache import caches

from accounts.models import Student
from festival.errors import Unavailable
from ticketing.allocation import Allocator, LeaveResult, Outcome, Waits, at_authority
from ticketing.claims import last_answer
from ticketing.errors import NoClaim, NotWaiting, UnknownEvent
from ticketing.events import FRESH_SECONDS
from ticketing.models import ACTIVE, Event, Promotion, WaitingEntry
from ticketing.tickets import rush_events


@dataclass(frozen=True, slots=True)
class Terms:
    """How the waiting list of an event works, as the council wants it."""

    size: int
    promotion: str
    offer_minutes: int
    quiet_from: time | None
    quiet_until: time | None
    promotions_end_at: datetime | None

    @property
    def offers(self) -> bool:
        """Whether who moves up is offered the place first, instead of having it at once."""
        return self.promotion == Promotion.OFFER

    def moves_up(self, at: datetime) -> bool:
        """Tell whether a place that comes back then goes to who waits."""
        return self.size > 0 and (self.promotions_end_at is None or at < self.promotions_end_at)


def terms_of(event_id: UUID) -> Terms | None:
    """Return how an event's waiting list works, at most a second old; None for no such event."""
    key = f"waiting:{event_id}"
    found: Terms | None = caches["process"].get(key)
    if found is None:
        fields = (
            "waitlist_size",
            "promotion",
            "offer_minutes",
            "quiet_from",
            "quiet_until",
            "promotions_end_at",
        )
        row = Event.objects.filter(pk=event_id).values_list(*fields).first()
        found = Terms(*row) if row else None
        caches["process"].set(key, found, FRESH_SECONDS)
    return found


def waited_for(student: Student) -> list[tuple[Event, Waits | None]]:
    """Return the events for which the student waits, with the present position; None where it cannot be asked now.

    A row may follow its authority a moment later, so every sale in which it may be missing is asked too.
    """
    entries = WaitingEntry.objects.filter(student=student, status__in=ACTIVE).select_related("event")
    written = [entry.event for entry in entries.order_by("-arrival")]
    others = rush_events().filter(waitlist_size__gt=0).exclude(pk__in=[event.pk for event in written])
    found: list[tuple[Event, Waits | None]] = []
    for event in [*others, *written]:
        try:
            outcome = last_answer(event_id=event.pk, student_id=student.pk)
        except UnknownEvent:
            continue
        except Unavailable:
            if event in written:
                found.append((event, None))
            continue
        if outcome is not None and outcome.waits is not None:
            found.append((event, outcome.waits))
    return found


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
