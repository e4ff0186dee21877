"""The council's view of the waiting list: who waits for what, in which position; taking somebody off, with a reason."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.template.defaultfilters import date
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from ticketing.council import remove
from ticketing.desk import ReasonForm, do_each, reason_of
from ticketing.exports.admin import WithExport
from ticketing.exports.sheets import Waiting
from ticketing.figures import EMPTY
from ticketing.history_admin import WithHistory
from ticketing.kept_admin import Kept
from ticketing.models import ACTIVE, WaitingEntry, Zone


def before() -> Coalesce:
    """Return how many active entries of the same event arrived before one."""
    rows = WaitingEntry.objects.filter(
        event=OuterRef("event"), status__in=ACTIVE, arrival__lt=OuterRef("arrival")
    )
    counted = rows.order_by().values("event").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


@admin.register(WaitingEntry)
class WaitingEntryAdmin(Kept, WithHistory, WithExport):
    """Entries are rows that the authority writes; who leaves by the council's hand goes through it."""

    sheet = Waiting
    list_display = ["position", "student", "event", "status", "offer", "arrival", "since", "wanted"]
    list_filter = ["status", "event"]
    list_select_related = ["student", "event", "offered_zone"]
    search_fields = ["=student__student_number", "=student__name"]
    search_help_text = _("Student number or whole name")
    show_full_result_count = False
    fields = [
        *("event", "student", "status", "wanted", "arrival", "since", "offer"),
        *("changed_at", "actor", "reason"),
    ]
    action_form = ReasonForm
    actions = ["take_off"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WaitingEntry]:
        entries: QuerySet[WaitingEntry] = super().get_queryset(request)
        return entries.annotate(before=before())

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Return the list, each entry with the names of its zones: they are read once for the page."""
        shown: Any = super().get_changelist_instance(request)
        names = names_of(zone for entry in shown.result_list for zone in entry.zones)
        for entry in shown.result_list:
            entry.zone_names = names
        return shown  # type: ignore[no-any-return]  # ours, with one thing more

    @admin.display(description=pgettext_lazy("waiting list", "Position"))
    def position(self, entry: Any) -> str:
        return str(entry.before + 1) if entry.status in ACTIVE else EMPTY

    @admin.display(description=_("zones wanted"))
    def wanted(self, entry: Any) -> str:
        """Return the names of the wanted zones, the first choice first."""
        names = entry.zone_names if hasattr(entry, "zone_names") else names_of(entry.zones)
        return ", ".join(names.get(zone, EMPTY) for zone in entry.zones)

    @admin.display(description=pgettext_lazy("waiting list", "offer"))
    def offer(self, entry: WaitingEntry) -> str:
        """Return the place that is or was kept for an entry."""
        if entry.offered_zone is None or entry.offer_until is None:
            return EMPTY
        until = date(localtime(entry.offer_until), "DATETIME_FORMAT")
        return gettext("%(zone)s %(number)s until %(until)s") % {
            "zone": entry.offered_zone.name,
            "number": entry.offered_number,
            "until": until,
        }

    @admin.action(description=_("Take the chosen ones off the waiting list"), permissions=["take_off"])
    def take_off(self, request: HttpRequest, chosen: QuerySet[WaitingEntry]) -> None:
        """End the chosen entries at their authority; who and why are kept."""
        if not (reason := reason_of(request)):
            return
        active = chosen.filter(status__in=ACTIVE)
        ended = do_each(
            request,
            active,
            lambda entry: remove(
                event_id=entry.event_id, student_id=entry.student_id, actor_id=request.user.pk, reason=reason
            ),
        )
        words = ngettext("%d entry is off the waiting list.", "%d entries are off the waiting list.", ended)
        self.message_user(request, words % ended)

    def has_take_off_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ticketing.change_waitingentry")


def names_of(zones: Any) -> dict[Any, str]:
    """Return the names of zones by key."""
    return dict(Zone.objects.filter(pk__in=set(zones)).values_list("pk", "name"))
