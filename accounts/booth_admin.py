"""The council's view of the booth: who checked, confirmed and refused whom, and which codes were looked up."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.models import BoothCheck, BoothLook, Student
from accounts.read_only import ReadOnly


@admin.register(BoothCheck)
class BoothCheckAdmin(ReadOnly):
    list_display = (
        *("asked_at", "student", "first_by", "first_at", "second_by", "second_at"),
        *("refused_by", "refused_at", "reason", "verified_at"),
    )
    list_filter = (
        ("refused_at", admin.EmptyFieldListFilter),
        ("second_at", admin.EmptyFieldListFilter),
        "reason",
    )
    list_select_related = ("attempt__student", "first_by", "second_by", "refused_by")
    search_fields = ("attempt__student__student_number", "attempt__student__name")
    fields = list_display

    @admin.display(description=_("asked at"), ordering="attempt__created_at")
    def asked_at(self, check: BoothCheck) -> object:
        return check.attempt.created_at

    @admin.display(description=_("student"))
    def student(self, check: BoothCheck) -> Student | None:
        return check.attempt.student

    @admin.display(description=_("verified at"))
    def verified_at(self, check: BoothCheck) -> object:
        return check.attempt.succeeded_at


@admin.register(BoothLook)
class BoothLookAdmin(ReadOnly):
    list_display = ("at", "by", "student")
    list_filter = (("booth_check", admin.EmptyFieldListFilter),)
    list_select_related = ("by", "booth_check__attempt__student")
    search_fields = ("by__username", "booth_check__attempt__student__student_number")
    fields = list_display

    @admin.display(description=_("student"))
    def student(self, look: BoothLook) -> Student | None:
        return look.booth_check.attempt.student if look.booth_check else None
