"""The button "export" of a list in the admin: the rows that it shows with its filters, as a file, with a reason."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.http import content_disposition_header
from django.utils.timezone import localtime, now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.read_only import ReadOnly
from ticketing.desk import MOST_REASON
from ticketing.exports.sheets import Sheet
from ticketing.exports.taking import MOST_ROWS, TooManyRows, take
from ticketing.figures import grouped
from ticketing.models import FileFormat, ListExport, StudentLook

PERMISSION = "ticketing.export_list"
TYPES = {
    FileFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileFormat.CSV: "text/csv; charset=utf-8",
}


class ExportForm(forms.Form):
    """As which file, and why."""

    file_format = forms.ChoiceField(
        label=_("Format"),
        choices=FileFormat.choices,
        help_text=_("Excel keeps student numbers that begin with 0 in an XLSX file, not in a CSV file."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=MOST_REASON,
        help_text=_(
            "It is recorded who exported which list, when, and why. Delete the file when it has served."
        ),
    )


class WithExport(admin.ModelAdmin[Any]):
    """A list with the button; `sheet` says what its columns are."""

    sheet: type[Sheet]

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path("export/", self.admin_site.admin_view(self.export), name=name), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list, with the way to export what it shows to whoever may."""
        context = dict(extra_context or {})
        if request.user.has_perm(PERMISSION):
            address = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_export")
            context["export_address"] = f"{address}?{request.GET.urlencode()}"
        return super().changelist_view(request, context)

    def export(self, request: HttpRequest) -> HttpResponse:
        """Ask for format and reason; then send the file."""
        if not (request.user.has_perm(PERMISSION) and self.has_view_permission(request)):
            raise PermissionDenied
        try:
            shown = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(
                reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
            )
        form = ExportForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                return self.file(request, shown, **form.cleaned_data)
            except TooManyRows:
                words = gettext("A file has at most %(most)s rows. Please choose a filter first.")
                messages.error(request, words % {"most": grouped(MOST_ROWS)})
        context = {
            **self.admin_site.each_context(request),
            **{"form": form, "opts": self.opts, "title": gettext("Export this list")},
            **{"rows": shown.result_count, "chosen": chosen_in(shown)},
        }
        return render(request, "admin/ticketing/export.html", context)

    def file(self, request: HttpRequest, shown: ChangeList, *, file_format: str, reason: str) -> HttpResponse:
        """Return the rows of a list as a file."""
        if not isinstance(request.user, User):
            raise PermissionDenied
        keys = shown.get_queryset(request).order_by().values("pk")
        rows = self.model._base_manager.filter(pk__in=keys).order_by(*self.model._meta.ordering)
        wanted = FileFormat(file_format)
        content = take(
            rows, self.sheet, file_format=wanted, chosen=chosen_in(shown), by=request.user, reason=reason
        )
        name = f"{self.opts.verbose_name_plural} {localtime(now()):%Y-%m-%d %H%M}.{wanted.value}"
        headers = {
            "Content-Disposition": content_disposition_header(True, name),
            "Cache-Control": "private, no-store",
        }
        return HttpResponse(content, content_type=TYPES[wanted], headers=headers)


def chosen_in(shown: ChangeList) -> str:
    """Return which part of a list is shown, in the words of its filters."""
    words = []
    for each in shown.filter_specs:
        choices: list[Any] = list(each.choices(shown))
        if set(each.expected_parameters()) & set(shown.params):
            words += [f"{each.title}: {choice['display']}" for choice in choices if choice["selected"]]
    if shown.query:
        words.append(f"{gettext('Search')}: {shown.query}")
    return " · ".join(words)


@admin.register(ListExport)
class ListExportAdmin(ReadOnly):
    list_display = ("at", "by", "listed", "chosen", "rows", "file_format", "reason")
    list_filter = ("listed",)
    list_select_related = ("by",)
    fields = list_display


@admin.register(StudentLook)
class StudentLookAdmin(ReadOnly):
    list_display = ("at", "by", "student", "whole", "reason")
    list_select_related = ("by", "student")
    search_fields = ("=student__student_number", "=student__name")
    search_help_text = _("Student number or whole name")
    fields = list_display
