"""Photos of student cards: they wait for the council, and are gone once it has decided."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models.people import User
from accounts.models.proof import VerificationAttempt


class CardState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("student card", "waits for a decision")
    APPROVED = "approved", pgettext_lazy("student card", "approved")
    REFUSED = "refused", pgettext_lazy("student card", "refused")
    OVER = "over", pgettext_lazy("student card", "over without a decision")


class CardReason(models.TextChoices):
    """Why a card is refused, as its sender reads it; no reason tells whether the roster has such a student."""

    UNREADABLE = "unreadable", _("The picture cannot be read. Please take it again in good light.")
    SHOWN = (
        "shown",
        _("The picture shows the resident registration number. Please cover it and send it again."),
    )
    NO_CARD = "no_card", _("The picture does not show a student card of this university.")
    DIFFERENT = (
        "different",
        _("The card, what you typed and the roster do not fit together. Please check number and name."),
    )
    OTHER = "other", _("We could not accept this picture.")


class CardReview(models.Model):
    """One photo of a student card: the picture while it waits, and then who decided what, when."""

    attempt = models.OneToOneField(
        VerificationAttempt, primary_key=True, on_delete=models.CASCADE, related_name="card", editable=False
    )
    handed_in_at = models.DateTimeField(_("sent at"), default=timezone.now)
    picture = models.BinaryField(null=True)
    state = models.CharField(
        pgettext_lazy("student card", "state"),
        max_length=10,
        choices=CardState.choices,
        default=CardState.WAITING,
        db_default=CardState.WAITING,
    )
    reason = models.CharField(_("reason"), max_length=10, choices=CardReason.choices, blank=True)
    note = models.CharField(_("note to the student"), max_length=200, blank=True)
    decided_by = models.ForeignKey(
        User, verbose_name=_("decided by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        verbose_name = _("photo of a student card")
        verbose_name_plural = _("photos of student cards")
        ordering = ["handed_in_at", "attempt"]
        default_permissions = ()
        permissions = [("review_card", "Can look at photos of student cards and decide on them")]
        indexes = [
            models.Index(fields=["handed_in_at", "attempt"], name="card_by_time"),
            models.Index(
                fields=["handed_in_at"], condition=Q(state=CardState.WAITING), name="card_waiting_by_time"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=CardState.values), name="card_state_is_known"),
            models.CheckConstraint(
                condition=Q(picture__isnull=True) | Q(state=CardState.WAITING),
                name="card_picture_only_while_waiting",
            ),
            models.CheckConstraint(
                condition=Q(
                    state__in=(CardState.APPROVED, CardState.REFUSED),
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                )
                | Q(
                    state__in=(CardState.WAITING, CardState.OVER),
                    decided_by__isnull=True,
                    decided_at__isnull=True,
                ),
                name="card_decided_by_somebody_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state=CardState.REFUSED, reason__in=CardReason.values)
                | (~Q(state=CardState.REFUSED) & Q(reason="", note="")),
                name="card_refused_with_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return str(self.attempt_id)


class CardLook(models.Model):
    """One look of staff at a picture."""

    review = models.ForeignKey(CardReview, on_delete=models.CASCADE, related_name="looks")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at", "id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.review_id} {self.user_id}"
