"""Number and name, then the student card at the booth, where two different people of the staff look at it."""

import secrets
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import BoothCheck, BoothState, VerificationAttempt, VerificationMethod
from accounts.models.booth import CODE_SIGNS
from accounts.verification.base import Challenge, Result, Verdict, succeed
from ticketing.signing import ALPHABET

WAITING = {BoothState.FIRST, BoothState.SECOND}


def new_code() -> str:
    """Return a booth code that no check has had: 40 bits, for a look-up by staff only.

    Two requests that draw the same free code in the same instant would end in a constraint: not in our lifetime.
    """
    code = "".join(secrets.choice(ALPHABET) for _sign in range(CODE_SIGNS))
    return new_code() if BoothCheck.objects.filter(code=code).exists() else code


def check_of(challenge: UUID) -> BoothCheck | None:
    """Return the check of a challenge; None when the challenge is of another way."""
    return BoothCheck.objects.select_related("attempt__student").filter(attempt=challenge).first()


class Booth(Challenge):
    """Proves that one holds the student card of somebody in the roster, as two people of the staff have seen."""

    way = VerificationMethod.BOOTH
    start = "verify_booth"
    title = _("The student card at the booth")
    invitation = _(
        "Without working mail: show your student card at the council's booth. It takes two minutes there."
    )
    good_for = timedelta(hours=2)

    def pose(self, attempt: VerificationAttempt) -> None:
        attempt.save(force_insert=True)
        BoothCheck.objects.create(attempt=attempt, code=new_code())

    def finish(self, *, challenge: UUID, proof: str, network: str) -> Verdict:
        """Log in by what the booth has confirmed; the proof is the challenge itself, which no one can guess.

        The check is locked by itself first and all else read after it, so that a refusal comes before or after.
        """
        with transaction.atomic():
            if not BoothCheck.objects.select_for_update(no_key=True).filter(attempt=challenge).exists():
                return Verdict(Result.OVER)
            check = BoothCheck.objects.select_related("attempt__student").get(attempt=challenge)
            if check.state in WAITING:
                return Verdict(Result.WAITING)
            if check.state != BoothState.CONFIRMED or check.attempt.student is None:
                return Verdict(Result.OVER)
            return succeed(check.attempt, check.attempt.student)
