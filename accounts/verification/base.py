"""What every way to prove who one is has in common; the pages and the council know no more of any of them.

Hit and miss look alike to whoever asks: the same rows, the same jobs, the same answer.
"""

import enum
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Case, F, QuerySet, When
from django.utils import timezone
from django.utils.functional import Promise

from accounts import consent
from accounts.guesses import SHORT, make_room, take_turn
from accounts.models import Student, StudentStatus, VerificationAttempt, VerificationMethod, name_key
from accounts.text import tidy_number
from accounts.verification.chosen import need
from accounts.verification.digests import digest

MOST_FAILURES = 5


class Result(enum.Enum):
    VERIFIED = "verified"
    WAITING = "waiting"  # staff have not decided yet
    WRONG = "wrong"
    OVER = "over"  # expired, used, refused, or too many wrong codes: a new challenge is needed


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a proof: who it is when verified, how many tries are left when wrong."""

    result: Result
    student: Student | None = None
    tries_left: int = 0


class Method(ABC):
    """A way to prove who one is, as the pages and the council see it."""

    way: ClassVar[VerificationMethod]
    start: ClassVar[str]  # the name of the address where a student begins
    title: ClassVar[Promise]
    invitation: ClassVar[Promise]  # what it takes, in a sentence

    def configured(self) -> bool:
        """Tell whether this system is set up for it; the council can choose no other."""
        return True


class Challenge(Method):
    """A way that begins with number and name typed, and ends in the same browser with a proof."""

    good_for: ClassVar[timedelta]

    def begin(self, *, number: str, name: str, network: str) -> UUID:
        """Pose a challenge and return its id, which the caller binds to the browser's session.

        Raises NotOffered, VerificationClosed. Nobody is refused for what others of the network, or strangers with the
        same name, have tried; nothing tells whether the roster has such a student.
        """
        need(self.way)
        source = digest("network", network)
        digits = self.digits(source)
        number, key = tidy_number(number), name_key(name)
        subject = digest("subject", f"{number}\0{key}")
        now = timezone.now()
        with transaction.atomic():
            take_turn(subject)
            attempt = VerificationAttempt(
                id=uuid4(),
                method=self.way,
                subject_digest=subject,
                network_digest=source,
                code_digits=digits,
                created_at=now,
                expires_at=now + self.good_for,
            )
            if self.within_budget(attempt):
                attempt.student_id = self.find(number, key)
            self.pose(attempt)
        return attempt.pk

    def digits(self, network: str) -> int:
        """Return how many digits a code would have that this network asks for now; 0 where no code is made."""
        return 0

    def within_budget(self, attempt: VerificationAttempt) -> bool:
        """Keep a subject's challenges few; tell whether this one needs to know whose it is."""
        make_room(attempt)
        return True

    def find(self, number: str, key: str) -> int | None:
        """Return the key of the student whose number and name these are, if this way can reach them.

        One look for both: a number that exists under another name costs what an unknown number costs.
        """
        found = self.reachable(Student.objects.exclude(status=StudentStatus.GONE))
        return found.filter(student_number=number, name_key=key).values_list("pk", flat=True).first()

    def reachable(self, students: QuerySet[Student]) -> QuerySet[Student]:
        """Return those of the students that this way can reach."""
        return students

    @abstractmethod
    def pose(self, attempt: VerificationAttempt) -> None:
        """Save a new attempt, hit or miss, with all that this way needs; the caller holds the transaction."""

    @abstractmethod
    def finish(self, *, challenge: UUID, proof: str, network: str) -> Verdict:
        """Judge a proof; a verified student's consent is recorded."""


def succeed(attempt: VerificationAttempt, student: Student, *, tries_back: int = 0) -> Verdict:
    """Use a challenge up, once, for a student who is still on the roster; the right proof's own try is given back."""
    with transaction.atomic():
        unused = VerificationAttempt.objects.filter(pk=attempt.pk, succeeded_at=None)
        if student.status == StudentStatus.GONE or not unused.update(
            succeeded_at=timezone.now(), failures=F("failures") - tries_back
        ):
            return Verdict(Result.OVER)
        consent.give(student)
    return Verdict(Result.VERIFIED, student)


def spend_failure(
    challenge: UUID, way: VerificationMethod, *, at_short_codes: int = MOST_FAILURES
) -> VerificationAttempt | None:
    """Take one of a challenge's tries, five or fewer, before the proof is compared; None when it is over.

    Spent first, so that parallel guesses get five comparisons, not more. The student is not read: whoever's challenge
    it is, or nobody's, a wrong proof costs the same.
    """
    open_one = VerificationAttempt.objects.filter(
        pk=challenge,
        method=way,
        succeeded_at=None,
        expires_at__gt=timezone.now(),
        failures__lt=Case(When(code_digits=SHORT, then=at_short_codes), default=MOST_FAILURES),
    )
    if not open_one.update(failures=F("failures") + 1):
        return None
    return VerificationAttempt.objects.get(pk=challenge)
