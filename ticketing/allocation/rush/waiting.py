"""Builds the waiting list of an event in Redis from its rows."""

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from ticketing.allocation.rush.building import put, rank
from ticketing.allocation.rush.keys import OF_EVENT, Keys
from ticketing.allocation.rush.lines import EntryLine, milliseconds
from ticketing.models import ACTIVE, WaitingEntry, WaitingStatus


def load(keys: Keys, event: UUID, token: int) -> None:
    """Build each student's last entry, who is active by arrival, the offers by deadline, the zones that are wanted."""
    entries = list(
        WaitingEntry.objects.filter(event=event).order_by("student_id", "-arrival").distinct("student_id")
    )
    active = [entry for entry in entries if entry.status in ACTIVE]
    offers = [entry for entry in active if entry.status == WaitingStatus.OFFERED]
    name = {part: keys.of_event(event, part) for part in OF_EVENT}
    put(keys, token, name["entries"], ((entry.student_id, line_of(entry).line()) for entry in entries))
    put(keys, token, name["wants"], wants_of(active).items())
    rank(keys, token, name["waiting"], ((entry.student_id, entry.arrival) for entry in active))
    deadlines = ((entry.student_id, entry.offer_until) for entry in offers)
    rank(keys, token, name["offers"], ((key, milliseconds(until)) for key, until in deadlines if until))


def wants_of(active: Iterable[WaitingEntry]) -> Counter[str]:
    """Count for each zone who waits for it."""
    waiting = (entry for entry in active if entry.status == WaitingStatus.WAITING)
    return Counter(str(zone) for entry in waiting for zone in entry.zones)


def line_of(entry: WaitingEntry) -> EntryLine:
    """Return a row as the scripts keep it."""
    offered = entry.offer_until is not None
    return EntryLine(
        student=str(entry.student_id),
        status=entry.status,
        claim=str(entry.claim_id),
        event=str(entry.event_id),
        arrival=str(entry.arrival),
        elapsed=str(entry.elapsed_ms),
        since=str(milliseconds(entry.since)),
        zones=";".join(map(str, entry.zones)),
        offer_zone=str(entry.offered_zone_id) if offered else "",
        offer_number=str(entry.offered_number) if offered else "",
        offer_generation=str(entry.offered_generation) if offered else "",
        offer_until=str(milliseconds(entry.offer_until)) if entry.offer_until else "",
    )
