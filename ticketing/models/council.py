"""What the council has looked at and taken away: every student who was looked up, every list that was exported."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Student

MOST_REASON = 300


class StudentLook(models.Model):
    """One student whom somebody was shown, with the reason; without a student nobody was found.

    The Personal Information Protection Act wants to know who looked at whom, when and why.
    """

    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("looked up by"), on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(_("looked up at"), default=timezone.now)
    student = models.ForeignKey(
        Student, verbose_name=_("student"), null=True, on_delete=models.PROTECT, related_name="looks"
    )
    whole = models.BooleanField(
        _("everything shown"),
        help_text=_("No: only that there is a student of this number and name."),
    )
    reason = models.CharField(_("reason"), max_length=MOST_REASON)

    class Meta:
        verbose_name = _("look-up of a student")
        verbose_name_plural = _("look-ups of students")
        ordering = ["-at", "-id"]
        default_permissions = ("view",)
        permissions = [("look_up_student", "Can look a student up, with a reason")]
        indexes = [
            models.Index(fields=["-at", "-id"], name="look_newest_first"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="look_has_a_reason"),
            models.CheckConstraint(
                condition=Q(student__isnull=False) | Q(whole=False), name="look_at_nobody_shows_nothing"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.by_id} {self.student_id}"


class FileFormat(models.TextChoices):
    XLSX = "xlsx", _("Excel (XLSX)")
    CSV = "csv", "CSV"


class Listed(models.TextChoices):
    """The lists that can be exported, by the name of their model."""

    TICKETS = "ticket", _("tickets")
    CLAIMS = "claim", _("claims")
    WAITING = "waitingentry", _("waiting list")
    SCANS = "scan", _("scans")
    BARS = "bar", _("bars")


class ListExport(models.Model):
    """One list that somebody has taken away as a file: which part of it, how many rows, and why."""

    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("exported by"), on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField(_("exported at"), default=timezone.now)
    listed = models.CharField(_("list"), max_length=20, choices=Listed.choices)
    chosen = models.TextField(_("filter"), blank=True)
    rows = models.PositiveIntegerField(pgettext_lazy("of a list", "rows"))
    file_format = models.CharField(_("format"), max_length=5, choices=FileFormat.choices)
    reason = models.CharField(_("reason"), max_length=MOST_REASON)

    class Meta:
        verbose_name = _("export of a list")
        verbose_name_plural = _("exports of lists")
        ordering = ["-at", "-id"]
        default_permissions = ("view",)
        permissions = [("export_list", "Can export lists, with a reason")]
        indexes = [models.Index(fields=["-at", "-id"], name="export_newest_first")]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="export_has_a_reason"),
            models.CheckConstraint(
                condition=Q(file_format__in=FileFormat.values, listed__in=Listed.values),
                name="export_list_and_format_are_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.listed} {self.rows}"
