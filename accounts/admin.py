"""The council's view of people: the roster to look up, logins and tries as they happened, and the accounts of staff."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserCreationForm
from django.db import transaction
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.template.defaultfilters import date
from django.urls import URLPattern
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import booth_admin, card_admin, endings, roster_admin  # noqa: F401 - two register their models
from accounts.mail_admin import OutgoingMailAdmin
from accounts.models import (
    Consent,
    OutgoingMail,
    Student,
    StudentSession,
    StudentStatus,
    User,
    VerificationAttempt,
)
from accounts.read_only import ReadOnly

NEWEST_CHANGES = 20


@admin.register(Student)
class StudentAdmin(admin.ModelAdmin[Student]):
    """The roster comes by import; by hand only the academic status changes, and the database's triggers record it."""

    list_display = ("student_number", "name", "department", "year", "status")
    list_filter = ("status", "level", "year", "campus", "demo")
    search_fields = ("student_number", "name")
    search_help_text = _("Student number or name")
    show_full_result_count = False
    fields = (
        *("student_number", "name", "department", "year", "level", "status", "campus", "email", "demo"),
        *("updated_at", "changes"),
    )
    actions = ("log_out_everywhere",)

    def get_urls(self) -> list[URLPattern]:
        return [*roster_admin.addresses(self.admin_site), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return tuple(name for name in self.fields if name != "status")

    def save_model(self, request: HttpRequest, obj: Student, form: ModelForm[Student], change: bool) -> None:
        """Save, and end the logins of a student who is taken off the roster."""
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            if "status" in form.changed_data and obj.status == StudentStatus.GONE:
                endings.end_all([obj.pk])

    @admin.display(description=_("changes"))
    def changes(self, student: Student) -> SafeString | str:
        """Return the newest recorded changes: when, to what, by whom."""
        rows = apps.get_model("accounts", "StudentChange").objects.filter(pgh_obj_id=student.pk)
        newest = list(rows.select_related("pgh_context").order_by("-pgh_id")[:NEWEST_CHANGES])
        names = names_of(
            {(row.pgh_context.metadata if row.pgh_context else {}).get("user") for row in newest}
        )
        cells = (
            (
                date(localtime(row.pgh_created_at), "Y-m-d H:i:s"),
                row.get_status_display(),
                " · ".join(str(part) for part in (row.level, row.department, row.year) if part),
                names.get((row.pgh_context.metadata if row.pgh_context else {}).get("user"), "–"),
            )
            for row in newest
        )
        return format_html_join("", "<p>{} · {} · {} · {}</p>", cells) or "–"

    @admin.action(description=_("Log out on all devices"), permissions=["change"])
    def log_out_everywhere(self, request: HttpRequest, students: QuerySet[Student]) -> None:
        """End every login of the chosen students."""
        ids = list(students.values_list("pk", flat=True))
        with transaction.atomic():
            endings.end_all(ids)
        count = len(ids)
        words = ngettext("%(count)d student is logged out.", "%(count)d students are logged out.", count)
        self.message_user(request, words % {"count": count}, messages.SUCCESS)


def names_of(keys: set[Any]) -> dict[Any, str]:
    """Return the names of users by key."""
    return {user.pk: str(user) for user in User.objects.filter(pk__in=keys - {None})}


@admin.register(StudentSession)
class StudentSessionAdmin(ReadOnly):
    list_display = ("student", "device", "created_at", "expires_at", "ended_at")
    list_filter = (("ended_at", admin.EmptyFieldListFilter),)
    list_select_related = ("student",)
    search_fields = ("student__student_number", "student__name")


@admin.register(VerificationAttempt)
class VerificationAttemptAdmin(ReadOnly):
    list_display = ("created_at", "method", "student", "sent_at", "failures", "succeeded_at")
    list_filter = (
        "method",
        ("student", admin.EmptyFieldListFilter),
        ("succeeded_at", admin.EmptyFieldListFilter),
    )
    list_select_related = ("student",)
    search_fields = ("student__student_number", "student__name")
    fields = ("created_at", "method", "student", "expires_at", "sent_at", "failures", "succeeded_at")


admin.site.register(OutgoingMail, OutgoingMailAdmin)


@admin.register(Consent)
class ConsentAdmin(ReadOnly):
    list_display = ("student", "version", "given_at", "withdrawn_at")
    list_filter = ("version", ("withdrawn_at", admin.EmptyFieldListFilter))
    list_select_related = ("student",)
    search_fields = ("student__student_number", "student__name")


class StaffCreationForm(UserCreationForm[User]):
    class Meta:
        model = User
        fields = ("username",)


@admin.register(User)
class StaffAdmin(UserAdmin[User]):  # type: ignore[type-var]  # the stubs ask for AbstractUser, Django does not
    """Accounts of staff; students' logins are not shown here, and nobody is deleted: who did what must stay known."""

    add_form = StaffCreationForm
    list_display = (
        "username",
        "display_name",
        "roles",
        "second_factor",
        "is_active",
        "is_superuser",
        "last_login",
    )
    list_filter = ("groups", "is_active", "is_superuser")
    search_fields = ("username", "display_name")
    ordering = ("username",)
    filter_horizontal = ("groups",)
    fieldsets = (
        (None, {"fields": ("username", "password", "display_name", "email")}),
        (_("Rights"), {"fields": ("groups", "is_active", "is_superuser")}),
        (_("Times"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("username", "display_name", "password1", "password2", "groups"),
            },
        ),
    )
    readonly_fields = ("last_login", "date_joined")
    actions = ("remove_second_factor",)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        factor = Authenticator.objects.filter(user=OuterRef("pk"), type=Authenticator.Type.TOTP)
        staff = super().get_queryset(request).filter(is_staff=True)
        return staff.prefetch_related("groups").annotate(enrolled=Exists(factor))

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm[User], change: bool) -> None:
        """Save; whoever is made here is staff."""
        obj.is_staff = True
        super().save_model(request, obj, form, change)

    @admin.display(description=_("roles"))
    def roles(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all())

    @admin.display(description=_("second factor"), boolean=True)
    def second_factor(self, user: User) -> bool:
        return bool(getattr(user, "enrolled", False))

    @admin.action(description=_("Remove the second factor (lost phone)"), permissions=["change"])
    def remove_second_factor(self, request: HttpRequest, users: QuerySet[User]) -> None:
        """Take away what a lost phone proves, at once; the next login sets a new one up."""
        Authenticator.objects.filter(user__in=users.values("pk")).delete()
        self.message_user(
            request, _("Removed. Please set a new password too if it may be known."), messages.SUCCESS
        )
