"""The council's desk: festivals, events and zones are what it wants; tickets, claims and scans are read-only rows."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ticketing import (  # noqa: F401 - they register their models
    bar_admin,
    event_admin,
    festival_admin,
    gate_admin,
    recovery_admin,
    refused_admin,
    repair_admin,
    stream_admin,
    student_list_admin,
    waiting_admin,
)
from ticketing.council import void
from ticketing.desk import ReasonForm, do_each, reason_of
from ticketing.exports import sheets
from ticketing.exports.admin import WithExport
from ticketing.filters import GivenByHand
from ticketing.grant_admin import give
from ticketing.history_admin import WithHistory
from ticketing.kept_admin import Kept
from ticketing.models import Claim, LimitGroup, Scan, Ticket
from ticketing.signing import TicketCode

admin.site.site_header = _("Daedong council")
admin.site.site_title = _("Daedong council")
admin.site.index_title = _("What would you like to do?")


@admin.register(LimitGroup)
class LimitGroupAdmin(admin.ModelAdmin[LimitGroup]):
    list_display = ["name", "festival"]
    list_select_related = ["festival"]


@admin.register(Ticket)
class TicketAdmin(Kept, WithHistory, WithExport):
    sheet = sheets.Tickets
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
        *("arrival", "issued_at", "granted_by", "grant_reason", "used_at", "ended_at", "actor", "reason"),
    ]
    list_filter = ["status", GivenByHand, "event"]
    list_select_related = ["event", "zone", "student"]
    search_fields = ["=code", "=student__student_number", "=student__name", "=guest_name"]
    search_help_text = _("Student number, whole name or code")
    show_full_result_count = False
    action_form = ReasonForm
    actions = ["make_void"]

    def get_urls(self) -> list[URLPattern]:
        return [
            path("give/", self.admin_site.admin_view(give), name="ticketing_ticket_give"),
            *super().get_urls(),
        ]

    @admin.display(description=_("holder"), ordering="student__student_number")
    def holder(self, ticket: Ticket) -> str:
        return str(ticket.student) if ticket.student else ticket.guest_name

    @admin.action(description=_("Void the chosen tickets and bar their students"), permissions=["void"])
    def make_void(self, request: HttpRequest, chosen: QuerySet[Ticket]) -> None:
        """End the chosen tickets at their authority; who and why are kept."""
        if not (reason := reason_of(request)):
            return
        ended = do_each(
            request,
            chosen,
            lambda ticket: void(
                code=TicketCode(ticket.code),
                event_id=ticket.event_id,
                actor_id=request.user.pk,
                reason=reason,
            ),
        )
        self.message_user(request, ngettext("%d ticket is void.", "%d tickets are void.", ended) % ended)

    def has_void_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ticketing.change_ticket")


@admin.register(Claim)
class ClaimAdmin(Kept, WithExport):
    sheet = sheets.Claims
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


@admin.register(Scan)
class ScanAdmin(Kept, WithExport):
    sheet = sheets.Scans
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
