"""What becomes of photos of student cards: looked at, decided, or ended without a decision; each end takes the picture.

Whoever writes both a review and its attempt writes the review first.
"""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts.models import CardLook, CardReason, CardReview, CardState, User, VerificationAttempt

GOOD_FOR = timedelta(days=7)  # so long a card may wait, and an approval for its browser


def waiting() -> QuerySet[CardReview]:
    """Return the cards that wait for a decision, the oldest first, without their pictures."""
    alive = VerificationAttempt.objects.filter(pk=OuterRef("attempt_id"), expires_at__gt=timezone.now())
    # No join: after a wait for the row, PostgreSQL judges the new version by every condition that stands on it.
    return CardReview.objects.filter(Exists(alive), state=CardState.WAITING).defer("picture")


def look(challenge: UUID, *, user: User) -> bytes | None:
    """Return the picture of a card that waits, and record who looked; None when there is none any more."""
    with transaction.atomic():
        picture = waiting().filter(pk=challenge).values_list("picture", flat=True).first()
        if picture is None:
            return None
        CardLook.objects.create(review_id=challenge, user=user)
    return bytes(picture)


def approve(challenge: UUID, *, user: User) -> bool:
    """Approve a card that the roster has a student for; tell whether it still waited.

    From now on its browser has as long to log in as the card had to wait.
    """
    now = timezone.now()
    of_the_roster = VerificationAttempt.objects.filter(pk=OuterRef("attempt_id"), student__isnull=False)
    with transaction.atomic():
        open_one = waiting().filter(Exists(of_the_roster), pk=challenge)
        if not open_one.update(state=CardState.APPROVED, picture=None, decided_by=user, decided_at=now):
            return False
        VerificationAttempt.objects.filter(pk=challenge).update(expires_at=now + GOOD_FOR)
    return True


def refuse(challenge: UUID, *, user: User, reason: CardReason, note: str = "") -> bool:
    """Refuse a card with a reason that its sender reads; tell whether it still waited."""
    decided = waiting().filter(pk=challenge)
    return bool(
        decided.update(
            state=CardState.REFUSED,
            picture=None,
            decided_by=user,
            decided_at=timezone.now(),
            reason=reason,
            note=note,
        )
    )


def end(*challenges: UUID) -> None:
    """End cards without a decision, those of them that still wait."""
    end_those(CardReview.objects.filter(pk__in=challenges))


def end_of(students: Iterable[int]) -> None:
    """End every waiting card that was sent in the name of these students."""
    theirs = VerificationAttempt.objects.filter(pk=OuterRef("attempt_id"), student__in=list(students))
    end_those(CardReview.objects.filter(Exists(theirs)))


def end_expired() -> int:
    """End the cards that nobody has decided in time; return how many."""
    expired = VerificationAttempt.objects.filter(pk=OuterRef("attempt_id"), expires_at__lte=timezone.now())
    return end_those(CardReview.objects.filter(Exists(expired)))


def end_those(cards: QuerySet[CardReview]) -> int:
    return cards.filter(state=CardState.WAITING).update(state=CardState.OVER, picture=None)
