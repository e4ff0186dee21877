"""Compares the rows, and what Redis holds, with the notebook: read plainly, not through the allocators."""

from collections import Counter
from typing import Any

from django.db.models import Count, Q

from festival.redis import sale
from tests.properties.notebook import Notebook
from tests.properties.records import LIVE
from tests.properties.records import Ticket as Noted
from tests.properties.world import World
from ticketing.allocation.rush.keys import directory
from ticketing.allocation.rush.roster import SENTINEL
from ticketing.models import Bar, Claim, Place, SaleCounter, StreamPosition, Ticket, WaitingEntry, Zone
from ticketing.signing import TicketCode


def store() -> Any:
    """Return the sale's Redis; its client does not know that everything in it is text."""
    return sale()


def compare_rows(book: Notebook, world: World) -> None:
    """See that PostgreSQL agrees entirely; the loops have nothing left to do."""
    codes = {code: place for place, code in world.codes.items()}
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
    entries = WaitingEntry.objects.select_related("event", "student", "offered_zone")
    assert Counter(entry_facts(row, world) for row in entries) == Counter(
        (e.event, e.student, e.zones, e.arrival, e.status, e.offer if e.status == "offered" else None)
        for e in book.entries
    )
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


def entry_facts(row: WaitingEntry, world: World) -> tuple[Any, ...]:
    names = {key: zone for (_event, zone), key in world.zones.items()}
    offer = None
    if row.status == "offered" and row.offered_zone:
        offer = (row.offered_zone.name, row.offered_number, row.offered_generation)
    zones = tuple(names[key] for key in row.zones)
    return row.event.name, row.student.name, zones, row.arrival, row.status, offer


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
            left = [str(key) for event in events for key in store().scan_iter(f"*{world.events[event].pk}*")]
            assert [key for key in left if not key.endswith((":stream", ":seen"))] == []


def compare_group(book: Notebook, world: World, group: str) -> None:
    """See that a group's head and tickets agree."""
    keys = world.keys(group)
    state = store().hgetall(keys.of_group("state"))
    counter = SaleCounter.objects.get(group=world.groups[group])
    position = StreamPosition.objects.get(group=world.groups[group]).position
    found = {name: int(state[name]) for name in ("arrival", "seq", "epoch")}
    assert found == {"arrival": book.arrivals[group], "seq": position, "epoch": counter.epoch}
    assert (state["mode"], state["recovering"]) == ("redis", "")
    own = [(n, t) for n, t in enumerate(book.tickets) if book.group_of[t.event] == group]
    lines = {code: line.split("|") for code, line in store().hgetall(keys.of_group("tickets")).items()}
    assert {code: [*line[:2], *line[5:7], line[8]] for code, line in lines.items()} == {
        world.codes[n]: [
            holder_of(t, lines[world.codes[n]][2], world),
            t.status,
            str(t.number),
            str(t.generation),
            str(t.arrival or ""),
        ]
        for n, t in own
    }
    assert store().hgetall(keys.of_group("live")) == {
        holder_of(t, lines[world.codes[n]][2], world): world.codes[n] for n, t in own if t.status in LIVE
    }


def holder_of(ticket: Noted, claim: str, world: World) -> str:
    """Return by whom Redis keeps a ticket: a guest by the claim."""
    return f"guest:{claim}" if ticket.guest else str(world.students[ticket.student].pk)


def compare_event(book: Notebook, world: World, event: str) -> None:
    """See that an event's presses, bars and places agree."""
    keys, key = world.keys(book.group_of[event]), world.events[event].pk
    first: dict[str, tuple[int, str]] = {}
    for claim in (claim for claim in book.claims if claim.event == event):
        student = str(world.students[claim.student].pk)
        first[student] = (first.get(student, (claim.arrival, ""))[0], claim.answer)
    lines = {
        student: line.split("|") for student, line in store().hgetall(keys.of_event(key, "first")).items()
    }
    assert {student: (int(line[0]), line[3]) for student, line in lines.items()} == first
    barred = {str(world.students[name].pk) for its, name in book.barred if its == event}
    assert store().smembers(keys.of_event(key, "barred")) - {SENTINEL} == barred
    assert store().exists(directory(key))
    compare_list(book, world, event)
    for name, zone in book.zones[event].items():
        assert places_in_redis(world, event, name) == zone.free
        given = {str(number): str(times) for number, times in zone.given.items() if times}
        assert store().hgetall(keys.of_zone(world.zones[event, name], "generations")) == given


def compare_list(book: Notebook, world: World, event: str) -> None:
    """See that an event's waiting list agrees."""
    keys, key = world.keys(book.group_of[event]), world.events[event].pk
    active = book.active(event)
    students = {str(world.students[name].pk): name for name in book.people}
    ranked = [students[str(each)] for each in store().zrange(keys.of_event(key, "waiting"), 0, -1)]
    assert ranked == [entry.student for entry in active]
    offers = {students[str(each)] for each in store().zrange(keys.of_event(key, "offers"), 0, -1)}
    assert offers == {entry.student for entry in active if entry.status == "offered"}
    wants = Counter(str(world.zones[event, z]) for e in active if e.status == "waiting" for z in e.zones)
    found = {zone: int(count) for zone, count in store().hgetall(keys.of_event(key, "wants")).items()}
    assert {zone: count for zone, count in found.items() if count} == wants
    lines = {students[s]: line for s, line in store().hgetall(keys.of_event(key, "entries")).items()}
    for name, line in lines.items():
        entry = book.newest_entry(event, name)
        assert entry is not None
        status, arrival = line.split("|")[1], line.split("|")[4]
        assert (status, int(arrival)) == (entry.status, entry.arrival)
    assert {entry.student for entry in active} <= lines.keys()


def places_in_redis(world: World, event: str, zone: str) -> dict[int, bool]:
    """Return the places of a zone as Redis has them: which numbers, and whether each is free."""
    keys, key = world.keys_of_event(event), world.zones[event, zone]
    top, following = (int(text) for text in store().hmget(keys.of_zone(key, "state"), ["top", "next"]))
    removed = {int(number) for number in store().zrange(keys.of_zone(key, "removed"), 0, -1)}
    freed = {int(number) for number in store().zrange(keys.of_zone(key, "freed"), 0, -1)}
    assert not removed & freed
    assert all(number < following for number in freed)
    return {n: n >= following or n in freed for n in range(1, top + 1) if n not in removed}


def compare_now(book: Notebook, world: World) -> None:
    """See what must hold after every step, whatever has been carried: places, and who holds them."""
    world.learn(book)
    for group, events in book.groups.items():
        for event in events:
            free = {name: book.left(event, name) for name in known_zones(book, event)}
            assert world.left(event) == free, f"what is left of {event}"
            if book.authority[group] == "redis":
                for name in book.applied[event].wishes.capacities:
                    assert places_in_redis(world, event, name) == book.zones[event][name].free
            else:
                assert rows_of(world, event) == {
                    name: (zone.left, len(zone.free)) for name, zone in book.zones[event].items() if zone.made
                }


def known_zones(book: Notebook, event: str) -> list[str]:
    if book.in_redis(event):
        return list(book.applied[event].wishes.capacities)
    return [name for name, zone in book.zones[event].items() if zone.made]


def rows_of(world: World, event: str) -> dict[str, tuple[int, int]]:
    """Return the free places and all places of each zone by the rows; taken ones are those of live tickets."""
    zones = Zone.objects.filter(event=world.events[event], state__isnull=False).annotate(
        free=Count("places", filter=Q(places__free=True), distinct=True),
        every=Count("places", distinct=True),
        live=Count("tickets", filter=Q(tickets__status__in=LIVE), distinct=True),
    )
    found = {zone.name: (zone.free, zone.every) for zone in zones}
    held_back = Counter(WaitingEntry.objects.filter(status="offered").values_list("offered_zone", flat=True))
    assert all(zone.free + zone.live + held_back[zone.pk] == zone.every for zone in zones)
    return found
