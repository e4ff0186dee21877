"""What a student has agreed to, how they proved who they are, and where they are logged in."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Student


class Consent(models.Model):
    """A student's consent to one version of the notice, and its withdrawal."""

    student = models.ForeignKey(
        Student, verbose_name=_("student"), on_delete=models.CASCADE, related_name="consents"
    )
    version = models.CharField(_("version of the notice"), max_length=20)
    given_at = models.DateTimeField(_("given at"), default=timezone.now)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["-given_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["student", "version"],
                condition=Q(withdrawn_at__isnull=True),
                name="one_consent_in_force_per_version",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=F("given_at")),
                name="consent_withdrawn_after_given",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student_id} {self.version}"


class StudentSession(models.Model):
    """A login of a student on one device; the claim pass names it, and ending it ends the pass."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    student = models.ForeignKey(
        Student, verbose_name=_("student"), on_delete=models.CASCADE, related_name="sessions"
    )
    device = models.CharField(_("device"), max_length=80, blank=True)
    created_at = models.DateTimeField(_("logged in at"), default=timezone.now)
    expires_at = models.DateTimeField(_("ends at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("student's session")
        verbose_name_plural = _("students' sessions")
        ordering = ["-created_at", "id"]
        indexes = [models.Index(fields=["student", "-created_at"], name="session_by_student")]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="session_ends_after_login"
            )
        ]

    def __str__(self) -> str:
        return f"{self.student_id} {self.device}"


class VerificationMethod(models.TextChoices):
    """The ways to prove that one is a student; a festival chooses among them."""

    MAIL = "mail", _("a code by mail")
    UNIVERSITY = "university", _("the university's login")
    BOOTH = "booth", _("the student card at the booth")
    CARD = "card", _("a photo of the student card")


class VerificationAttempt(models.Model):
    """One try to verify: who it names (nobody, when nobody matches), the code's digest, and what became of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    student = models.ForeignKey(
        Student,
        verbose_name=_("student"),
        null=True,
        on_delete=models.CASCADE,
        related_name="verification_attempts",
    )
    method = models.CharField(
        _("way"),
        max_length=10,
        choices=VerificationMethod.choices,
        default=VerificationMethod.MAIL,
        db_default=VerificationMethod.MAIL,
    )
    subject_digest = models.CharField(max_length=64, editable=False)
    network_digest = models.CharField(max_length=64, editable=False)
    code_digest = models.CharField(max_length=64, editable=False)
    code_digits = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    created_at = models.DateTimeField(_("asked at"), default=timezone.now)
    expires_at = models.DateTimeField(_("valid until"))
    sent_at = models.DateTimeField(_("mailed at"), null=True, blank=True)
    failures = models.PositiveSmallIntegerField(_("wrong codes"), default=0, db_default=0)
    succeeded_at = models.DateTimeField(_("verified at"), null=True, blank=True)

    class Meta:
        verbose_name = _("verification attempt")
        verbose_name_plural = _("verification attempts")
        ordering = ["-created_at", "id"]
        indexes = [
            models.Index(fields=["subject_digest", "-created_at"], name="attempt_by_subject"),
            models.Index(fields=["network_digest", "-created_at"], name="attempt_by_network"),
            models.Index(fields=["-created_at", "id"], name="attempt_by_time"),
            models.Index(
                fields=["expires_at"], condition=Q(succeeded_at__isnull=True), name="attempt_that_waits"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="attempt_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(method__in=VerificationMethod.values), name="attempt_method_is_known"
            ),
            models.CheckConstraint(
                condition=Q(succeeded_at__isnull=True) | Q(student__isnull=False),
                name="attempt_succeeds_for_somebody",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
