"""The council's events: what it wants, and beside it how the sale stands."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from ticketing import eligibility
from ticketing.eligibility_admin import ExclusionInline, RuleInline
from ticketing.event_form import CountedInsteadOfSaved, EventForm, in_words, saved_counts
from ticketing.events import state_of
from ticketing.figures import (
    EMPTY,
    GIVEN_TICKETS,
    LIVE_TICKETS,
    OFFERED_PLACES,
    USED_TICKETS,
    WAITING,
    grouped,
    places_of,
    total,
)
from ticketing.history_admin import WithHistory
from ticketing.models import Event, Zone, ZoneState
from ticketing.standing import standing_of, standings_of, worst
from ticketing.zone_admin import ZoneInline


@admin.register(Event)
class EventAdmin(WithHistory):
    form = EventForm
    list_display = [
        "name",
        "sale",
        "tickets_now",
        "given_now",
        "waiting_now",
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
                    "Everyday: enough for most sales; what is decided is in the lists at once. Rush: for thousands of"
                    " presses a second; the lists follow a moment later. It may be switched while the sale runs; for a"
                    " moment presses are told to try again."
                ),
            },
        ),
        (
            pgettext_lazy("heading", "Waiting list"),
            {
                "fields": [
                    *("waitlist_size", "promotion", "offer_minutes"),
                    *(("quiet_from", "quiet_until"), "promotions_end_at"),
                ],
                "description": _(
                    "Who finds no place may wait. A place that comes back goes to the first who waits for its zone,"
                    " and nobody who presses passes them. The next one gets the ticket at once, or an offer to accept"
                    " in time; both are told by mail."
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
            offered=total(OFFERED_PLACES, "event", Count("pk")),
            given=total(GIVEN_TICKETS, "event", Count("pk")),
            waiting_count=total(WAITING, "event", Count("pk")),
        )

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Return the list with how the sale of each of its events stands."""
        shown: Any = super().get_changelist_instance(request)
        standings = standings_of(list(shown.result_list))
        for event in shown.result_list:
            event.standing = standings[event.pk]
        shown.behind = worst(standings.values())
        return shown  # type: ignore[no-any-return]  # ours, with one thing more

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Event | None:
        """Return an event that knows how its sale stands by what is saved, whatever a form makes of it meanwhile."""
        event: Any = super().get_object(request, object_id, from_field)
        if event is not None:
            event.standing = SimpleLazyObject(lambda: standing_of(Event.objects.get(pk=event.pk)))
        return event  # type: ignore[no-any-return]  # ours, with one thing more

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
        left = event.made - event.live - event.offered if event.wanted == event.made > 0 else None
        told = [words[state_of(event, [{"left": left}], timezone.now())]]
        if event.standing.wishes:
            told.append(str(_("a change is on its way")))
        if event.rehearsal:
            told.append(str(_("rehearsal")))
        return " · ".join(told)

    @admin.display(description=_("decided now by"))
    def decided_by(self, event: Any) -> str:
        """Return who decides for the event at present; what is wanted may still be on its way."""
        authority = event.standing.authority if hasattr(event, "standing") else None
        return str(authority.label) if authority else EMPTY

    @admin.display(description=_("places"))
    def places(self, event: Any) -> str:
        return places_of(event.made, event.wanted)

    @admin.display(description=_("tickets"))
    def tickets_now(self, event: Any) -> str:
        return grouped(event.live)

    @admin.display(description=pgettext_lazy("tickets", "of them given"))
    def given_now(self, event: Any) -> str:
        return grouped(event.given)

    @admin.display(description=pgettext_lazy("people", "waiting"))
    def waiting_now(self, event: Any) -> str:
        return grouped(event.waiting_count)

    @admin.display(description=pgettext_lazy("places", "free"))
    def free_now(self, event: Any) -> str:
        return grouped(event.made - event.live - event.offered)

    @admin.display(description=pgettext_lazy("people", "entered"))
    def used_now(self, event: Any) -> str:
        return grouped(event.used)
