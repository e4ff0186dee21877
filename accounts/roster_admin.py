"""The council's pages of the roster: hand a file in, look at what it would do, confirm or discard it."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import roster_imports
from accounts.models import Level, RosterImport, RosterState, Student, StudentStatus, User
from accounts.roster_tables import MOST_BYTES, too_long

NEWEST = 10
BAD_SHOWN = 100
PERMISSION = "accounts.change_student"
NUMBERS = ("rows_read", "added", "changed", "unchanged", "gone")
WORDS: dict[str, str | Promise] = {**dict(StudentStatus.choices), **dict(Level.choices)}


class UpToTheLimit(TemporaryFileUploadHandler):
    """Takes a file up to the limit; of a longer one the rest goes nowhere, and `exceeded` says so."""

    exceeded = False

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        if start + len(raw_data) > MOST_BYTES:
            self.exceeded = True
            raise SkipFile
        return super().receive_data_chunk(raw_data, start)


class RosterForm(forms.Form):
    """A roster as the council hands it in."""

    file = forms.FileField(
        label=_("Roster file"),
        help_text=_(
            "XLSX or CSV, as the university's system or Excel saves it, up to 20 MB. The first line holds the titles:"
            " 학번 and 이름 are needed; 학과, 학년, 학적상태, 과정, 캠퍼스 and 이메일 are taken, others are left alone."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv,.txt,.tsv"}),
    )
    complete = forms.BooleanField(
        label=_("This is the whole roster"),
        required=False,
        help_text=_("Whoever is not in the file is marked gone, is logged out and cannot press any more."),
    )
    mixed_lengths = forms.BooleanField(
        label=_("Student numbers have different lengths"),
        required=False,
        help_text=_(
            "Otherwise a number shorter than nearly all others counts as one that has lost its zeros."
        ),
    )
    source = forms.CharField(
        label=_("Source of the roster"),
        max_length=200,
        help_text=_("Which office gave it, when, by which letter. Students see this in the consent notice."),
    )
    legal_basis = forms.CharField(
        label=_("Legal basis"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("On what basis the university may hand it over, for example the students' consent."),
    )

    def __init__(self, *args: Any, exceeded: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if exceeded:
            self.fields["file"].error_messages["required"] = str(too_long().detail)


def addresses(site: admin.AdminSite) -> list[URLPattern]:
    """Return the addresses of these pages, under the list of students."""

    def page(route: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
        return path(route, site.admin_view(council_only(view)), name=f"accounts_roster_{name}")

    return [
        page("import/", csrf_exempt(hand_in), "import"),
        page("import/<int:pk>/", require_GET(look), "preview"),
        page("import/<int:pk>/confirm/", require_POST(confirm), "confirm"),
        page("import/<int:pk>/discard/", require_POST(discard), "discard"),
        page("import/<int:pk>/again/", require_POST(again), "again"),
        page("import/<int:pk>/bad.csv", require_GET(bad_rows), "bad"),
    ]


def council_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Refuse staff who may not change the roster."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return never_cache(guarded)


@require_http_methods(["GET", "HEAD", "POST"])
def hand_in(request: HttpRequest) -> HttpResponse:
    """Take a file in. Its size is bounded before anything reads the body, the check against forgery included."""
    handler = UpToTheLimit(request)
    request.upload_handlers = [handler]

    @csrf_protect
    def checked(request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return show_form(request, RosterForm(initial=newest_source()))
        request.POST  # noqa: B018 - reading the body is what tells the handler how long the file is
        form = RosterForm(request.POST, request.FILES, exceeded=handler.exceeded)
        return receive(request, form) if form.is_valid() else show_form(request, form)

    return checked(request)


def receive(request: HttpRequest, form: RosterForm) -> HttpResponse:
    """Keep a valid upload and lead to its preview."""
    values = dict(form.cleaned_data)
    file: UploadedFile = values.pop("file")
    user = cast(User, request.user)
    row = roster_imports.receive(file.read(), file_name=file.name or "", user=user, **values)
    return lead_to(row.pk)


def show_form(request: HttpRequest, form: RosterForm) -> HttpResponse:
    """Show the form, and under it what was handed in before."""
    newest = RosterImport.objects.select_related("uploaded_by")[:NEWEST]
    context = {"form": form, "newest": newest, "title": gettext("Import a roster")}
    return render(request, "import", context)


def newest_source() -> dict[str, str]:
    """Return where the last roster came from: most rosters of a university come from there."""
    last = roster_imports.newest_confirmed()
    return {"source": last.source, "legal_basis": last.legal_basis} if last else {}


def look(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how far an upload is, and what confirming it would do."""
    row = get_object_or_404(RosterImport.objects.select_related("uploaded_by", "confirmed_by"), pk=pk)
    context = {
        "row": row,
        "numbers": {name: number_format(getattr(row, name), force_grouping=True) for name in NUMBERS},
        "moving": row.state in roster_imports.JOBS,
        "slow": roster_imports.is_slow(row),
        "bad_cells": row.bad_cells.all()[:BAD_SHOWN],
        "bad_shown": BAD_SHOWN,
        "changed": [
            {**student, "changes": described(student["changes"])} for student in row.sample.get("changed", [])
        ],
        "title": gettext("Import a roster"),
    }
    return render(request, "preview", context)


def described(changes: list[list[Any]]) -> list[tuple[str, Any, Any]]:
    """Return the changes of a student in the words of the page."""
    return [
        (
            str(getattr(Student._meta.get_field(name), "verbose_name", name)),
            WORDS.get(before, before),
            WORDS.get(after, after),
        )
        for name, before, after in changes
    ]


def render(request: HttpRequest, page: str, context: dict[str, Any]) -> HttpResponse:
    """Return a page of the roster in the frame of the admin."""
    context |= {**admin.site.each_context(request), "opts": Student._meta, "states": RosterState}
    return TemplateResponse(request, f"admin/accounts/student/{page}.html", context)


def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the job worker save what the preview shows."""
    if not roster_imports.confirm(pk, user=cast(User, request.user)):
        messages.error(request, gettext("This upload cannot be confirmed any more."))
    return lead_to(pk)


def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw an upload away."""
    if not roster_imports.discard(pk):
        messages.error(request, gettext("This upload is decided already."))
    return lead_to(pk)


def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Queue the job of a slow upload once more."""
    if roster_imports.hurry(pk):
        messages.success(request, gettext("Queued again."))
    return lead_to(pk)


def bad_rows(request: HttpRequest, pk: int) -> HttpResponse:
    """Give every bad cell as a file."""
    row = get_object_or_404(RosterImport, pk=pk)
    answer = HttpResponse(roster_imports.bad_cells_csv(row), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="bad-rows-{row.pk}.csv"'
    return answer


def lead_to(pk: int) -> HttpResponseRedirect:
    """Lead to the page of an upload."""
    return HttpResponseRedirect(reverse("admin:accounts_roster_preview", args=[pk]))
