"""Compares the rows, and what Redis holds, with the notebook: read plainly, not through the allocators."""

from collections import Counter
from typing import Any

from django.db.models import Count, Q

from festival.redis import sale
from tests.properties.notebook import LIVE, Notebook
from tests.properties.world import World
from ticketing.allocation.rush.keys import directory
from ticketing.models import Bar, Claim, Place, SaleCounter, StreamPosition, Ticket, Zone
from ticketing.signing import TicketCode


def compare_rows(book: Notebook, world: World) -> None:
    """See that PostgreSQL agrees entirely; the loops have nothing left to do."""
    codes = {code: place for place, code in enumerate(world.codes)}
    rows = Ticket.objects.select_related("event", "zone", "student", "place")
    assert {codes[TicketCode(row.code)]: ticket_facts(row) for row in rows} == {
        place: (t.event, t.zone, t.number, t.generation, t.student, t.arrival, t.status)
        for place, t in enumerate(book.tickets)
    }
    for row in rows:
        assert row.place is None or (row.place.zone_id, row.place.number) == (row.zone_id, row.number)
    assert Counter(claim_facts(row) for row in Claim.objects.select_related("event", "student")) == Counter(
        (claim.event, claim.student, claim.arrival, claim.answer, claim.zones) for claim in book.claims
    )
    assert {(bar.event.name, bar.student.name) for bar in Bar.objects.filter(lifted_at=None)} == book.barred
    assert Counter((bar.event.name, bar.student.name) for bar in Bar.objects.all()) == book.bars
    compare_places(book, world)
    for group, key in world.groups.items():
        counter = SaleCounter.objects.get(group=key)
        assert (counter.arrival, counter.authority) == (book.arrivals[group], book.authority[group])
    assert not StreamPosition.objects.filter(stopped_at__isnull=False).exists()


def ticket_facts(row: Ticket) -> tuple[Any, ...]:
    holder = row.student.name if row.student else row.guest_name
    return row.event.name, row.zone.name, row.number, row.generation, holder, row.arrival, row.status


def claim_facts(row: Claim) -> tuple[Any, ...]:
    return row.event.name, row.student.name, row.arrival, row.answer, tuple(row.zones)


def compare_places(book: Notebook, world: World) -> None:
    """See that each zone has these places, free or not, given as often as the notebook says."""
    for (event, zone), key in world.zones.items():
        known = book.zones[event][zone]
        rows = Place.objects.filter(zone=key).values_list("number", "free", "generation")
        assert {number: (free, given) for number, free, given in rows} == {
            number: (free, known.given[number]) for number, free in known.free.items()
        }, f"places of {event} {zone}"
        assert Zone.objects.get(pk=key).state.capacity == len(known.free)


def compare_redis(book: Notebook, world: World) -> None:
    """See that Redis agrees about the groups that it decides for, and has nothing left of the others."""
    for group, events in book.groups.items():
        if book.authority[group] == "redis":
            compare_group(book, world, group)
            for event in events:
                compare_event(book, world, event)
        else:
            left = [str(key) for event in events for key in sale().scan_iter(f"*{world.events[event].pk}*")]
            assert [key for key in left if not key.endswith(":stream")] == []


def compare_group(book: Notebook, world: World, group: str) -> None:
    """See that a group's head and tickets agree."""
    keys = world.keys(group)
    state = sale().hgetall(keys.of_group("state"))
    counter = SaleCounter.objects.get(group=world.groups[group])
    position = StreamPosition.objects.get(group=world.groups[group]).position
    found = {name: int(state[name]) for name in ("arrival", "seq", "epoch")}
    assert found == {"arrival": book.arrivals[group], "seq": position, "epoch": counter.epoch}
    assert (state["mode"], state["recovering"]) == ("redis", "")
    own = [(n, t) for n, t in enumerate(book.tickets) if book.group_of[t.event] == group]
    lines = {code: line.split("|") for code, line in sale().hgetall(keys.of_group("tickets")).items()}
    assert {code: [*line[:2], *line[5:7], line[8]] for code, line in lines.items()} == {
        world.codes[n]: [
            str(world.students[t.student].pk),
            t.status,
            str(t.number),
            str(t.generation),
            str(t.arrival or ""),
        ]
        for n, t in own
    }
    assert sale().hgetall(keys.of_group("live")) == {
        str(world.students[t.student].pk): world.codes[n] for n, t in own if t.status in LIVE
    }


def compare_event(book: Notebook, world: World, event: str) -> None:
    """See that an event's presses, bars and places agree."""
    keys, key = world.keys(book.group_of[event]), world.events[event].pk
    first = {}
    for claim in (claim for claim in book.claims if claim.event == event):
        student = str(world.students[claim.student].pk)
        first[student] = (first.get(student, (claim.arrival, ""))[0], claim.answer)
    lines = {
        student: line.split("|") for student, line in sale().hgetall(keys.of_event(key, "first")).items()
    }
    assert {student: (int(line[0]), line[3]) for student, line in lines.items()} == first
    barred = {str(world.students[name].pk) for its, name in book.barred if its == event}
    assert sale().smembers(keys.of_event(key, "barred")) == barred
    assert sale().exists(directory(key))
    for name, zone in book.zones[event].items():
        assert places_in_redis(world, event, name) == zone.free
        given = {str(number): str(times) for number, times in zone.given.items() if times}
        assert sale().hgetall(keys.of_zone(world.zones[event, name], "generations")) == given


def places_in_redis(world: World, event: str, zone: str) -> dict[int, bool]:
    """Return the places of a zone as Redis has them: which numbers, and whether each is free."""
    keys, key = world.keys_of_event(event), world.zones[event, zone]
    top, following = (int(text) for text in sale().hmget(keys.of_zone(key, "state"), ["top", "next"]))
    removed = {int(number) for number in sale().zrange(keys.of_zone(key, "removed"), 0, -1)}
    freed = {int(number) for number in sale().zrange(keys.of_zone(key, "freed"), 0, -1)}
    assert not removed & freed
    assert all(number < following for number in freed)
    return {n: n >= following or n in freed for n in range(1, top + 1) if n not in removed}


def compare_now(book: Notebook, world: World) -> None:
    """See what must hold after every step, whatever has been carried: places, and who holds them."""
    for group, events in book.groups.items():
        for event in events:
            if book.authority[group] == "redis":
                for name in book.applied[event].wishes.capacities:
                    assert places_in_redis(world, event, name) == book.zones[event][name].free
            else:
                assert rows_of(world, event) == {
                    name: (zone.left, len(zone.free)) for name, zone in book.zones[event].items() if zone.made
                }


def rows_of(world: World, event: str) -> dict[str, tuple[int, int]]:
    """Return the free places and all places of each zone by the rows; taken ones are those of live tickets."""
    zones = Zone.objects.filter(event=world.events[event], state__isnull=False).annotate(
        free=Count("places", filter=Q(places__free=True), distinct=True),
        every=Count("places", distinct=True),
        live=Count("tickets", filter=Q(tickets__status__in=LIVE), distinct=True),
    )
    found = {zone.name: (zone.free, zone.every) for zone in zones}
    assert all(zone.free + zone.live == zone.every for zone in zones)
    return found
