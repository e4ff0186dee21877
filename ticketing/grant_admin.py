"""The council gives a ticket by hand: to a student by number, or to a guest by name, with a reason."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Student
from festival.errors import FestivalError
from ticketing.allocation import Gift, GrantResult
from ticketing.council import grant
from ticketing.desk import MOST_REASON, StudentNumber
from ticketing.models import Ticket, Zone

PERMISSION = "ticketing.add_ticket"
MOST_NAME = 100
LONG_OVER = timedelta(days=7)
REFUSALS: Mapping[GrantResult, Promise] = {
    GrantResult.SOLD_OUT: _("No place of this zone is free. Raise its capacity, or choose another zone."),
    GrantResult.ALREADY_WON: _("This student has a ticket for this event already."),
    GrantResult.LIMIT_REACHED: _("This student has a ticket for another event that counts for this one too."),
    GrantResult.BARRED: _("This student is shut out of this event. Lift the bar first."),
    GrantResult.UNKNOWN: _("This student is not on the roster any more."),
}


class ZoneOfEvent(forms.ModelChoiceField):  # type: ignore[type-arg]  # the class takes no argument when it runs
    """A zone with the event that it belongs to."""

    def label_from_instance(self, zone: Any) -> str:
        return f"{zone.event.name} · {zone.name}"


class GrantForm(forms.Form):
    """Who gets a place of which zone, and why."""

    zone = ZoneOfEvent(Zone.objects.none(), label=_("Event and zone"))
    student = StudentNumber(label=_("Student number"), required=False)
    guest_name = forms.CharField(
        label=_("Or a guest's name"),
        max_length=MOST_NAME,
        required=False,
        help_text=_("For who is no student."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=MOST_REASON,
        help_text=_("It stands at the ticket, for the council only."),
    )

    def __init__(self, *args: Any, zones: QuerySet[Zone], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(ZoneOfEvent, self.fields["zone"]).queryset = zones

    def clean(self) -> dict[str, Any]:
        """Refuse nobody and two at once."""
        cleaned = super().clean() or self.cleaned_data
        if "student" in cleaned and bool(cleaned["student"]) == bool(cleaned.get("guest_name")):
            raise forms.ValidationError(_("Give either a student number or a guest's name."))
        return cleaned


def zones_for(event: str | None) -> QuerySet[Zone]:
    """Return the zones of one event, or of all that are not long over."""
    zones = Zone.objects.select_related("event").order_by("event__opens_at", "event", "name", "id")
    try:
        return zones.filter(event=UUID(event or ""))
    except ValueError:
        return zones.filter(event__closes_at__gt=timezone.now() - LONG_OVER)


def give(request: HttpRequest) -> HttpResponse:
    """Show the form, and give a ticket."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    form = GrantForm(request.POST or None, zones=zones_for(request.GET.get("event")))
    if request.method == "POST" and form.is_valid() and given(request, form):
        return HttpResponseRedirect(reverse("admin:ticketing_ticket_changelist"), status=303)
    context = {"form": form, "opts": Ticket._meta, "title": gettext("Give a ticket")}
    return render(
        request, "admin/ticketing/ticket/give.html", {**admin.site.each_context(request), **context}
    )


def given(request: HttpRequest, form: GrantForm) -> bool:
    """Put the gift before the authority of the event; a refusal stands at the form."""
    facts = form.cleaned_data
    student = cast(Student | None, facts["student"])
    gift = Gift(
        event_id=facts["zone"].event_id,
        zone_id=facts["zone"].pk,
        student_id=student.pk if student else None,
        guest_name=facts["guest_name"],
        actor_id=request.user.pk,
        reason=facts["reason"],
    )
    try:
        result = grant(gift)
    except FestivalError:
        form.add_error(None, _("The sale cannot be asked now. No ticket was given; please try again."))
        return False
    if result != GrantResult.GRANTED:
        form.add_error(None, str(REFUSALS[result]))
        return False
    messages.success(request, gettext("The ticket is given. It stands in this list in a moment."))
    return True
