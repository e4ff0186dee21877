"""Carries what the council wants to Redis, and hands limit groups over between the two authorities.

A step of the priming loop (ticketing/allocation/priming.py). It compares what is wanted with what Redis has at each
turn; what is too much to compare (roster, rules) is marked by triggers. Only the loop that holds the lease writes.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import Student
from festival.redis import sale
from ticketing.allocation.base import Stale
from ticketing.allocation.rush import eligibility, lease, loading
from ticketing.allocation.rush.authority import RedisAllocator
from ticketing.allocation.rush.directory import Listed, look_up
from ticketing.allocation.rush.directory import read as read_listed
from ticketing.allocation.rush.durability import Durability, durability
from ticketing.allocation.rush.keys import GROUPS, Keys, directory
from ticketing.allocation.rush.scripts import run
from ticketing.allocation.turns import lock
from ticketing.errors import Inconsistent
from ticketing.models import (
    LIVE,
    Authority,
    Event,
    Mode,
    PrimingMark,
    SaleCounter,
    Ticket,
    TicketStatus,
    Topic,
    Zone,
)
from ticketing.signing import TicketCode
from ticketing.writeback import drained

log = logging.getLogger(__name__)
LONG_OVER = timedelta(days=7)
MOST_MOVED = 10_000
MOST_MARKS = 20_000
NO_SCAN = UUID(int=0)
FENCED = "fenced"


@dataclass(frozen=True, slots=True)
class Group:
    """A limit group, its events, and who decides for it now."""

    counter: SaleCounter
    events: Sequence[Event]

    @property
    def keys(self) -> Keys:
        festival = self.events[0].festival_id
        if festival is None:
            raise Inconsistent("an event has no festival")
        return Keys(festival, self.counter.group)

    @property
    def wants_redis(self) -> bool:
        """Events of a group have one mode; the form sees to it, and where rows differ the rush is meant."""
        return any(event.mode == Mode.REDIS for event in self.events)


def carry() -> int:
    """Do what is to be done in Redis; return the number of steps that changed something."""
    groups = [group for group in current_groups() if concerns_redis(group)]
    if groups and not durable_enough():
        return 0
    if not groups or (token := lease.take()) is None:
        forget_marks_without_redis(groups)
        return 0
    changed = sum(hand_over(group, token) for group in groups)
    standing = [group for group in groups if group.counter.authority == Authority.REDIS]
    changed += tell_marks(standing, token)
    return changed + sum(follow(group, token) for group in standing)


def durable_enough() -> bool:
    """Refuse to hand a sale to a Redis that would forget it, unless the operator has said that it may."""
    found = durability()
    if found in (Durability.NONE, Durability.EVICTING) and not settings.REDIS_MAY_FORGET:
        log.error("no sale is handed to this Redis: what it acknowledges does not survive (%s)", found.value)
        return False
    return True


def concerns_redis(group: Group) -> bool:
    return group.wants_redis or group.counter.authority != Authority.DATABASE


def current_groups() -> list[Group]:
    """Return the groups with an event that is not long over, each with all of its events."""
    found = Event.objects.select_related("state").order_by("opens_at", "id")
    current = found.filter(closes_at__gt=timezone.now() - LONG_OVER, state__isnull=False)
    groups: dict[UUID, list[Event]] = {}
    for event in current:
        groups.setdefault(event.group_key, []).append(event)
    counters = SaleCounter.objects.in_bulk(groups.keys())
    return [Group(counters[key], events) for key, events in groups.items() if key in counters]


def hand_over(group: Group, token: int) -> int:
    """Move a group to the authority that the council wants, as far as one turn can; a step that died is done again."""
    now = group.counter.authority
    if group.wants_redis and now != Authority.REDIS:
        to_redis(group, token)
        return 1
    # Whoever wants Redis again while it is fenced waits until the switch is done: a fence that was lifted could be
    # lifted under a loop that is about to tell PostgreSQL to decide.
    if now != Authority.DATABASE and (not group.wants_redis or is_fenced(group)):
        return to_database(group)
    return 0


def is_fenced(group: Group) -> bool:
    """Tell whether a switch to PostgreSQL has begun: nobody decides until it is done."""
    return bool(sale().hget(group.keys.of_group("state"), "mode") == FENCED)


def change(counter: SaleCounter, authority: Authority, *, new_epoch: bool) -> None:
    """Commit who decides, under the group's lock, so that whoever waits for its turn finds it in other hands."""
    with transaction.atomic():
        locked = lock(counter.group, whoever_decides=True)
        locked.authority, locked.epoch = authority, locked.epoch + int(new_epoch)
        locked.save(update_fields=["authority", "epoch"])
    counter.refresh_from_db()


def to_redis(group: Group, token: int) -> None:
    """Hand a group over to Redis.

    1. Nobody decides: PostgreSQL's presses find the counter in other hands, the directory does not name the events.
    2. Redis gets everything that the rows say; they cannot change any more.
    3. Redis decides: the counter says so, then the directory names the events.
    """
    if group.counter.authority == Authority.DATABASE:
        change(group.counter, Authority.LOADING, new_epoch=True)
    keys = group.keys
    if not sale().exists(keys.of_festival("students")):
        loading.load_roster(keys, token)
    loading.load_group(group.counter, keys, list(group.events), token)
    change(group.counter, Authority.REDIS, new_epoch=False)
    sale().sadd(GROUPS, str(keys))
    for event in group.events:
        write_directory(group, event)
    log.info("limit group %s is decided in Redis, epoch %d", keys.group, group.counter.epoch)


def to_database(group: Group) -> int:
    """Take a group back from Redis: fence it, let the rows follow to the last entry, then PostgreSQL decides."""
    keys = group.keys
    if group.counter.authority == Authority.REDIS:
        sale().hset(keys.of_group("state"), "mode", FENCED)
        if not drained(keys):
            return 0
    change(group.counter, Authority.DATABASE, new_epoch=True)
    sale().srem(GROUPS, str(keys))
    for event in group.events:
        sale().unlink(directory(event.pk))  # one by one: on a cluster each may be elsewhere
    loading.clear(keys, group.events)
    log.info("limit group %s is decided in PostgreSQL, epoch %d", keys.group, group.counter.epoch)
    return 1


def follow(group: Group, token: int) -> int:
    """Carry the differences of a group's events: new events and zones, times, pauses, capacities, names."""
    changed = 0
    for event in group.events:
        try:
            changed += follow_event(group, event, token)
        except Stale:
            log.warning("limit group %s is not as this loop knows it", group.counter.group)
    return changed


def follow_event(group: Group, event: Event, token: int) -> int:
    """Carry the differences of one event."""
    keys, epoch = group.keys, group.counter.epoch
    conf = keys.of_event(event.pk, "conf")
    if not sale().exists(conf):
        loading.load_event(keys, event, token)
        write_directory(group, event)
        return 1
    wanted = loading.wanted_of(event)
    changed = 0
    if sale().hmget(conf, list(wanted)) != list(wanted.values()):
        names = [keys.of_group("state"), keys.of_group("stream"), conf]
        args: list[str | int] = [epoch, str(event.pk)]
        for pair in wanted.items():
            args += pair
        changed += run("sale", names, args)[0] == "done"
    changed += sum(
        follow_zone(group, zone) for zone in Zone.objects.filter(event=event).select_related("state")
    )
    changed += write_directory(group, event)
    return changed + promote(event)


def promote(event: Event) -> int:
    """Let those who wait have what has become free; what a cancel frees, it has passed on itself."""
    listed = look_up(event.pk, fresh=True)
    if listed is None or not sale().exists(listed.keys.of_event(event.pk, "waiting")):
        return 0
    return RedisAllocator(listed).promote(event.pk)


def follow_zone(group: Group, zone: Zone) -> int:
    """Bring a zone's places to its capacity, as near as live tickets allow."""
    keys = group.keys
    made = sale().hget(keys.of_zone(zone.pk, "state"), "top")
    if made is not None and hasattr(zone, "state") and zone.state.capacity == zone.capacity:
        return 0
    names = [keys.of_group("state"), keys.of_group("stream")]
    names += [keys.of_zone(zone.pk, name) for name in ("state", "freed", "removed")]
    args = (group.counter.epoch, str(zone.event_id), str(zone.pk), zone.capacity, MOST_MOVED)
    return int(run("zone", names, args)[2])


def write_directory(group: Group, event: Event) -> int:
    """Write the event's entry in the directory when it is not as wanted."""
    zones = dict(Zone.objects.filter(event=event).order_by("name").values_list("name", "id"))
    listed = Listed(event.pk, group.keys, group.counter.epoch, event.name, event.name_en, zones)
    present = sale().get(directory(event.pk))
    if present and read_listed(event.pk, str(present)) == listed:
        return 0
    sale().set(directory(event.pk), listed.text())
    return 1


def forget_marks_without_redis(groups: Sequence[Group]) -> None:
    """Drop the marks when no group is in Redis: a roster is built whole when one comes."""
    if not groups:
        PrimingMark.objects.all().delete()


def tell_marks(groups: Sequence[Group], token: int) -> int:
    """Tell Redis of changes in the roster, of ended sessions and of rules; then forget their marks."""
    marks = list(PrimingMark.objects.order_by("id").values_list("id", "topic", "key")[: MOST_MARKS + 1])
    if not marks or not groups:
        return 0
    whole = len(marks) > MOST_MARKS
    keys = {topic: list({key for _id, its, key in marks if its == topic}) for topic in Topic.values}
    newest = PrimingMark.objects.order_by("-id").values_list("id", flat=True)[0] if whole else marks[-1][0]
    seen = [mark for mark, _topic, _key in marks]
    if whole:
        seen = list(PrimingMark.objects.filter(id__lte=newest).values_list("id", flat=True))
    tell_roster(groups, keys, token, whole=whole)
    tell_rules(groups, keys, token, whole=whole)
    tell_uses(keys[Topic.TICKET])
    PrimingMark.objects.filter(id__in=seen).delete()
    return len(seen)


def tell_roster(groups: Sequence[Group], keys: dict[str, list[str]], token: int, *, whole: bool) -> None:
    """Tell the sale of each festival about students and sessions that changed, or about all."""
    for festival in {group.keys.festival: group.keys for group in groups}.values():
        if whole:
            loading.load_roster(festival, token)
            continue
        students = dict.fromkeys(keys[Topic.STUDENT], "")
        found = Student.objects.filter(pk__in=students).values_list("pk", "generation", "status")
        students |= {str(pk): loading.student_line(generation, status) for pk, generation, status in found}
        ended = dict.fromkeys(keys[Topic.SESSION], "")
        ended |= {key: str(at) for key, at in loading.ended_sessions(keys[Topic.SESSION])}
        pairs = [text for pair in (*students.items(), *ended.items()) for text in pair]
        names = [festival.of_festival(name) for name in ("lease", "students", "ended")]
        run("roster", names, [token, len(students), *pairs])


def tell_uses(codes: Sequence[str]) -> None:
    """Tell Redis what the gate did while Redis was away."""
    for ticket in Ticket.objects.filter(code__in=codes, status__in=LIVE):
        listed = look_up(ticket.event_id, fresh=True)
        if listed is None:
            continue
        authority, code = RedisAllocator(listed), TicketCode(ticket.code)
        if ticket.status == TicketStatus.USED:
            authority.enter(code=code, scan_id=NO_SCAN)
        else:
            authority.enter_again(code=code)


def tell_rules(groups: Sequence[Group], keys: dict[str, list[str]], token: int, *, whole: bool) -> None:
    """Build the classes of events whose rules changed anew, and those of students who changed."""
    ruled = set(keys[Topic.RULES])
    students = [int(key) for key in keys[Topic.STUDENT]]
    for group in groups:
        for event in group.events:
            if whole or ruled or (students and eligibility.has_rules(event.pk)):
                loading.load_rules(group.keys, event, token)
