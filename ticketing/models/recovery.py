"""A sale that has lost decisions: since when it is being restored, which receipts were refused, what was repaired."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Student
from ticketing.models.sale import Event


class Recovery(models.Model):
    """The time in which a limit group gives nothing and takes receipts back; it ends by itself, or the council ends it.

    `group` is no foreign key: the group of an event without one is the event itself.
    """

    group = models.UUIDField(_("group"), editable=False)
    epoch = models.PositiveBigIntegerField(editable=False)
    lost = models.TextField(_("what was lost"), editable=False)
    began_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    until = models.DateTimeField(_("until"), editable=False)
    ended_at = models.DateTimeField(_("ended at"), null=True, editable=False)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("ended by"),
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    restored = models.PositiveIntegerField(_("restored"), default=0, db_default=0, editable=False)

    class Meta:
        verbose_name = _("recovery of a sale")
        verbose_name_plural = _("recoveries of sales")
        ordering = ["-began_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["group"], condition=Q(ended_at=None), name="one_recovery_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(until__gte=F("began_at")), name="recovery_ends_after_it_began"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.began_at:%Y-%m-%d %H:%M}"


class RefusedReceipt(models.Model):
    """A receipt that was not taken back, one row for each text and student; of a forged one nothing else is known."""

    student = models.ForeignKey(
        Student, verbose_name=_("presented by"), on_delete=models.CASCADE, related_name="+", editable=False
    )
    digest = models.CharField(max_length=64, editable=False)
    code = models.CharField(_("code"), max_length=30, editable=False)
    event = models.ForeignKey(
        Event, verbose_name=_("event"), null=True, on_delete=models.CASCADE, related_name="+", editable=False
    )
    at = models.DateTimeField(_("first presented"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("refused receipt")
        verbose_name_plural = _("refused receipts")
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["student", "digest"], name="one_refusal_per_receipt_and_student")
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.at:%Y-%m-%d %H:%M}"


class Repair(models.Model):
    """One difference between rows and Redis that was repaired: what it was about, before and after."""

    group = models.UUIDField(_("group"), editable=False)
    kind = models.CharField(_("kind"), max_length=40, editable=False)
    about = models.CharField(_("about"), max_length=200, editable=False)
    before = models.TextField(_("before"), blank=True, default="", db_default="", editable=False)
    after = models.TextField(_("after"), blank=True, default="", db_default="", editable=False)
    at = models.DateTimeField(_("time"), default=timezone.now, editable=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who"),
        null=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        verbose_name = _("repair")
        verbose_name_plural = _("repairs")
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}"
