"""What the booth records: who compared a student card with the roster, who confirmed it, who refused it, who looked."""

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models.people import User
from accounts.models.proof import VerificationAttempt

CODE_SIGNS = 8


class BoothState(models.TextChoices):
    """What a check at the booth waits for, or how it ended."""

    FIRST = "first", _("waits for the first check")
    SECOND = "second", _("waits for the second check")
    CONFIRMED = "confirmed", pgettext_lazy("booth", "confirmed")
    REFUSED = "refused", _("refused at the booth")
    OVER = "over", _("used or expired")


class RefusalReason(models.TextChoices):
    """Why the booth lets somebody not in; words of ours, so that nobody writes about a person here."""

    NO_MATCH = "no_match", _("No student of the roster matches what was typed")
    NO_CARD = "no_card", _("There is no student card")
    OTHER_CARD = "other_card", _("The card says another number or name")
    OTHER_PERSON = "other_person", _("The card belongs to somebody else")
    DOUBTFUL = "doubtful", _("The card does not look genuine")
    MISTAKE = "mistake", _("It was confirmed by mistake")


def stays(prefix: str) -> pgtrigger.Q:
    """Return when an UPDATE changes what a step has recorded."""
    changed = pgtrigger.Q(**{f"new__{prefix}_at__df": pgtrigger.F(f"old__{prefix}_at")}) | pgtrigger.Q(
        **{f"new__{prefix}_by__df": pgtrigger.F(f"old__{prefix}_by")}
    )
    return pgtrigger.Q(pgtrigger.Q(**{f"old__{prefix}_at__isnull": False}) & changed)


class BoothCheck(models.Model):
    """The check of one student card by two different people; the student's browser then finishes the attempt.

    The code only finds the row and lets nobody in, so it may be read by whoever reads the database.
    """

    attempt = models.OneToOneField(
        VerificationAttempt,
        verbose_name=_("verification attempt"),
        on_delete=models.CASCADE,
        related_name="booth_check",
    )
    code = models.CharField(max_length=CODE_SIGNS, unique=True, editable=False)
    first_by = models.ForeignKey(
        User, verbose_name=_("first check by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    first_at = models.DateTimeField(_("first check at"), null=True)
    second_by = models.ForeignKey(
        User, verbose_name=_("second check by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    second_at = models.DateTimeField(_("second check at"), null=True)
    refused_by = models.ForeignKey(
        User, verbose_name=_("refused by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    refused_at = models.DateTimeField(_("refused at"), null=True)
    reason = models.CharField(_("reason"), max_length=20, choices=RefusalReason.choices, blank=True)

    class Meta:
        verbose_name = _("check at the booth")
        verbose_name_plural = _("checks at the booth")
        ordering = ["-pk"]
        permissions = [("check_booth", "Can check student cards at the booth")]
        indexes = [
            models.Index(
                fields=["first_at"],
                condition=Q(first_at__isnull=False, second_at__isnull=True, refused_at__isnull=True),
                name="booth_waits_for_second",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(second_by__isnull=True) | ~Q(second_by=F("first_by")),
                name="booth_two_different_people",
            ),
            models.CheckConstraint(
                condition=Q(second_at__isnull=True) | Q(first_at__isnull=False),
                name="booth_first_before_second",
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{step}_by__isnull": True, f"{step}_at__isnull": True})
                    | Q(**{f"{step}_by__isnull": False, f"{step}_at__isnull": False}),
                    name=f"booth_{step}_says_who_and_when",
                )
                for step in ("first", "second", "refused")
            ),
            models.CheckConstraint(
                condition=Q(refused_at__isnull=True, reason="")
                | Q(refused_at__isnull=False, reason__in=RefusalReason.values),
                name="booth_refusal_has_a_reason",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="recorded_check_stays",
                operation=pgtrigger.Update,
                condition=stays("first") | stays("second") | stays("refused"),
            )
        ]

    def __str__(self) -> str:
        return str(self.attempt_id)

    @property
    def state(self) -> BoothState:
        """What the check waits for, or how it ended."""
        if self.refused_at:
            return BoothState.REFUSED
        if self.attempt.succeeded_at or self.attempt.expires_at <= timezone.now():
            return BoothState.OVER
        if self.second_at:
            return BoothState.CONFIRMED
        return BoothState.SECOND if self.first_at else BoothState.FIRST


class BoothLook(models.Model):
    """A look of staff at whom a code names; no check where the code was none of ours."""

    by = models.ForeignKey(User, verbose_name=_("looked up by"), on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(_("looked up at"), default=timezone.now)
    booth_check = models.ForeignKey(
        BoothCheck,
        verbose_name=_("check at the booth"),
        null=True,
        on_delete=models.CASCADE,
        related_name="looks",
    )

    class Meta:
        verbose_name = _("look at the booth")
        verbose_name_plural = _("looks at the booth")
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["-at", "-id"], name="booth_look_by_time")]

    def __str__(self) -> str:
        return f"{self.by_id} {self.booth_check_id}"
