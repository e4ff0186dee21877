"""Compares what Redis keeps twice, so that scripts find it: who holds, who waits in which order and for what."""

from collections import Counter
from collections.abc import Iterator, Mapping

from ticketing.allocation.reconciling.findings import NOTHING, Difference, Finding
from ticketing.allocation.reconciling.redis_side import EventSide, Side
from ticketing.allocation.rush.carrying import Group
from ticketing.models import ACTIVE, LIVE, WaitingStatus


def look(_group: Group, side: Side) -> Iterator[Finding]:
    """Return what does not follow from the tickets and entries in Redis."""
    held = {ticket.holder: ticket.claim for ticket in side.tickets.values() if ticket.status in LIVE}
    claims = {ticket.code: ticket.claim for ticket in side.tickets.values()}
    live = {holder: claims.get(code, "a ticket that is not there") for holder, code in side.live.items()}
    yield from compare("holder", "", held, live)
    for event, its in side.events.items():
        yield from compare_lists(str(event), its)


def compare_lists(event: str, its: EventSide) -> Iterator[Finding]:
    active = {student: entry for student, entry in its.entries.items() if entry.status in ACTIVE}
    order = {student: int(entry.arrival) for student, entry in active.items()}
    yield from compare("waiting_order", event, order, its.waiting)
    wants: Counter[str] = Counter()
    offers: dict[str, int] = {}
    for student, entry in active.items():
        if entry.status == WaitingStatus.OFFERED:
            offers[student] = int(entry.offer_until)
        else:
            wants.update(entry.zones.split(";"))
    yield from compare("waiting_wants", event, wants, its.wants)
    yield from compare("offer", event, offers, its.offers)


def compare(
    kind: str, of: str, should: Mapping[str, object], found: Mapping[str, object]
) -> Iterator[Finding]:
    """Yield what one mapping has otherwise than the other; these Redis is built with anew."""
    for name in sorted({*should, *found}):
        if should.get(name) != found.get(name):
            about = f"{of} {name}".strip()
            words = (str(should.get(name, NOTHING)), str(found.get(name, NOTHING)))
            yield Finding(Difference(kind, about, *words))
