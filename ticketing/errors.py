"""What can be wrong with a request about events, zones and tickets."""

from festival.errors import FestivalError


class UnknownEvent(FestivalError):
    """There is no such event."""

    code = "unknown_event"


class UnknownZone(FestivalError):
    """The event has no zone of that name."""

    code = "unknown_zone"


class NoClaim(FestivalError):
    """The student has no claim for this event."""

    code = "no_claim"


class UnknownTicket(FestivalError):
    """There is no such ticket, or it is somebody else's."""

    code = "unknown_ticket"


class NotCancellable(FestivalError):
    """The ticket is used or void, or the time for cancelling is over."""

    code = "not_cancellable"


class NotWaiting(FestivalError):
    """The student is not on the waiting list of this event any more."""

    code = "not_waiting"


class Inconsistent(FestivalError):
    """The rows contradict each other: nothing more is done, the cause is logged."""

    code = "error"
