"""Who is who: logins, and the students of the roster."""

import unicodedata
from typing import Any, ClassVar

import pghistory
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.auth.validators import ASCIIUsernameValidator
from django.db import models
from django.db.models import Q
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
