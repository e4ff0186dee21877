"""Carries what the council wants to the authority: counters for events, places for zones.

A loop compares wanted with applied; signals are not needed, so `update()`, `bulk_create` and a process that died in
between make no difference. Any number of loops may run: each step is done under the group's lock and counts anew.
"""

import logging
import threading
from uuid import UUID

import redis
from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce

from festival.errors import FestivalError
from ticketing.allocation import recoveries
from ticketing.allocation.base import Recovering, Stale
from ticketing.allocation.database import DatabaseAllocator
from ticketing.allocation.rush.adopting import adopt_authorities
from ticketing.allocation.rush.carrying import carry
from ticketing.allocation.rush.remembered import compare_counters
from ticketing.allocation.turns import count, lock
from ticketing.allocation.waiting import events_with_a_list
from ticketing.allocation.witness import FallenBack
from ticketing.models import (
    Authority,
    Event,
    EventState,
    Mode,
    Place,
    SaleCounter,
    Ticket,
    Zone,
    ZoneState,
)

log = logging.getLogger(__name__)
EVERY_SECONDS = 0.5
CHUNK = 50_000


def prime() -> int:
    """Apply everything that is wanted and not applied yet; return the number of steps that changed something."""
    made = make_counters() + make_states() + adopt_authorities() + recoveries.end_over() + compare_counters()
    made += sum(follow(zone) for zone in differing_zones())
    return made + promote_waiting() + carry()


def make_counters() -> int:
    """Make the counter row of every limit group that has none."""
    events = Event.objects.annotate(group=Coalesce("limit_group_id", "id"))
    missing = events.exclude(Exists(SaleCounter.objects.filter(group=OuterRef("group"))))
    return sum(
        SaleCounter.objects.get_or_create(group=group)[1] for group in missing.values_list("group", flat=True)
    )


def make_states() -> int:
    """Make the authority's row of every event that has none."""
    missing = Event.objects.filter(state__isnull=True).values_list("id", flat=True)
    return sum(EventState.objects.get_or_create(event_id=event)[1] for event in missing)


def differing_zones() -> list[Zone]:
    """Return the zones whose places are not as many as wanted, those that can be brought nearer only.

    Places of an event that Redis decides for, or is about to, are changed there.
    """
    here = Exists(
        SaleCounter.objects.filter(
            group=Coalesce(OuterRef("event__limit_group_id"), OuterRef("event_id")),
            authority=Authority.DATABASE,
        )
    )
    free = Exists(Place.objects.filter(zone=OuterRef("pk"), free=True))
    too_few = Q(state__isnull=True) | Q(state__capacity__lt=F("capacity"))
    too_many = Q(state__capacity__gt=F("capacity")) & Q(free)
    differing = Zone.objects.filter(here, too_few | too_many, event__mode=Mode.DATABASE)
    return list(differing.select_related("event"))


def follow(zone: Zone) -> int:
    """Bring the places of a zone to its capacity, or as near as live tickets allow, in one transaction a chunk."""
    try:
        return follow_locked(zone)
    except (Stale, Recovering, FallenBack):
        return 0  # handed over in this moment, or being restored


def follow_locked(zone: Zone) -> int:
    """Change the places under the group's lock."""
    with transaction.atomic():
        counter = lock(zone.event.group_key)
        state, _new = ZoneState.objects.get_or_create(zone=zone)
        places = Place.objects.filter(zone=zone).count()
        if places < zone.capacity:
            places += add_places(zone.pk, wanted=zone.capacity, missing=min(zone.capacity - places, CHUNK))
        elif places > zone.capacity:
            places -= remove_free_places(zone, surplus=min(places - zone.capacity, CHUNK))
        state.capacity = places
        state.save(update_fields=["capacity"])
        count(counter)
    log.info("zone %s has %d of %d places", zone.pk, places, zone.capacity)
    return 1


def add_places(zone_id: UUID, *, wanted: int, missing: int) -> int:
    """Insert places with the lowest numbers that the zone does not have; return how many.

    A number that was given before its place was taken away goes on with the next generation, so that an old receipt
    never fits a new place.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO ticketing_place (zone_id, number, free, generation)
            SELECT %(zone)s, number, true, coalesce(before.generation, 0)
              FROM generate_series(1, %(wanted)s) AS number
              LEFT JOIN (SELECT number, max(generation) AS generation FROM (
                                SELECT number, generation FROM ticketing_ticket WHERE zone_id = %(zone)s
                                UNION ALL SELECT offered_number, offered_generation FROM ticketing_waitingentry
                                           WHERE offered_zone_id = %(zone)s) AS given
                          GROUP BY number) AS before USING (number)
             WHERE NOT EXISTS (SELECT FROM ticketing_place place
                                WHERE place.zone_id = %(zone)s AND place.number = number.number)
             ORDER BY number LIMIT %(missing)s
            """,
            {"zone": zone_id, "wanted": wanted, "missing": missing},
        )
        return int(cursor.rowcount)


def remove_free_places(zone: Zone, *, surplus: int) -> int:
    """Delete the free places with the highest numbers; tickets that have ended keep their number."""
    highest = (
        Place.objects.filter(zone=zone, free=True).order_by("-number").values_list("pk", flat=True)[:surplus]
    )
    doomed = list(highest)
    Ticket.objects.filter(place__in=doomed).update(place=None)
    deleted: int = Place.objects.filter(pk__in=doomed, free=True).delete()[0]
    return deleted


def promote_waiting() -> int:
    """Let those who wait have what has become free, in the events that PostgreSQL decides for."""
    changed = 0
    for event in events_with_a_list():
        try:
            changed += DatabaseAllocator().promote(event)
        except (Stale, Recovering, FallenBack):
            log.info("event %s was handed over in this moment, or is being restored", event)
    return changed


def prime_forever(stop: threading.Event) -> None:
    """Prime every half second until `stop` is set; while a server is away, wait for it and say so once a try."""
    while not stop.is_set():
        try:
            prime()
        except (DatabaseError, redis.RedisError, FestivalError):
            log.exception("priming failed, trying again")
            connection.close()
        stop.wait(EVERY_SECONDS)
    connection.close()
