"""How many mails the council's account may send, and when the next ones may leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import OutgoingMail
from accounts.verification.chosen import newest

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# What we promise where the council has set no limit: about as much as a small mail server takes.
BETWEEN_MAILS = timedelta(seconds=0.2)


@dataclass(frozen=True, slots=True)
class Rate:
    """The limits that the council has set; None is no limit."""

    per_hour: int | None = None
    per_day: int | None = None

    @property
    def windows(self) -> Sequence[tuple[int, timedelta]]:
        """The limits, each with the time that it is counted over."""
        both = ((self.per_hour, HOUR), (self.per_day, DAY))
        return [(limit, window) for limit, window in both if limit is not None]

    def room(self, now: datetime) -> int | None:
        """Return how many mails may leave at once, None for any number; counted in mails really handed over."""
        rooms = [limit - left_since(now - window) for limit, window in self.windows]
        return max(0, min(rooms)) if rooms else None

    def departure(self, place: int, now: datetime) -> datetime:
        """Return when the mail at this place of the queue (the first is 1) may leave."""
        longest = max((limit for limit, _window in self.windows), default=0)
        return departures(self, left_last(longest, now), place, now)


def departures(rate: Rate, left: Sequence[datetime], place: int, now: datetime) -> datetime:
    """Play the queue through: each mail leaves as soon as every window has room for it."""
    times = list(left)
    for number in range(1, place + 1):
        opens = [times[-limit] + window for limit, window in rate.windows if len(times) >= limit]
        times.append(max([now + number * BETWEEN_MAILS, *opens]))
    return times[-1] if place else now


def left_since(moment: datetime) -> int:
    """Return how many mails were handed over after a moment."""
    return OutgoingMail.objects.filter(handed_at__gt=moment).count()


def left_last(count: int, now: datetime) -> list[datetime]:
    """Return when the last mails of a day were handed over, the oldest first."""
    recent = OutgoingMail.objects.filter(handed_at__gt=now - DAY).order_by("-handed_at")
    found = recent.values_list("handed_at", flat=True)[:count]
    return [moment for moment in found if moment][::-1]


def current() -> Rate:
    """Return the limits of the newest festival."""
    found = newest().values_list("mails_per_hour", "mails_per_day").first()
    return Rate(*found) if found else Rate()
