"""The pages of the demo's rush: the button, the phone beside the report, and the report itself."""

from uuid import UUID

from csp.decorators import csp_replace
from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.demo import entry, rush
from accounts.demo.rush import State
from loadtest import report
from ticketing.models import Event


class Crowd(forms.Form):
    """How many press with the visitor."""

    students = forms.IntegerField(min_value=1, max_value=rush.STUDENTS)


@require_POST
@entry.demo_only
def start(request: HttpRequest) -> HttpResponse:
    """Start a rush and lead to its page; while one is being played, to that one."""
    form = Crowd(request.POST)
    if not form.is_valid() or not rush.can_play():
        messages.error(request, _("A rush can be started here only while the demo runs by “make demo”."))
        return redirect("demo:index")
    try:
        event = rush.start(form.cleaned_data["students"]).pk
    except rush.Busy:
        messages.info(request, _("A rush is going on already: this is it."))
        found = rush.running()
        return redirect("demo:rush_page", found) if found else redirect("demo:index")
    return redirect("demo:rush_page", event)


@require_safe
@entry.demo_only
def page(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Show the visitor's phone beside what the crowd does."""
    return render(request, "demo/rush.html", {"event": get_object_or_404(Event, pk=event_id)})


@csp_replace({"style-src": ["'self'", report.style_source()]})
@require_safe
@entry.demo_only
def told(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Show the report of a rush; until it is there, how far it is."""
    found, how = get_object_or_404(Event, pk=event_id), rush.state(event_id)
    if how == State.TOLD:
        return HttpResponse(report.render(rush.documents(event_id), get_language()))
    if how == State.FAILED and timezone.now() < found.opens_at:
        raise Http404
    left = max(0, round((found.opens_at - timezone.now()).total_seconds()))
    return render(
        request, "demo/rush_state.html", {"event": found, "failed": how == State.FAILED, "left": left}
    )
