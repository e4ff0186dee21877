"""When the last ticket of a full zone went, and how far behind it an arrival was."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ticketing.models import Ticket

FIRST_TIME = 1  # the generation of a place that nobody gave back yet


def last_tickets(zones: Sequence[UUID]) -> dict[UUID, dict[str, dict[str, int]]]:
    """Return the latest arrival that got a ticket of each zone: at its first selling, and of a place given again."""
    found: dict[UUID, dict[str, dict[str, int]]] = {zone: {} for zone in zones}
    if not zones:
        return found
    rows = (
        Ticket.objects.filter(
            zone__in=zones, grant_reason="", arrival__isnull=False, elapsed_ms__isnull=False
        )
        .order_by("zone", "-arrival")
        .values_list("zone", "arrival", "elapsed_ms")
    )
    figures = {
        "last_ticket": rows.filter(generation=FIRST_TIME),
        "last_returned": rows.filter(generation__gt=FIRST_TIME),
    }
    for name, chosen in figures.items():
        for zone, arrival, elapsed_ms in chosen.distinct("zone"):
            found[zone][name] = {
                "arrival": int(arrival or 0),
                "elapsed_ms": int(elapsed_ms or 0),
            }  # never null here
    return found


def compared(zones: Sequence[dict[str, Any]], answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return for each full zone what a student who lost sees: the last ticket before their press, and any after it."""
    arrival, elapsed_ms = answer.get("arrival"), answer.get("elapsed_ms")
    if arrival is None or elapsed_ms is None:
        return []
    found = []
    for zone in zones:
        given = [zone[name] for name in ("last_ticket", "last_returned") if zone[name]]
        before = [ticket for ticket in given if ticket["arrival"] < arrival]
        after = [ticket for ticket in given if ticket["arrival"] > arrival]
        if not given:
            continue
        last = max(before, key=lambda ticket: int(ticket["arrival"])) if before else None
        found.append(
            {
                "zone": zone["display_name"],
                "last": last and behind(last, arrival, elapsed_ms),
                "after": max((ticket["arrival"] for ticket in after), default=None),
            }
        )
    return found


def behind(last: dict[str, int], arrival: int, elapsed_ms: int) -> dict[str, Any]:
    return {
        "arrival": last["arrival"],
        "seconds": in_seconds(last["elapsed_ms"]),
        "presses": arrival - last["arrival"],
        "later": in_seconds(max(elapsed_ms - last["elapsed_ms"], 0)),
    }


def in_seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}"
