"""The columns of each list."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from import_export.fields import Field
from import_export.resources import Resource

from ticketing.exports.cells import Cell
from ticketing.models import WaitingEntry, Zone

Title = str | Promise
TIME = _("time")
DEPARTMENT, EVENT, REASON = _("department"), _("event"), _("reason")
NAME, STUDENT_NUMBER = pgettext_lazy("person", "name"), _("student number")
STATUS, WHO, ZONE, NUMBER = _("status"), _("who"), _("zone"), _("number")


def column(attribute: str, title: Title) -> Any:
    """Return a column that shows what an attribute of the row leads to."""
    return Field(attribute=attribute, column_name=title, widget=Cell(), readonly=True)


class Sheet(Resource):  # type: ignore[misc]  # the library has no types
    """A list as a file has it. `related` is read with the rows, so that no row costs a query of its own."""

    related: tuple[str, ...] = ()


class Tickets(Sheet):
    related = ("event", "zone", "student", "granted_by", "actor")

    event = column("event__name", EVENT)
    zone = column("zone__name", ZONE)
    number = column("number", NUMBER)
    student_number = column("student__student_number", STUDENT_NUMBER)
    name = column("holder_name", NAME)
    department = column("student__department", DEPARTMENT)
    status = column("get_status_display", STATUS)
    arrival = column("arrival", _("arrival"))
    issued_at = column("issued_at", _("issued at"))
    used_at = column("used_at", _("used at"))
    ended_at = column("ended_at", _("cancelled or void since"))
    actor = column("actor", WHO)
    reason = column("reason", REASON)
    granted_by = column("granted_by", _("given by"))
    grant_reason = column("grant_reason", _("reason for giving it"))
    code = column("code", _("code"))


class Claims(Sheet):
    related = ("event", "student")

    event = column("event__name", EVENT)
    arrival = column("arrival", _("arrival"))
    decided_at = column("decided_at", TIME)
    elapsed_ms = column("elapsed_ms", _("milliseconds since the opening"))
    student_number = column("student__student_number", STUDENT_NUMBER)
    name = column("student__name", NAME)
    department = column("student__department", DEPARTMENT)
    answer = column("get_answer_display", _("answer"))
    zones = column("zones", _("zones wanted"))


class Waiting(Sheet):
    related = ("event", "student", "offered_zone", "actor")

    event = column("event__name", EVENT)
    arrival = column("arrival", _("arrival"))
    since = column("since", _("since"))
    student_number = column("student__student_number", STUDENT_NUMBER)
    name = column("student__name", NAME)
    department = column("student__department", DEPARTMENT)
    status = column("get_status_display", STATUS)
    zones = Field(column_name=_("zones wanted"), readonly=True)
    offered_zone = column("offered_zone__name", _("zone offered"))
    offered_number = column("offered_number", _("number offered"))
    offer_until = column("offer_until", _("offer until"))
    changed_at = column("changed_at", _("changed at"))
    actor = column("actor", WHO)
    reason = column("reason", REASON)

    def before_export(self, queryset: Any, **_options: Any) -> None:
        """Read the names of the zones once."""
        self.names = dict(Zone.objects.values_list("pk", "name"))

    def dehydrate_zones(self, entry: WaitingEntry) -> str | int:
        return Cell().render([self.names.get(zone, "") for zone in entry.zones])


class Scans(Sheet):
    related = ("ticket__event", "ticket__zone", "ticket__student", "user", "device", "undone_by")

    received_at = column("received_at", _("received at"))
    gate = column("gate", _("gate"))
    verdict = column("get_verdict_display", _("verdict"))
    reason = column("get_reason_display", REASON)
    event = column("ticket__event__name", EVENT)
    zone = column("ticket__zone__name", ZONE)
    number = column("ticket__number", NUMBER)
    student_number = column("ticket__student__student_number", STUDENT_NUMBER)
    name = column("ticket__holder_name", NAME)
    user = column("user", WHO)
    device = column("device", _("device"))
    scanned_at = column("scanned_at", _("scanned at (device)"))
    undone_at = column("undone_at", _("undone at"))
    undone_by = column("undone_by", _("undone by"))
    undo_reason = column("undo_reason", _("reason of the undo"))


class Bars(Sheet):
    related = ("event", "student", "actor", "lifted_by")

    event = column("event__name", EVENT)
    student_number = column("student__student_number", STUDENT_NUMBER)
    name = column("student__name", NAME)
    department = column("student__department", DEPARTMENT)
    created_at = column("created_at", _("since"))
    actor = column("actor", WHO)
    reason = column("reason", REASON)
    lifted_at = column("lifted_at", _("lifted at"))
    lifted_by = column("lifted_by", _("lifted by"))
    lift_reason = column("lift_reason", _("reason for lifting it"))
