"""How it goes at the gate: what this gate has done since the evening began, who is in by zone, its last scans."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict
from uuid import UUID

from django.core.cache import caches
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from ticketing.models import GateDevice, Scan, TicketStatus, Zone
from ticketing.models.gate import Verdict
from ticketing.models.ticket import LIVE

LAST_SCANS = 10
FIGURES_SECONDS = 2  # the same for all phones of a gate; they ask every few seconds
DAY_BEGINS = timedelta(hours=5)  # a festival's night ends after midnight


class Counts(TypedDict):
    """What one gate has done since the evening began."""

    admitted: int
    refused: int


class ZoneEntered(TypedDict):
    """Who is in, of all who have a ticket."""

    zone: str
    entered: int
    tickets: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What a gate shows beside its verdicts; without an event there are no zones."""

    gate: Counts
    zones: Sequence[ZoneEntered]
    scans: Sequence[Scan]


def standing(
    *, gate: str, event: UUID | None, device: GateDevice | None, now: datetime | None = None
) -> Standing:
    """Return the figures of a gate, at most two seconds old, and its last scans; a device sees its own only."""
    since = began(now or timezone.now())
    kept = caches["process"]
    name = hashlib.sha256(f"{gate}\n{event}\n{since}".encode()).hexdigest()
    figures = kept.get_or_set(f"gate-figures-{name}", lambda: _figures(gate, event, since), FIGURES_SECONDS)
    if figures is None:  # the cache may have lost it in between
        figures = _figures(gate, event, since)
    scans = _scans(gate, event, since).select_related("ticket__student", "ticket__zone")
    if device is not None:
        scans = scans.filter(device=device)
    counts, zones = figures
    return Standing(counts, zones, list(scans.order_by("-received_at", "scan_id")[:LAST_SCANS]))


def began(now: datetime) -> datetime:
    """Return when the present evening began: five in the morning, here."""
    local = timezone.localtime(now) - DAY_BEGINS
    return local.replace(hour=0, minute=0, second=0, microsecond=0) + DAY_BEGINS


def _figures(gate: str, event: UUID | None, since: datetime) -> tuple[Counts, list[ZoneEntered]]:
    counted = _scans(gate, event, since).aggregate(
        admitted=Count("pk", filter=Q(verdict=Verdict.ADMIT, undone_at__isnull=True)),
        refused=Count("pk", filter=Q(verdict=Verdict.REFUSE)),
    )
    counts: Counts = {"admitted": counted["admitted"], "refused": counted["refused"]}
    return counts, [] if event is None else _entered(event)


def _scans(gate: str, event: UUID | None, since: datetime) -> QuerySet[Scan]:
    of_event = Q() if event is None else Q(event=event)
    return Scan.objects.filter(of_event, gate=gate, received_at__gte=since)


def _entered(event: UUID) -> list[ZoneEntered]:
    used, live = Q(tickets__status=TicketStatus.USED), Q(tickets__status__in=LIVE)
    zones = Zone.objects.filter(event=event).annotate(
        entered=Count("tickets", filter=used), live=Count("tickets", filter=live)
    )
    return [
        {"zone": zone.name, "entered": zone.entered, "tickets": zone.live}
        for zone in zones.order_by("name", "id")
    ]
