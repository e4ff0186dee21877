"""The university's own login says which student number somebody has; the roster says who that is."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import consent
from accounts.models import Consent, Student, StudentStatus, VerificationAttempt, VerificationMethod
from accounts.networks import network_of
from accounts.text import tidy_number
from accounts.verification import oidc
from accounts.verification.base import Method, succeed
from accounts.verification.chosen import need
from accounts.verification.digests import digest
from festival.errors import FestivalError

log = logging.getLogger(__name__)
LONGEST_NUMBER = 20
NOW = timedelta(seconds=1)  # an attempt has to end after it began; this one is over at once


class NotOnRoster(FestivalError):
    """The roster has no student of this number."""

    code = "not_on_roster"


class University(Method):
    """Proves that the university itself has just logged somebody in."""

    way = VerificationMethod.UNIVERSITY
    start = "verify_university"
    title = _("The university's login")
    invitation = _(
        "You log in at the university, as you always do. We learn your student number, never your password."
    )

    def configured(self) -> bool:
        return bool(settings.OIDC_SERVER)

    def leave(self, request: HttpRequest, *, wanted: str, shared: bool) -> str:
        """Return the address of the university's login for somebody who has just agreed to the notice.

        Raises NotOffered, VerificationClosed, oidc.UniversityUnavailable, oidc.UniversityFailed.
        """
        need(self.way)
        agreed = {"notice": consent.CURRENT, "agreed_at": timezone.now().isoformat()}
        return oidc.leave(request, wanted=wanted, shared=shared, **agreed)

    def come_back(self, request: HttpRequest) -> tuple[Student, Mapping[str, Any]]:
        """Return the verified student, whose consent is recorded, and what was put aside when they left.

        Raises NotOffered, VerificationClosed, NotOnRoster, and what oidc.come_back raises.
        """
        proof = oidc.come_back(request)
        need(self.way)
        number = number_in(proof)
        agreed_at = datetime.fromisoformat(proof.aside["agreed_at"])
        if proof.aside["notice"] != consent.CURRENT:
            raise oidc.LoginExpired
        return self.record(number, agreed_at, network_of(request)), proof.aside

    def record(self, number: str, agreed_at: datetime, network: str) -> Student:
        """Write down that the student of this number is verified and has agreed. Raises NotOnRoster, LoginExpired."""
        student = Student.objects.exclude(status=StudentStatus.GONE).filter(student_number=number).first()
        if student is None:
            log.info("somebody of the university is not in the roster")
            raise NotOnRoster
        if Consent.objects.filter(student=student, withdrawn_at__gte=agreed_at).exists():
            raise oidc.LoginExpired  # the consent that came with this login has been taken back since
        now = timezone.now()
        with transaction.atomic():
            attempt = VerificationAttempt.objects.create(
                method=self.way,
                student=student,
                subject_digest=digest("subject", number),
                network_digest=digest("network", network),
                created_at=now,
                expires_at=now + NOW,
            )
            if succeed(attempt, student).student is None:
                raise oidc.LoginExpired
        return student


def number_in(proof: oidc.Proof) -> str:
    """Return the student number that the provider tells. Raises oidc.UniversityFailed.

    It must be one text: a number may have lost leading zeros, of a list nobody knows which one counts.
    """
    claim = settings.OIDC_NUMBER_CLAIM
    told = [claims[claim] for claims in (proof.userinfo, proof.id_token) if claim in claims]
    if not told or not all(isinstance(value, str) for value in told) or len(set(told)) > 1:
        kinds = ", ".join(type(value).__name__ for value in told) or "nothing"
        log.error("the university's login has to tell the student number as one text, it tells: %s", kinds)
        raise oidc.UniversityFailed
    number = tidy_number(told[0])
    if not 0 < len(number) <= LONGEST_NUMBER:
        log.error("the university's login tells a student number of %d signs", len(number))
        raise oidc.UniversityFailed
    return number
