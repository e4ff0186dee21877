"""The zones on the form of their event: what is wanted, what there is, what the rows count."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from ticketing.figures import EMPTY, LIVE_TICKETS, OFFERED_PLACES, grouped, places_on_the_way, total
from ticketing.models import Event, Zone
from ticketing.standing import Standing


class ZoneInline(admin.TabularInline[Zone, Event]):
    model = Zone
    fields = ["name", "name_en", "capacity", "places_now", "tickets_now", "free_now"]
    readonly_fields = ["places_now", "tickets_now", "free_now"]
    standing: Standing | None = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Zone]:
        live = total(LIVE_TICKETS, "zone", Count("pk"))
        offered = total(OFFERED_PLACES, "offered_zone", Count("pk"))
        return super().get_queryset(request).select_related("state").annotate(live=live, offered=offered)

    def get_extra(self, request: HttpRequest, obj: Event | None = None, **kwargs: Any) -> int:
        return 0 if obj else 3

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Remember how the sale stands, for the columns: an inline is made anew for each request."""
        self.standing = getattr(obj, "standing", None)
        return super().get_formset(request, obj, **kwargs)

    @admin.display(description=pgettext_lazy("zone", "places now"))
    def places_now(self, zone: Zone) -> str:
        """Return how many places there are at the authority, and why they are not as many as wanted yet."""
        if self.standing is None or zone._state.adding:
            return EMPTY
        if not self.standing.asked:
            return _("cannot be asked now")
        places = self.standing.places.get(zone.pk)
        if places is None:
            return _("being made")
        return places_on_the_way(places.made, zone.capacity, places.free)

    @admin.display(description=gettext_lazy("tickets"))
    def tickets_now(self, zone: Any) -> str:
        return grouped(zone.live) if hasattr(zone, "live") else EMPTY

    @admin.display(description=pgettext_lazy("places", "free"))
    def free_now(self, zone: Any) -> str:
        """Return the places without a live ticket or an offer; nothing while the places are not made yet."""
        return grouped(zone.state.capacity - zone.live - zone.offered) if hasattr(zone, "state") else EMPTY
