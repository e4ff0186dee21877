"""Number, name and a photo of the student card, which the council compares with its roster."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import cards
from accounts.models import CardReview, CardState, VerificationAttempt, VerificationMethod
from accounts.verification.base import Challenge, Result, Verdict, succeed
from accounts.verification.chosen import need
from accounts.verification.pictures import reencode


class Card(Challenge):
    """Proves that one holds a student card, to a member of the council who looks at its picture."""

    way = VerificationMethod.CARD
    start = "verify_card"
    title = _("A photo of your student card")
    invitation = _(
        "For whoever cannot read the university mail: you cover the resident registration number, the council looks"
        " at the picture and deletes it once it has decided."
    )
    good_for = cards.GOOD_FOR

    def hand_in(
        self, *, number: str, name: str, picture: bytes, network: str, instead_of: UUID | None = None
    ) -> UUID:
        """Keep a picture for the council and return the id of its challenge; an earlier one of the browser goes.

        Raises what `begin` raises, and PictureRefused; then nothing is kept.
        """
        need(self.way)
        clean = reencode(picture)
        with transaction.atomic():
            if instead_of:
                cards.end(instead_of)
            challenge = self.begin(number=number, name=name, network=network)
            CardReview.objects.filter(pk=challenge).update(picture=clean)
        return challenge

    def pose(self, attempt: VerificationAttempt) -> None:
        attempt.save(force_insert=True)
        CardReview.objects.create(attempt=attempt, handed_in_at=attempt.created_at)

    def finish(self, *, challenge: UUID, proof: str, network: str) -> Verdict:
        """Judge by what the council has decided; the challenge itself is the proof, and no guess finds one."""
        review = review_of(challenge)
        if review is None or review.state not in (CardState.WAITING, CardState.APPROVED):
            return Verdict(Result.OVER)
        if review.state == CardState.WAITING:
            return Verdict(Result.WAITING)
        student = review.attempt.student
        return succeed(review.attempt, student) if student else Verdict(Result.OVER)


def review_of(challenge: UUID | None) -> CardReview | None:
    """Return what has become of a card, without its picture; None when its challenge is over or used."""
    living = CardReview.objects.filter(
        pk=challenge, attempt__succeeded_at=None, attempt__expires_at__gt=timezone.now()
    )
    return living.select_related("attempt__student").defer("picture").first()
