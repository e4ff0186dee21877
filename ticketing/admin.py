"""The council's desk: festivals, events and zones are what it wants; tickets, claims and scans are read-only rows."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.contrib.auth import get_permission_codename
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ticketing import event_admin, festival_admin, gate_admin, student_list_admin  # noqa: F401 - they register their models
from ticketing.council import lift_bar, void
from ticketing.event_admin import WithHistory
from ticketing.models import Bar, Claim, LimitGroup, Scan, Ticket
from ticketing.signing import TicketCode

admin.site.site_header = _("Daedong council")
admin.site.site_title = _("Daedong council")
admin.site.index_title = _("What would you like to do?")


class Kept(admin.ModelAdmin[Any]):
    """Rows that the system writes: to look at, not to edit."""

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Ask for the right to look itself: the gate may undo a scan, which is no right to read the list of them."""
        name = get_permission_codename("view", self.opts)
        return request.user.has_perm(f"{self.opts.app_label}.{name}")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReasonForm(ActionForm):
    """An action that ends somebody's right asks why."""

    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)


@admin.register(LimitGroup)
class LimitGroupAdmin(admin.ModelAdmin[LimitGroup]):
    list_display = ["name", "festival"]
    list_select_related = ["festival"]


@admin.register(Ticket)
class TicketAdmin(Kept, WithHistory):
    list_display = [
        "holder",
        "event",
        "zone",
        "number",
        "status",
        "issued_at",
        "arrival",
    ]
    fields = [
        *("code", "event", "zone", "number", "student", "guest_name", "status"),
        *("arrival", "issued_at", "used_at", "ended_at", "actor", "reason"),
    ]
    list_filter = ["status", "event"]
    list_select_related = ["event", "zone", "student"]
    search_fields = ["=code", "=student__student_number", "=student__name", "=guest_name"]
    search_help_text = _("Student number, whole name or code")
    show_full_result_count = False
    action_form = ReasonForm
    actions = ["make_void"]

    @admin.display(description=_("holder"), ordering="student__student_number")
    def holder(self, ticket: Ticket) -> str:
        return str(ticket.student) if ticket.student else ticket.guest_name

    @admin.action(description=_("Void the chosen tickets and bar their students"), permissions=["void"])
    def make_void(self, request: HttpRequest, chosen: QuerySet[Ticket]) -> None:
        """End the chosen tickets at their authority; who and why are kept."""
        reason = request.POST.get("reason", "").strip()[:300]
        if not reason:
            self.message_user(request, _("Write a reason beside the action first."), messages.ERROR)
            return
        actor = request.user.pk
        ended = sum(
            void(code=TicketCode(ticket.code), event_id=ticket.event_id, actor_id=actor, reason=reason)
            for ticket in chosen
        )
        self.message_user(request, ngettext("%d ticket is void.", "%d tickets are void.", ended) % ended)

    def has_void_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ticketing.change_ticket")


@admin.register(Claim)
class ClaimAdmin(Kept):
    list_display = [
        "arrival",
        "event",
        "student",
        "answer",
        "after_opening",
        "decided_at",
    ]
    list_filter = ["answer", "event"]
    list_select_related = ["event", "student"]
    search_fields = ["=student__student_number", "=student__name"]
    search_help_text = _("Student number or whole name")
    fields = ["event", "student", "arrival", "answer", "wanted", "after_opening", "decided_at"]
    show_full_result_count = False

    @admin.display(description=_("zones wanted"))
    def wanted(self, claim: Claim) -> str:
        return ", ".join(claim.zones)

    @admin.display(description=_("after the opening"), ordering="elapsed_ms")
    def after_opening(self, claim: Claim) -> str:
        return _("%(seconds).3f s") % {"seconds": claim.elapsed_ms / 1000}


@admin.register(Bar)
class BarAdmin(Kept):
    list_display = [
        "student",
        "event",
        "reason",
        "actor",
        "created_at",
        "lifted_at",
    ]
    list_select_related = ["event", "student", "actor"]
    search_fields = ["=student__student_number", "=student__name"]
    actions = ["lift"]

    @admin.action(description=_("Lift the chosen bars"), permissions=["lift"])
    def lift(self, request: HttpRequest, chosen: QuerySet[Bar]) -> None:
        """Let the students of the chosen bars claim again."""
        lifted = sum(lift_bar(event_id=bar.event_id, student_id=bar.student_id) for bar in chosen)
        self.message_user(request, ngettext("%d bar is lifted.", "%d bars are lifted.", lifted) % lifted)

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ticketing.change_ticket")


@admin.register(Scan)
class ScanAdmin(Kept):
    list_display = [
        "received_at",
        "gate",
        "verdict",
        "reason",
        "holder",
        "user",
        "device",
        "undone_at",
    ]
    list_filter = ["verdict", "reason", "gate"]
    list_select_related = ["ticket__student", "user", "device"]
    search_fields = ["=ticket__code", "=ticket__student__student_number", "=ticket__student__name"]
    search_help_text = _("Student number, whole name or code")
    show_full_result_count = False

    @admin.display(description=_("holder"))
    def holder(self, scan: Scan) -> str | None:
        """Return whose ticket was scanned; nobody's when the code was not ours."""
        if scan.ticket is None:
            return None
        return str(scan.ticket.student) if scan.ticket.student else scan.ticket.guest_name
