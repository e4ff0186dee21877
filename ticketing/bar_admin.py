"""The council's desk for bars: shut a student out of an event, and lift it again, each with a reason."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Student
from festival.errors import FestivalError
from ticketing.council import bar, lift_bar
from ticketing.desk import MOST_REASON, ReasonForm, StudentNumber, do_each, reason_of
from ticketing.exports.admin import WithExport
from ticketing.exports.sheets import Bars
from ticketing.filters import InForce
from ticketing.kept_admin import Kept
from ticketing.models import Bar, Event

LIST = "admin:ticketing_bar_changelist"


class ShutOutForm(forms.Form):
    """Who is shut out of which event, and why."""

    event = forms.ModelChoiceField(Event.objects.order_by("-opens_at", "id"), label=_("Event"))
    student = StudentNumber(label=_("Student number"))
    reason = forms.CharField(
        label=_("Reason"), max_length=MOST_REASON, help_text=_("The council sees it in the list of bars.")
    )


@admin.register(Bar)
class BarAdmin(Kept, WithExport):
    """Bars stay on record; the authority of the event is told of each change."""

    sheet = Bars
    list_display = [
        *("student", "event", "reason", "actor", "created_at"),
        *("lifted_at", "lifted_by", "lift_reason"),
    ]
    list_filter = [InForce, "event"]
    list_select_related = ["event", "student", "actor", "lifted_by"]
    search_fields = ["=student__student_number", "=student__name"]
    search_help_text = _("Student number or whole name")
    action_form = ReasonForm
    actions = ["lift"]

    def get_urls(self) -> list[URLPattern]:
        shut_out = self.admin_site.admin_view(self.shut_out)
        return [path("shut-out/", shut_out, name="ticketing_bar_shut_out"), *super().get_urls()]

    def shut_out(self, request: HttpRequest) -> HttpResponse:
        """Shut a student out of an event."""
        if not self.has_shut_out_permission(request):
            raise PermissionDenied
        form = ShutOutForm(request.POST or None, initial={"event": request.GET.get("event")})
        if request.method == "POST" and form.is_valid() and self.tell(request, form.cleaned_data):
            return HttpResponseRedirect(reverse(LIST), status=303)
        context = {"form": form, "opts": self.opts, "title": gettext("Shut a student out of an event")}
        return render(
            request, "admin/ticketing/bar/shut_out.html", {**self.admin_site.each_context(request), **context}
        )

    def tell(self, request: HttpRequest, facts: dict[str, Any]) -> bool:
        """Put a bar before the authority of the event; False when it cannot be asked now."""
        event, student = cast(Event, facts["event"]), cast(Student, facts["student"])
        try:
            new = bar(
                event_id=event.pk, student_id=student.pk, actor_id=request.user.pk, reason=facts["reason"]
            )
        except FestivalError:
            messages.error(
                request, gettext("The sale cannot be asked now. Nobody was shut out; please try again.")
            )
            return False
        if new:
            messages.success(request, gettext("The student is shut out of this event."))
        else:
            messages.info(request, gettext("The student was shut out of this event already."))
        return True

    @admin.action(description=_("Lift the chosen bars"), permissions=["lift"])
    def lift(self, request: HttpRequest, chosen: QuerySet[Bar]) -> None:
        """Let the students of the chosen bars claim again; who and why are kept."""
        if not (reason := reason_of(request)):
            return
        lifted = do_each(
            request,
            chosen.filter(lifted_at=None),
            lambda its: lift_bar(
                event_id=its.event_id, student_id=its.student_id, actor_id=request.user.pk, reason=reason
            ),
        )
        self.message_user(request, ngettext("%d bar is lifted.", "%d bars are lifted.", lifted) % lifted)

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ticketing.change_bar")

    def has_shut_out_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ticketing.add_bar")
