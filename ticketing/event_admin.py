"""The council's events: what it wants, and beside it how the sale stands, counted in the database."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from ticketing import eligibility
from ticketing.allocation.turns import lock
from ticketing.eligibility_admin import ExclusionInline, RuleInline
from ticketing.events import state_of
from ticketing.history import changes_of
from ticketing.models import (
    LIVE,
    Authority,
    Event,
    Mode,
    SaleCounter,
    Ticket,
    TicketStatus,
    Zone,
    ZoneState,
)

LIVE_TICKETS = Ticket.objects.filter(status__in=LIVE)
USED_TICKETS = Ticket.objects.filter(status=TicketStatus.USED)

EMPTY = "-"  # as the admin shows what is not there


def total(rows: QuerySet[Any], key: str, number: Count | Sum) -> Coalesce:
    """Return the total of the rows whose `key` names the outer row."""
    grouped = rows.filter(**{key: OuterRef("pk")}).order_by().values(key).annotate(total=number)
    return Coalesce(Subquery(grouped.values("total"), output_field=IntegerField()), 0)


def grouped(number: int) -> str:
    return str(number_format(number, use_l10n=True, force_grouping=True))


def places_of(made: int, wanted: int) -> str:
    """Return the number of places; while they are being made or taken away, the way to it."""
    if made == wanted:
        return grouped(wanted)
    return pgettext("places", "%(made)s of %(wanted)s") % {"made": grouped(made), "wanted": grouped(wanted)}


def saved_counts(key: str) -> list[eligibility.Count]:
    """Return how many students are eligible by the saved rules; nothing for an address that names no event."""
    try:
        return eligibility.count(UUID(key))
    except ValueError:
        return []


def in_words(counts: list[eligibility.Count]) -> list[dict[str, Any]]:
    """Return the figures as the form shows them: a zone, and each time with the number of students from then on."""
    zones: dict[str, list[dict[str, Any]]] = {}
    for row in counts:
        steps = zones.setdefault(row.zone, [])
        if row.opens_at is not None:
            steps.append(
                {"opens_at": row.opens_at, "number": row.students, "students": grouped(row.students)}
            )
    return [
        {"zone": zone, "steps": steps, "students": grouped(sum(step["number"] for step in steps))}
        for zone, steps in zones.items()
    ]


class WithHistory(admin.ModelAdmin[Any]):
    """The history button shows what the database's triggers recorded, whatever way the change came."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        changes = changes_of(row) if row is not None else []
        context = {"changes": changes, **(extra_context or {})}
        return super().history_view(request, object_id, context)


class CountedInsteadOfSaved(Exception):
    """Ends the transaction of a form whose rules were only to be counted; carries the figures."""

    def __init__(self, counts: list[eligibility.Count]) -> None:
        super().__init__()
        self.counts = counts


class EventForm(forms.ModelForm[Event]):
    """An event as the council edits it."""

    def clean(self) -> dict[str, Any]:
        """Leave times alone that nobody touched, and nobody wins a ticket while the group is being changed.

        The form's inputs end at the second, a time that a program wrote does not. The present group's turn is taken
        before the model looks for live tickets; the admin judges and saves a form in one transaction.
        """
        cleaned = super().clean() or self.cleaned_data
        for name, field in self.fields.items():
            if isinstance(field, forms.SplitDateTimeField) and name not in self.changed_data:
                cleaned[name] = getattr(self.instance, name)
        if "limit_group" in self.changed_data and (
            present := Event.objects.filter(pk=self.instance.pk).first()
        ):
            SaleCounter.objects.get_or_create(group=present.group_key)
            lock(present.group_key)
        return cleaned


class ZoneInline(admin.TabularInline[Zone, Event]):
    model = Zone
    fields = ["name", "name_en", "capacity", "tickets_now", "free_now"]
    readonly_fields = ["tickets_now", "free_now"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Zone]:
        live = total(LIVE_TICKETS, "zone", Count("pk"))
        return super().get_queryset(request).select_related("state").annotate(live=live)

    def get_extra(self, request: HttpRequest, obj: Event | None = None, **kwargs: Any) -> int:
        return 0 if obj else 3

    @admin.display(description=_("tickets"))
    def tickets_now(self, zone: Any) -> str:
        return grouped(zone.live) if hasattr(zone, "live") else EMPTY

    @admin.display(description=pgettext_lazy("places", "free"))
    def free_now(self, zone: Any) -> str:
        """Return the number of places without a live ticket; nothing while the places are not made yet."""
        return grouped(zone.state.capacity - zone.live) if hasattr(zone, "state") else EMPTY


@admin.register(Event)
class EventAdmin(WithHistory):
    form = EventForm
    list_display = [
        "name",
        "sale",
        "tickets_now",
        "free_now",
        "places",
        "used_now",
        "opens_at",
        "closes_at",
    ]
    list_filter = ["festival"]
    list_select_related = ["state"]
    search_fields = ["name", "name_en"]
    inlines = [ZoneInline, RuleInline, ExclusionInline]
    readonly_fields = ["decided_by"]
    fieldsets = [
        (None, {"fields": ["festival", ("name", "name_en")]}),
        (_("Sale"), {"fields": [("opens_at", "closes_at"), "limit_group", "rehearsal"]}),
        (
            _("Mode"),
            {
                "fields": ["mode", "decided_by"],
                "description": _(
                    "Everyday: each press is decided in the database. Rush: thousands of presses a second are decided"
                    " in memory, and the rows follow. It may be switched while the sale runs; for a moment presses are"
                    " told to try again."
                ),
            },
        ),
        (_("Show"), {"fields": ["doors_open_at"]}),
        (_("Pause"), {"fields": ["paused", "pause_reason", "pause_reason_en", "resumes_at"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        events: QuerySet[Event] = super().get_queryset(request)
        return events.annotate(
            wanted=total(Zone.objects.all(), "event", Sum("capacity")),
            made=total(ZoneState.objects.all(), "zone__event", Sum("capacity")),
            live=total(LIVE_TICKETS, "event", Count("pk")),
            used=total(USED_TICKETS, "event", Count("pk")),
        )

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form with the number of students who would be eligible; "count" saves nothing.

        To count by what the form says, it is saved, counted by the rule that decides claims, and rolled back.
        """
        context = {**(extra_context or {}), "may_count": self.has_change_permission(request)}
        try:
            if object_id and request.method != "POST":
                context["counts"] = in_words(saved_counts(unquote(object_id)))
            return super().changeform_view(request, object_id, form_url, context)
        except CountedInsteadOfSaved as counted:
            context |= {"counts": in_words(counted.counts), "counted": True}
            request.only_show_the_form = True  # type: ignore[attr-defined]  # see get_form
            return super().changeform_view(request, object_id, form_url, context)

    def get_form(
        self, request: HttpRequest, obj: Event | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Any]]:
        """Return the form; after counting one that is shown as it was typed, without being saved."""
        form: type[forms.ModelForm[Any]] = super().get_form(request, obj, change, **kwargs)
        if getattr(request, "only_show_the_form", False):
            return type(form.__name__, (form,), {"is_valid": lambda self: False})
        return form

    def save_model(self, request: HttpRequest, obj: Event, form: Any, change: bool) -> None:
        """Save an event; the others of its limit group follow its mode, because one authority decides for all."""
        super().save_model(request, obj, form, change)
        if obj.limit_group_id and "mode" in form.changed_data:
            others = Event.objects.filter(limit_group=obj.limit_group_id).exclude(pk=obj.pk)
            if others.exclude(mode=obj.mode).update(mode=obj.mode):
                self.message_user(request, _("The other events of the limit group changed their mode too."))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if "_count" in request.POST:
            raise CountedInsteadOfSaved(eligibility.count(form.instance.pk))

    @admin.display(description=pgettext_lazy("of a sale", "state"))
    def sale(self, event: Any) -> str:
        """Return what a press would meet now, in the words of the students' page."""
        words = {
            "scheduled": pgettext("state of a sale", "Opens soon"),
            "open": pgettext("state of a sale", "On sale"),
            "paused": pgettext("state of a sale", "Paused"),
            "sold_out": pgettext("state of a sale", "Sold out"),
            "closed": pgettext("state of a sale", "Closed"),
        }
        left = event.made - event.live if event.wanted == event.made > 0 else None
        state = words[state_of(event, [{"left": left}], timezone.now())]
        return f"{state} · {_('rehearsal')}" if event.rehearsal else state

    @admin.display(description=_("decided now by"))
    def decided_by(self, event: Any) -> str:
        """Return who decides for the event at present; what is wanted may still be on its way."""
        counter = SaleCounter.objects.filter(group=event.group_key).first() if event.pk else None
        if counter is None:
            return EMPTY
        now = Authority(counter.authority)
        wanted = {Mode.DATABASE: Authority.DATABASE, Mode.REDIS: Authority.REDIS}[Mode(event.mode)]
        if now == wanted:
            return str(now.label)
        return pgettext("mode of a sale", "%(now)s; %(wanted)s is on its way") % {
            "now": now.label,
            "wanted": wanted.label,
        }

    @admin.display(description=_("places"))
    def places(self, event: Any) -> str:
        return places_of(event.made, event.wanted)

    @admin.display(description=_("tickets"))
    def tickets_now(self, event: Any) -> str:
        return grouped(event.live)

    @admin.display(description=pgettext_lazy("places", "free"))
    def free_now(self, event: Any) -> str:
        return grouped(event.made - event.live)

    @admin.display(description=pgettext_lazy("people", "entered"))
    def used_now(self, event: Any) -> str:
        return grouped(event.used)
