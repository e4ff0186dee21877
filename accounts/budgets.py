"""How much is too much: what one person of the staff may try in an hour."""

import math
import time
from functools import cache

from django.conf import settings
from django.utils.translation import gettext as _
from limits import RateLimitItemPerHour
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from festival.errors import FestivalError

LOOKS_OF_STAFF = RateLimitItemPerHour(240, namespace="booth")


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


def spend_look(staff: str) -> None:
    """Count a code that staff looks up at the booth; raise when the hour's are spent."""
    if limiter().hit(LOOKS_OF_STAFF, staff):
        return
    wait = math.ceil(limiter().get_window_stats(LOOKS_OF_STAFF, staff).reset_time - time.time())
    raise TooManyTries(
        _("You have looked too many codes up. Please wait a moment."), retry_after=max(1, wait)
    )
