"""The council's page that looks a student up. By POST only, so that no number or name stands in an address or a log."""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts.models import Student, User
from accounts.permissions import staff_required
from ticketing.grant_admin import zones_for
from ticketing.look_up import MOST_FOUND, find, open_file
from ticketing.models import Event
from ticketing.models.council import MOST_REASON
from ticketing.standing import standings_of, worst

PERMISSION = "ticketing.look_up_student"
MOST_WANTED = 100


class LookUpForm(forms.Form):
    """Who is looked up, and why."""

    wanted = forms.CharField(
        label=_("Student number or name"),
        max_length=MOST_WANTED,
        required=False,
        help_text=_("The whole number or the whole name."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "aria-describedby": "id_wanted_helptext"}),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=MOST_REASON,
        help_text=_("It is recorded who looked at whom, when, and why."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "aria-describedby": "id_reason_helptext"}),
    )
    student = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not (cleaned.get("wanted", "").strip() or cleaned.get("student")):
            self.add_error("wanted", _("Whom are you looking for?"))
        return cleaned


@require_http_methods(["GET", "HEAD", "POST"])
@staff_required(PERMISSION)
def look_up(request: HttpRequest) -> HttpResponse:
    """Ask for a number or name and a reason; show who that is, of several the list, of one everything."""
    form = LookUpForm(request.POST or None)
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        context |= found(request, form.cleaned_data)
    status = 400 if form.errors else 200
    return render(request, "council/students.html", context, status=status)


def found(request: HttpRequest, asked: dict[str, Any]) -> dict[str, Any]:
    """Look up, record it, and return what the page shows."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    by, reason = request.user, asked["reason"]
    if asked["student"]:
        students = [get_object_or_404(Student, pk=asked["student"])]
    else:
        students = find(asked["wanted"], by=by, reason=reason)
    if len(students) != 1:
        return {"students": students, "too_many": len(students) == MOST_FOUND, "asked": True}
    (student,) = students
    files = open_file(student, by=by, reason=reason)
    return {
        "found": student,
        "files": files,
        "behind": worst(standings_of([file.event for file in files]).values()),
        "asked": True,
        **what_may_be_done(request.user),
    }


def what_may_be_done(user: User) -> dict[str, Any]:
    """Return what the forms of the council's acts offer, for who may act."""
    return {
        "zones": zones_for(None) if user.has_perm("ticketing.add_ticket") else (),
        "events": Event.objects.order_by("-opens_at", "id") if user.has_perm("ticketing.add_bar") else (),
    }
