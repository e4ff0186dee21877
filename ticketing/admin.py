"""The council's desk: festivals, events and zones are what it wants; tickets, claims and scans are read-only rows."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ticketing import gate_admin  # noqa: F401 - registers the gate's devices
from ticketing.allocation import allocator_of
from ticketing.models import Bar, Claim, Event, Festival, LimitGroup, Scan, Ticket, Zone
from ticketing.signing import TicketCode

admin.site.site_header = _("Daedong council")
admin.site.site_title = _("Daedong council")
admin.site.index_title = _("What would you like to do?")


class Kept(admin.ModelAdmin[Any]):
    """Rows that the system writes: to look at, not to edit."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReasonForm(ActionForm):
    """An action that ends somebody's right asks why."""

    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)


@admin.register(Festival)
class FestivalAdmin(admin.ModelAdmin[Festival]):
    list_display = ["name", "name_en", "accent", "ends_at"]


@admin.register(LimitGroup)
class LimitGroupAdmin(admin.ModelAdmin[LimitGroup]):
    list_display = ["name", "festival"]
    list_select_related = ["festival"]


class ZoneInline(admin.TabularInline[Zone, Event]):
    model = Zone
    extra = 1
    fields = ["name", "name_en", "capacity"]


@admin.register(Event)
class EventAdmin(admin.ModelAdmin[Event]):
    list_display = ["name", "festival", "opens_at", "closes_at", "mode", "paused", "rehearsal"]
    list_filter = ["festival", "rehearsal", "paused"]
    list_select_related = ["festival"]
    search_fields = ["name", "name_en"]
    date_hierarchy = "opens_at"
    inlines = [ZoneInline]
    fieldsets = [
        (None, {"fields": ["festival", ("name", "name_en")]}),
        (
            _("Sale"),
            {"fields": [("opens_at", "closes_at"), "mode", "waitlist_size", "limit_group", "rehearsal"]},
        ),
        (_("Show"), {"fields": ["doors_open_at"]}),
        (_("Pause"), {"fields": ["paused", "pause_reason", "pause_reason_en", "resumes_at"]}),
    ]


@admin.register(Ticket)
class TicketAdmin(Kept):
    list_display = [
        "code",
        "event",
        "zone",
        "number",
        "student",
        "guest_name",
        "status",
        "arrival",
        "issued_at",
    ]
    list_filter = ["status", "event"]
    list_select_related = ["event", "zone", "student"]
    search_fields = ["=code", "=student__student_number", "=student__name"]
    show_full_result_count = False
    action_form = ReasonForm
    actions = ["make_void"]

    @admin.action(description=_("Void the chosen tickets and bar their students"), permissions=["void"])
    def make_void(self, request: HttpRequest, chosen: QuerySet[Ticket]) -> None:
        """End the chosen tickets at their authority; who and why are kept."""
        reason = request.POST.get("reason", "").strip()[:300]
        if not reason:
            self.message_user(request, _("Write a reason beside the action first."), messages.ERROR)
            return
        ended = sum(
            allocator_of(ticket.event_id).void(
                code=TicketCode(ticket.code), actor_id=request.user.pk, reason=reason
            )
            for ticket in chosen
        )
        self.message_user(request, ngettext("%d ticket is void.", "%d tickets are void.", ended) % ended)

    def has_void_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ticketing.change_ticket")


@admin.register(Claim)
class ClaimAdmin(Kept):
    list_display = ["arrival", "event", "student", "answer", "elapsed_ms", "decided_at"]
    list_filter = ["answer", "event"]
    list_select_related = ["event", "student"]
    search_fields = ["=student__student_number", "=student__name"]
    show_full_result_count = False


@admin.register(Bar)
class BarAdmin(Kept):
    list_display = ["student", "event", "reason", "actor", "created_at", "lifted_at"]
    list_select_related = ["event", "student", "actor"]
    search_fields = ["=student__student_number", "=student__name"]
    actions = ["lift"]

    @admin.action(description=_("Lift the chosen bars"), permissions=["lift"])
    def lift(self, request: HttpRequest, chosen: QuerySet[Bar]) -> None:
        """Let the students of the chosen bars claim again."""
        lifted = sum(
            allocator_of(bar.event_id).lift_bar(event_id=bar.event_id, student_id=bar.student_id)
            for bar in chosen
        )
        self.message_user(request, ngettext("%d bar is lifted.", "%d bars are lifted.", lifted) % lifted)

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ticketing.change_ticket")


@admin.register(Scan)
class ScanAdmin(Kept):
    list_display = ["received_at", "gate", "verdict", "reason", "ticket", "user", "device", "undone_at"]
    list_filter = ["verdict", "reason", "gate"]
    list_select_related = ["ticket", "user", "device"]
    search_fields = ["=ticket__code", "=ticket__student__student_number"]
    show_full_result_count = False
