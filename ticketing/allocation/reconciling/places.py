"""Compares the places of each zone: which there are, which are free, how often each was given."""

from collections.abc import Iterator
from functools import partial
from uuid import UUID

from ticketing.allocation.reconciling.findings import NOTHING, Difference, Finding
from ticketing.allocation.reconciling.redis_side import Side, ZonePlaces
from ticketing.allocation.rush.carrying import Group
from ticketing.allocation.rush.loading import GONE, PLACES, rows
from ticketing.models import Place


def look(group: Group, side: Side) -> Iterator[Finding]:
    """Return what differs of the zones that Redis has made."""
    for zone, its in side.zones.items():
        if its is None:
            yield Finding(Difference("zone", str(zone), "places", NOTHING))
        else:
            yield from compare(zone, its)


def compare(zone: UUID, its: ZonePlaces) -> Iterator[Finding]:
    """Compare the numbers that were given one by one; of the others, whether they are there."""
    [(top, following)] = rows(PLACES, zone=zone)
    gone = {number for (number,) in rows(GONE, zone=zone, top=top)}
    lowest_top = min(top, its.top)
    missing = {number for number in its.removed - gone if number <= lowest_top}
    missing |= {number for number in range(its.top + 1, top + 1) if number not in gone}
    lost = {number for number in gone - its.removed if number <= lowest_top}
    lost |= {number for number in range(top + 1, its.top + 1) if number not in its.removed}
    for number in sorted(missing):
        yield Finding(Difference("place_missing_in_redis", f"{zone} {number}", "a place", NOTHING))
    for number in sorted(lost):
        made = partial(make, zone, number, its.generations.get(number, 0))
        yield Finding(Difference("place_missing_in_rows", f"{zone} {number}", NOTHING, "a place"), made)
    free = its.free(max(following, its.next))
    given = Place.objects.filter(zone=zone, number__lt=max(following, its.next)).order_by("number")
    for number, is_free, generation in given.values_list("number", "free", "generation"):
        if number in missing:
            continue
        about = f"{zone} {number}"
        if is_free != (number in free):
            words = ("free", "taken") if is_free else ("taken", "free")
            yield Finding(Difference("place_free", about, *words))
        counted = its.generations.get(number, 0)
        if generation != counted:
            mend = partial(raise_to, zone, number, counted) if generation < counted else None
            yield Finding(Difference("place_generation", about, str(generation), str(counted)), mend)


def make(zone: UUID, number: int, generation: int) -> str:
    """Make a place that the rows have lost; whether it is free, its tickets say."""
    Place.objects.create(zone_id=zone, number=number, generation=generation)
    return "a place"


def raise_to(zone: UUID, number: int, generation: int) -> str:
    Place.objects.filter(zone=zone, number=number).update(generation=generation)
    return str(generation)
