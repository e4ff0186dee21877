"""How somebody proves to be a student of the roster: methods behind one interface, now a code by mail.

Hit and miss look alike to whoever asks: the same rows, the same job, the same answer. Only the mailbox knows.
"""

import enum
import hmac
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts import budgets, consent, tasks
from accounts.models import Student, StudentStatus, VerificationAttempt, name_key
from accounts.text import tidy_number

GOOD_FOR = timedelta(minutes=10)
MOST_FAILURES = 5
DIGITS = 6


class Result(enum.Enum):
    VERIFIED = "verified"
    WRONG = "wrong"
    OVER = "over"  # expired, used, or too many wrong codes: a new challenge is needed


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a proof: who it is when verified, how many tries are left when wrong."""

    result: Result
    student: Student | None = None
    tries_left: int = 0


class Method(ABC):
    """A way to prove who one is: it poses a challenge to one browser and judges that browser's proof."""

    @abstractmethod
    def begin(self, *, number: str, name: str, network: str) -> UUID:
        """Pose a challenge and return its id, which the caller binds to the browser's session.

        Raises budgets.TooManyTries. Nothing tells whether the roster has such a student.
        """

    @abstractmethod
    def finish(self, *, challenge: UUID, proof: str, network: str) -> Verdict:
        """Judge a proof; a verified student's consent is recorded. Raises budgets.TooManyTries."""


def digest(purpose: str, value: str, *, key: str | None = None) -> str:
    """Return the keyed digest under which a value is kept, by the newest key unless another is given."""
    secret = key or settings.SIGNING_KEYS[0]
    return salted_hmac(
        f"festival.verification.{purpose}", value, secret=secret, algorithm="sha256"
    ).hexdigest()


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


class MailedCode(Method):
    """Number and name, then six digits mailed to the address that the roster has."""

    def begin(self, *, number: str, name: str, network: str) -> UUID:
        source = digest("network", network)
        budgets.spend_try(source)
        number, key = tidy_number(number), name_key(name)
        subject = digest("subject", f"{number}\0{key}")
        now, challenge = timezone.now(), uuid4()
        with transaction.atomic():
            budgets.spend_send(subject)
            attempt = VerificationAttempt.objects.create(
                id=challenge,
                student=self.find(number, key),
                subject_digest=subject,
                network_digest=source,
                code_digest=digest("proof", f"{challenge}:{code_by(settings.SIGNING_KEYS[0], challenge)}"),
                created_at=now,
                expires_at=now + GOOD_FOR,
            )
            tasks.mail_code.defer(attempt=str(attempt.pk))
        return challenge

    def find(self, number: str, key: str) -> Student | None:
        """Return the student whose number and name these are, if a mail can reach them."""
        students = Student.objects.exclude(status=StudentStatus.GONE).exclude(email="")
        found = students.filter(student_number=number).first()
        same = hmac.compare_digest(found.name_key.encode() if found else b"", key.encode())
        return found if found and same else None

    def finish(self, *, challenge: UUID, proof: str, network: str) -> Verdict:
        budgets.spend_try(digest("network", network))
        open_one = VerificationAttempt.objects.filter(
            pk=challenge, succeeded_at=None, expires_at__gt=timezone.now(), failures__lt=MOST_FAILURES
        )
        # The try is spent before the code is compared: parallel guesses get five comparisons, not more.
        if not open_one.update(failures=F("failures") + 1):
            return Verdict(Result.OVER)
        attempt = VerificationAttempt.objects.select_related("student").get(pk=challenge)
        if not matches(attempt, proof) or attempt.student is None:
            left = MOST_FAILURES - attempt.failures
            return Verdict(Result.WRONG, tries_left=left) if left > 0 else Verdict(Result.OVER)
        return self.succeed(attempt, attempt.student)

    def succeed(self, attempt: VerificationAttempt, student: Student) -> Verdict:
        """Use the challenge up, once, for a student who is still on the roster."""
        with transaction.atomic():
            unused = VerificationAttempt.objects.filter(pk=attempt.pk, succeeded_at=None)
            if student.status == StudentStatus.GONE or not unused.update(
                succeeded_at=timezone.now(), failures=F("failures") - 1
            ):
                return Verdict(Result.OVER)
            consent.give(student)
        return Verdict(Result.VERIFIED, student)


METHODS: dict[str, Method] = {"mail": MailedCode()}
