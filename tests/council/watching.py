"""The council as it watches: its browser, and what a page and its document say."""

import re
from typing import Any

from django.core.cache import cache, caches
from django.test import Client

from ticketing.live.series import Span
from ticketing.live.tally import TALLY
from ticketing.models import Event

LIVE, FIGURES = "/council/", "/council/figures.json"


def new_figures() -> None:
    """Let the next look make figures anew, with everything that was counted until now."""
    TALLY.carry()
    caches["process"].clear()
    cache.delete("council:figures")
    for event in Event.objects.values_list("pk", flat=True):
        cache.delete_many(f"council:series:{event}:{span}" for span in Span)


def address(event: Event, more: str = "") -> str:
    return f"/council/events/{event.pk}/{more}"


def texts_of(page: str) -> dict[str, str]:
    """Return what a page shows at the places that its script keeps new."""
    return dict(re.findall(r'<span data-text="([^"]+)">([^<]*)</span>', page))


def figures(client: Client, event: Event) -> dict[str, Any]:
    """Return the document of an event, with the short key of the event taken off the names."""
    new_figures()
    found: dict[str, Any] = client.get(address(event, "figures.json")).json()
    head = f"{str(event.pk)[:8]}."
    return {
        **found,
        **{
            part: {key.removeprefix(head): value for key, value in found[part].items()}
            for part in ("texts", "states", "shown", "bars")
        },
    }


def zone_text(found: dict[str, Any], event: Event, zone: str, name: str) -> str:
    key = event.zones.values_list("pk", flat=True).get(name=zone)
    return str(found["texts"][f"{str(key)[:8]}.{name}"])
