"""How long a mailed code is good: from when its mail leaves, because the queue may be hours long."""

from datetime import datetime, timedelta

from accounts.guesses import DAY, GOOD_FOR, LONG
from accounts.models import VerificationAttempt

QUICK = timedelta(minutes=2)
# A challenge whose mail is still queued waits so long, as does the browser for it.
WAITING = timedelta(days=14)


def good_for(attempt: VerificationAttempt, now: datetime) -> timedelta:
    """Return how long a code is good that leaves now: a day when it is long, or had to wait for its turn."""
    return GOOD_FOR if attempt.code_digits != LONG and now - attempt.created_at <= QUICK else DAY
