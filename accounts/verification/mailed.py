"""Number and name, then six digits mailed to the address that the roster has."""

from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from accounts.guesses import (
    LONG,
    NO_MAIL,
    SHORT,
    count_wrong,
    digits_now,
    digits_of_next,
    tries_at_short_codes,
)
from accounts.mail import outbox
from accounts.models import Student, VerificationAttempt, VerificationMethod
from accounts.verification.base import (
    MOST_FAILURES,
    Challenge,
    Result,
    Verdict,
    spend_failure,
    succeed,
)
from accounts.verification.digests import digest
from accounts.verification.validity import WAITING


def code_by(key: str, challenge: UUID, digits: int) -> str:
    """Return the code of a challenge: made from its id and our key, so that it is stored nowhere."""
    return f"{int(digest('code', str(challenge), key=key), 16) % 10**digits:0{digits}}"


def code_of(attempt: VerificationAttempt) -> str | None:
    """Return the code of an attempt by the key that made it; None when that key is no longer ours, or it has none."""
    codes = (code_by(key, attempt.pk, attempt.code_digits) for key in settings.SIGNING_KEYS)
    return next((code for code in codes if matches(attempt, code)), None)


def matches(attempt: VerificationAttempt, code: str) -> bool:
    """Tell whether this is the code of an attempt."""
    candidates = (digest("proof", f"{attempt.pk}:{code}", key=key) for key in settings.SIGNING_KEYS)
    return any(constant_time_compare(attempt.code_digest, candidate) for candidate in candidates)


def opened_by(attempt: VerificationAttempt, code: str) -> VerificationAttempt | None:
    """Return the attempt whose code this is: this one, or another of the same subject that was mailed a long code.

    A long code opens any browser in which the same number and name were typed, so that a stranger who has asked for all
    mails of a day has only brought the student a code.
    """
    others = VerificationAttempt.objects.filter(
        subject_digest=attempt.subject_digest,
        method=attempt.method,
        code_digits=LONG,
        succeeded_at=None,
        expires_at__gt=timezone.now(),
    ).exclude(pk=attempt.pk)
    return next((one for one in (attempt, *others) if matches(one, code)), None)


def digits_of(challenge: UUID) -> int:
    """Return how many digits the code has that was mailed for a challenge; 0 when none was."""
    return (
        VerificationAttempt.objects.filter(pk=challenge).values_list("code_digits", flat=True).first()
        or NO_MAIL
    )


class MailedCode(Challenge):
    """Proves that one reads the mail of the address in the roster."""

    way = VerificationMethod.MAIL
    start = "verify"
    title = _("A code by mail")
    invitation = _(
        "We mail a code to the university address that stands in the roster. "
        "No password, nothing to sign up for."
    )
    good_for = WAITING  # until its mail leaves; then the code's own time begins

    def reachable(self, students: QuerySet[Student]) -> QuerySet[Student]:
        return students.exclude(email="")

    def digits(self, network: str) -> int:
        return digits_now(network)

    def within_budget(self, attempt: VerificationAttempt) -> bool:
        """Choose the code by what was mailed to the subject today; who is mailed nothing more need not be known."""
        attempt.code_digits = digits_of_next(attempt.subject_digest, attempt.code_digits)
        return attempt.code_digits != NO_MAIL

    def pose(self, attempt: VerificationAttempt) -> None:
        if attempt.code_digits == NO_MAIL:
            attempt.save(force_insert=True)
            return
        code = code_by(settings.SIGNING_KEYS[0], attempt.pk, attempt.code_digits)
        attempt.code_digest = digest("proof", f"{attempt.pk}:{code}")
        attempt.save(force_insert=True)
        outbox.queue_code(attempt)

    def finish(self, *, challenge: UUID, proof: str, network: str) -> Verdict:
        source = digest("network", network)
        at_short_codes = tries_at_short_codes(source, MOST_FAILURES)
        attempt = spend_failure(challenge, self.way, at_short_codes=at_short_codes)
        if attempt is None:
            return Verdict(Result.OVER)
        opened = opened_by(attempt, proof)
        if opened is None or opened.student is None:
            count_wrong(source)
            left = (at_short_codes if attempt.code_digits == SHORT else MOST_FAILURES) - attempt.failures
            return Verdict(Result.WRONG, tries_left=left) if left > 0 else Verdict(Result.OVER)
        return succeed(opened, opened.student, tries_back=1 if opened is attempt else 0)
