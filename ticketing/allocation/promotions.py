"""When the next of a waiting list may move up, and how long an offer stands: the council's choice, as a plain rule.

The scripts of mode `redis` have the same rule (rush/waiting.lua); the contract suite and the property tests hold the
two together.
"""

from datetime import datetime, time, timedelta

from django.utils import timezone

from ticketing.models import Event

MINUTE = timedelta(minutes=1)
DAY_MINUTES = 24 * 60


def minute_of(moment: time) -> int:
    """Return the minute of the day."""
    return moment.hour * 60 + moment.minute


def over(event: Event, at: datetime) -> bool:
    """Tell whether the time for moving up has ended: from then on the waiting list holds nobody back."""
    return event.promotions_end_at is not None and at >= event.promotions_end_at


def possible(event: Event, at: datetime) -> bool:
    """Tell whether anybody may move up now: not in a pause, not in quiet hours, not after the last time."""
    return not event.paused and not over(event, at) and quiet_left(event, at) == timedelta()


def quiet_left(event: Event, at: datetime) -> timedelta:
    """Return how much of the quiet hours is still to come, nothing outside of them."""
    if event.quiet_from is None or event.quiet_until is None:
        return timedelta()
    begin, length = minute_of(event.quiet_from), quiet_length(event)
    since = (at_minute(at) - begin) % DAY_MINUTES
    return (length - since) * MINUTE - seconds_into(at) if since < length else timedelta()


def quiet_length(event: Event) -> int:
    """Return the minutes of a night's quiet hours, which may cross midnight."""
    if event.quiet_from is None or event.quiet_until is None:
        return 0
    return (minute_of(event.quiet_until) - minute_of(event.quiet_from)) % DAY_MINUTES


def at_minute(at: datetime) -> int:
    """Return the minute of the local day."""
    return minute_of(timezone.localtime(at).time())


def seconds_into(at: datetime) -> timedelta:
    """Return what of the present minute is over."""
    return timedelta(seconds=at.second, microseconds=at.microsecond)


def deadline(event: Event, at: datetime) -> datetime:
    """Return until when an offer made now stands, to the millisecond: its clock stands still in quiet hours."""
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    left = event.offer_minutes * MINUTE
    length = quiet_length(event)
    while length and event.quiet_from is not None:
        until_quiet = (
            (minute_of(event.quiet_from) - at_minute(at)) % DAY_MINUTES or DAY_MINUTES
        ) * MINUTE - seconds_into(at)
        if left <= until_quiet:
            break
        left -= until_quiet
        at += until_quiet + length * MINUTE
    return at + left
