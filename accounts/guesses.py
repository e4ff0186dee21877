"""What guesses are up against: nobody is refused, codes grow long instead. Why and how much: docs/adr/, "guessing"."""

from collections import Counter
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone
from limits import RateLimitItemPerDay

from accounts.budgets import limiter
from accounts.models import VerificationAttempt, VerificationMethod

SHORT, LONG, NO_MAIL = 6, 12, 0  # digits of a code
DAY = timedelta(days=1)
GOOD_FOR = timedelta(minutes=10)  # a short code whose mail left at once; every other one is good for a day
MAILS_PER_DAY = 5  # to one subject
SHORT_CODES_PER_DAY = 4  # to one subject: the day's last mail holds a long code
SHORT_CODES_AT_ONCE = 5000  # of all subjects: a campus that verifies at once keeps its short codes
WRONG_OF_NETWORK = RateLimitItemPerDay(300, namespace="wrong-codes")
WRONG_OF_ALL = RateLimitItemPerDay(1000, namespace="wrong-codes")
ALL = "all"
OPEN_AT_ONCE = 5  # of one subject, in a way that mails nothing


def take_turn(subject: str) -> None:
    """Let one request for a subject count at a time, to the end of the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [subject])


def count_wrong(network: str) -> None:
    """Count a wrong code of a network; the cache that counts may be lost, what counts for one subject is rows."""
    limiter().hit(WRONG_OF_NETWORK, network)
    limiter().hit(WRONG_OF_ALL, ALL)


def digits_now(network: str) -> int:
    """Return how many digits a code gets that this network asks for now: many while somebody guesses.

    Requests at the same instant do not see each other and may exceed what is allowed at once by their number.
    """
    return SHORT if settings.SHORT_CODES and is_calm(network) and not crowded() else LONG


def is_calm(network: str) -> bool:
    """Tell whether few wrong codes came today, from this network and from all."""
    return bool(limiter().test(WRONG_OF_NETWORK, network) and limiter().test(WRONG_OF_ALL, ALL))


def tries_at_short_codes(network: str, most: int) -> int:
    """Return how many tries a short code has: while somebody guesses, what waits can be tried once."""
    return most if is_calm(network) else 1


def crowded() -> bool:
    """Tell whether as many short codes wait, for their mail or for its reader, as may be guessed at."""
    waiting = VerificationAttempt.objects.filter(
        expires_at__gt=timezone.now(), code_digits=SHORT, succeeded_at=None
    )
    return waiting.order_by()[:SHORT_CODES_AT_ONCE].count() >= SHORT_CODES_AT_ONCE


def digits_of_next(subject: str, digits: int) -> int:
    """Return the digits of the next code for a subject, `digits` at least; none when the day's mails are spent."""
    mailed = VerificationAttempt.objects.filter(
        subject_digest=subject,
        method=VerificationMethod.MAIL,
        code_digits__gt=NO_MAIL,
        created_at__gt=timezone.now() - DAY,
    ).count()
    if mailed >= MAILS_PER_DAY:
        return NO_MAIL
    return LONG if mailed >= SHORT_CODES_PER_DAY else digits


def make_room(attempt: VerificationAttempt) -> None:
    """End the oldest open challenge of a subject when there are too many, of the network that has the most of them.

    So a stranger in another network cannot end the one that the student has open.
    """
    now = timezone.now()
    open_ones = list(
        VerificationAttempt.objects.filter(
            subject_digest=attempt.subject_digest,
            method=attempt.method,
            succeeded_at=None,
            created_at__lt=now,
            expires_at__gt=now,
        )
        .order_by("created_at", "id")
        .values_list("pk", "network_digest")
    )
    if len(open_ones) < OPEN_AT_ONCE:
        return
    networks = Counter(network for _pk, network in open_ones)
    networks[attempt.network_digest] += 1
    oldest, _network = max(open_ones, key=lambda one: networks[one[1]])
    VerificationAttempt.objects.filter(pk=oldest, succeeded_at=None).update(expires_at=now)
