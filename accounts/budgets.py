"""How much is too much: tries of one network, mails to one student."""

import math
import time
from datetime import timedelta
from functools import cache

from django.conf import settings
from django.db import connection
from django.db.models import Min
from django.db.models.aggregates import Count
from django.utils import timezone
from django.utils.translation import gettext as _
from limits import RateLimitItemPerHour
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from accounts.models import VerificationAttempt
from festival.errors import FestivalError

# A campus is one network for thousands of students, so this only slows down whoever tries numbers by the thousand.
TRIES_OF_A_NETWORK = RateLimitItemPerHour(3000, namespace="verify")
LOOKS_OF_STAFF = RateLimitItemPerHour(240, namespace="booth")
SENDS_PER_DAY = 5
DAY = timedelta(days=1)


class TooManyTries(FestivalError):
    """There were too many tries."""

    code = "too_many_requests"


@cache
def limiter() -> SlidingWindowCounterRateLimiter:
    """Return this process's limiter; it counts in the cache, which may be lost."""
    url = settings.CACHE_URL.replace("unix://", "redis+unix://", 1)
    return SlidingWindowCounterRateLimiter(
        storage_from_string(url, key_prefix="budget", socket_timeout=1, socket_connect_timeout=1)
    )


def spend_try(network: str) -> None:
    """Count a try of a network; raise when it has spent the hour's budget."""
    if limiter().hit(TRIES_OF_A_NETWORK, network):
        return
    wait = math.ceil(limiter().get_window_stats(TRIES_OF_A_NETWORK, network).reset_time - time.time())
    raise TooManyTries(
        _("Your network sends too many tries. Please wait a moment."), retry_after=max(1, wait)
    )


def spend_look(staff: str) -> None:
    """Count a code that staff looks up at the booth; raise when the hour's are spent."""
    if limiter().hit(LOOKS_OF_STAFF, staff):
        return
    wait = math.ceil(limiter().get_window_stats(LOOKS_OF_STAFF, staff).reset_time - time.time())
    raise TooManyTries(
        _("You have looked too many codes up. Please wait a moment."), retry_after=max(1, wait)
    )


def spend_send(subject: str) -> None:
    """Count a mail for what was typed, known or not; raise when the day's are spent.

    Counted in rows, one request for a subject at a time; the caller's transaction writes the row that counts next.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [subject])
    now = timezone.now()
    spent = VerificationAttempt.objects.filter(subject_digest=subject, created_at__gt=now - DAY).aggregate(
        count=Count("pk"), first=Min("created_at")
    )
    if spent["count"] >= SENDS_PER_DAY:
        wait = math.ceil((spent["first"] + DAY - now).total_seconds())
        raise TooManyTries(
            _("You have asked for five codes in a day. Please use the newest one, or try again tomorrow."),
            retry_after=max(1, wait),
        )
