"""Number and name, then six digits mailed to the address that the roster has."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from accounts import budgets, tasks
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

DIGITS = 6


def code_by(key: str, challenge: UUID) -> str:
    """Return the code of a challenge: made from its id and our key, so that it is stored nowhere."""
    return f"{int(digest('code', str(challenge), key=key), 16) % 10**DIGITS:0{DIGITS}}"


def code_of(attempt: VerificationAttempt) -> str | None:
    """Return the code of an attempt by the key that made it; None when that key is no longer ours."""
    codes = (code_by(key, attempt.pk) for key in settings.SIGNING_KEYS)
    return next((code for code in codes if matches(attempt, code)), None)


def matches(attempt: VerificationAttempt, code: str) -> bool:
    """Tell whether this is the code of an attempt."""
    candidates = (digest("proof", f"{attempt.pk}:{code}", key=key) for key in settings.SIGNING_KEYS)
    return any(constant_time_compare(attempt.code_digest, candidate) for candidate in candidates)


class MailedCode(Challenge):
    """Proves that one reads the mail of the address in the roster."""

    way = VerificationMethod.MAIL
    start = "verify"
    title = _("A code by mail")
    invitation = _(
        "We mail a code of six digits to the university address that stands in the roster. "
        "No password, nothing to sign up for."
    )
    good_for = timedelta(minutes=10)

    def reachable(self, students: QuerySet[Student]) -> QuerySet[Student]:
        return students.exclude(email="")

    def pose(self, attempt: VerificationAttempt) -> None:
        code = code_by(settings.SIGNING_KEYS[0], attempt.pk)
        attempt.code_digest = digest("proof", f"{attempt.pk}:{code}")
        attempt.save(force_insert=True)
        tasks.mail_code.defer(attempt=str(attempt.pk))

    def finish(self, *, challenge: UUID, proof: str, network: str) -> Verdict:
        budgets.spend_try(digest("network", network))
        attempt = spend_failure(challenge, self.way)
        if attempt is None:
            return Verdict(Result.OVER)
        if not matches(attempt, proof) or attempt.student is None:
            left = MOST_FAILURES - attempt.failures
            return Verdict(Result.WRONG, tries_left=left) if left > 0 else Verdict(Result.OVER)
        return succeed(attempt, attempt.student, tries_back=1)
