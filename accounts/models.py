"""Who is who: logins, the roster of students, their consent, their sessions and their tries to verify."""

import unicodedata
import uuid
from typing import Any, ClassVar

import pghistory
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.auth.validators import ASCIIUsernameValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class UserManager(BaseUserManager["User"]):
    """Makes logins; those without a password can only come in through verification."""

    use_in_migrations = True

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(username, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A login and nothing else: who a student is stands in the roster, what staff may do in their groups."""

    username = models.CharField(
        _("user name"), max_length=150, unique=True, validators=[ASCIIUsernameValidator()]
    )
    email = models.EmailField(_("e-mail address"), blank=True)
    display_name = models.CharField(_("name shown"), max_length=60, blank=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    is_active = models.BooleanField(pgettext_lazy("user", "active"), default=True)
    date_joined = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.display_name or self.username

    def get_full_name(self) -> str:
        return self.display_name or self.username

    def get_short_name(self) -> str:
        return self.username


def name_key(name: str) -> str:
    """Return the form in which two spellings of one name are equal: NFKC, no spaces, no case."""
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


class Level(models.TextChoices):
    UNDERGRADUATE = "undergraduate", _("undergraduate")
    GRADUATE = "graduate", _("graduate school")


class StudentStatus(models.TextChoices):
    ENROLLED = "enrolled", _("enrolled")
    ON_LEAVE = "on_leave", _("on leave")
    GRADUATED = "graduated", _("graduated")
    LEFT = "left", _("left the university")
    GONE = "gone", _("no longer on the roster")


@pghistory.track(
    pghistory.UpdateEvent(
        "student_changed", condition=pghistory.AnyChange("status", "level", "department", "year")
    ),
    fields=["status", "level", "department", "year", "campus"],
    model_name="StudentChange",
)
class Student(models.Model):
    """One row of the roster: somebody who may be verified, and claims if enrolled."""

    student_number = models.CharField(_("student number"), max_length=20, unique=True)
    name = models.CharField(pgettext_lazy("person", "name"), max_length=100)
    name_key = models.CharField(max_length=100, editable=False, db_index=True)
    department = models.CharField(_("department"), max_length=100, blank=True)
    year = models.PositiveSmallIntegerField(_("year of study"), null=True, blank=True)
    level = models.CharField(
        _("level"),
        max_length=20,
        choices=Level.choices,
        default=Level.UNDERGRADUATE,
        db_default=Level.UNDERGRADUATE,
    )
    status = models.CharField(
        _("academic status"),
        max_length=20,
        choices=StudentStatus.choices,
        default=StudentStatus.ENROLLED,
        db_default=StudentStatus.ENROLLED,
    )
    campus = models.CharField(_("campus"), max_length=60, blank=True)
    email = models.EmailField(_("university e-mail"), blank=True)
    user = models.OneToOneField(
        User, verbose_name=_("login"), null=True, blank=True, editable=False, on_delete=models.SET_NULL
    )
    generation = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    demo = models.BooleanField(_("demo student"), default=False, db_default=False, editable=False)
    updated_at = models.DateTimeField(_("changed at"), auto_now=True)

    class Meta:
        verbose_name = _("student")
        verbose_name_plural = _("students")
        ordering = ["student_number"]
        indexes = [models.Index(fields=["status", "student_number"], name="student_by_status")]
        constraints = [
            models.CheckConstraint(condition=~Q(student_number=""), name="student_has_a_number"),
            models.CheckConstraint(condition=~Q(name=""), name="student_has_a_name"),
            models.CheckConstraint(
                condition=Q(year__isnull=True) | Q(year__range=(1, 12)), name="student_year_is_possible"
            ),
            models.CheckConstraint(condition=Q(level__in=Level.values), name="student_level_is_known"),
            models.CheckConstraint(
                condition=Q(status__in=StudentStatus.values), name="student_status_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.student_number} {self.name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.name_key = name_key(self.name)
        super().save(*args, **kwargs)

    @property
    def number_end(self) -> str:
        """The last four signs of the student number: enough for the gate to compare with a card."""
        return self.student_number[-4:]


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
    subject_digest = models.CharField(max_length=64, editable=False)
    network_digest = models.CharField(max_length=64, editable=False)
    code_digest = models.CharField(max_length=64, editable=False)
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
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="attempt_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(succeeded_at__isnull=True) | Q(student__isnull=False),
                name="attempt_succeeds_for_somebody",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


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
