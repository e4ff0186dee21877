"""Rosters that were handed in, their files until they are decided, and their bad cells."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models.people import User


class RosterState(models.TextChoices):
    READING = "reading", pgettext_lazy("roster", "being read")
    BAD = "bad", pgettext_lazy("roster", "has bad rows")
    READY = "ready", pgettext_lazy("roster", "waits for confirmation")
    SAVING = "saving", pgettext_lazy("roster", "being saved")
    CONFIRMED = "confirmed", pgettext_lazy("roster", "confirmed")
    DISCARDED = "discarded", pgettext_lazy("roster", "discarded")
    FAILED = "failed", pgettext_lazy("roster", "failed")


class RosterImport(models.Model):
    """One roster that was handed in: by whom, from where, on what legal basis, and what became of it."""

    uploaded_by = models.ForeignKey(
        User, verbose_name=_("uploaded by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    uploaded_at = models.DateTimeField(_("uploaded at"), default=timezone.now)
    file_name = models.CharField(_("file name"), max_length=200)
    digest = models.CharField(max_length=64, editable=False)
    kind = models.CharField(_("kind of file"), max_length=40, blank=True)
    sheet = models.CharField(_("sheet"), max_length=100, blank=True)
    source = models.CharField(_("source of the roster"), max_length=200, blank=True)
    legal_basis = models.CharField(_("legal basis"), max_length=500, blank=True)
    complete = models.BooleanField(_("the whole roster"), default=False)
    mixed_lengths = models.BooleanField(_("student numbers of different lengths"), default=False)
    language = models.CharField(max_length=10, editable=False)
    state = models.CharField(
        pgettext_lazy("roster", "state"),
        max_length=10,
        choices=RosterState.choices,
        default=RosterState.READING,
        db_default=RosterState.READING,
    )
    started_at = models.DateTimeField(default=timezone.now, editable=False)
    rows_read = models.PositiveIntegerField(_("rows read"), default=0, db_default=0)
    added = models.PositiveIntegerField(pgettext_lazy("students", "added"), default=0, db_default=0)
    changed = models.PositiveIntegerField(pgettext_lazy("students", "changed"), default=0, db_default=0)
    unchanged = models.PositiveIntegerField(pgettext_lazy("students", "unchanged"), default=0, db_default=0)
    gone = models.PositiveIntegerField(pgettext_lazy("students", "gone"), default=0, db_default=0)
    bad = models.PositiveIntegerField(_("bad rows"), default=0, db_default=0)
    sample = models.JSONField(default=dict, editable=False)
    told = models.TextField(blank=True, editable=False)
    confirmed_by = models.ForeignKey(
        User, verbose_name=_("confirmed by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)

    class Meta:
        verbose_name = _("roster import")
        verbose_name_plural = _("roster imports")
        ordering = ["-uploaded_at", "-id"]
        indexes = [models.Index(fields=["-uploaded_at", "-id"], name="roster_import_by_time")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=RosterState.values), name="roster_import_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(state=RosterState.CONFIRMED, confirmed_at__isnull=False)
                | (~Q(state=RosterState.CONFIRMED) & Q(confirmed_at__isnull=True)),
                name="roster_import_confirmed_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name


class RosterUpload(models.Model):
    """The file of an import, where web and worker both see it, until it is decided; then it is deleted."""

    roster_import = models.OneToOneField(
        RosterImport, primary_key=True, on_delete=models.CASCADE, related_name="upload"
    )
    content = models.BinaryField()

    def __str__(self) -> str:
        return str(self.roster_import_id)


class RosterBadCell(models.Model):
    """A bad cell of an import, to be shown and downloaded."""

    roster_import = models.ForeignKey(RosterImport, on_delete=models.CASCADE, related_name="bad_cells")
    line = models.PositiveIntegerField()
    column = models.CharField(max_length=100, blank=True)
    reason = models.CharField(max_length=300)

    class Meta:
        ordering = ["roster_import", "line", "id"]

    def __str__(self) -> str:
        return f"{self.line} {self.column}"
