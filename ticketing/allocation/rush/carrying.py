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

from festival.redis import sale
from ticketing.allocation.base import Recovering, Stale
from ticketing.allocation.rush import freezing, lease, loading, losses, recovering
from ticketing.allocation.rush.authority import RedisAllocator
from ticketing.allocation.rush.classes import basis_of_rules, load_rules
from ticketing.allocation.rush.complete import is_incomplete
from ticketing.allocation.rush.directory import Listed, look_up
from ticketing.allocation.rush.directory import read as read_listed
from ticketing.allocation.rush.durability import Durability, durability
from ticketing.allocation.rush.keys import GROUPS, Keys, directory
from ticketing.allocation.rush.marks import forget_all, tell_marks
from ticketing.allocation.rush.roster import load_roster
from ticketing.allocation.rush.scripts import run
from ticketing.allocation.turns import lock
from ticketing.errors import Inconsistent
from ticketing.models import Authority, Event, Mode, SaleCounter, Zone
from ticketing.writeback import come_near, drained, is_stopped

log = logging.getLogger(__name__)
LONG_OVER = timedelta(days=7)
MOST_MOVED = 10_000
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

    def zones(self) -> list[UUID]:
        return list(Zone.objects.filter(event__in=self.events).values_list("pk", flat=True))


def carry() -> int:
    """Do what is to be done in Redis; return the number of steps that changed something."""
    groups = [group for group in current_groups() if concerns_redis(group)]
    if not groups:
        forget_all()
        return 0
    if not durable_enough() or (token := lease.take()) is None:
        return 0
    try:
        return carry_on(groups, token)
    except lease.Lost:
        log.info("another loop has taken the lease in the middle of the work")
        return 0


def carry_on(groups: Sequence[Group], token: int) -> int:
    """Tell of changes first, because they concern sales that run; then hand groups over, and follow the others.

    A group of which something is lost takes no part in it until it has been handed over anew.
    """
    there = standing(groups)
    before = [group for group in there if is_whole(group, token)]
    stopped = {group.counter.group for group in there} - {group.counter.group for group in before}
    rosters = {group.keys.festival: group.keys for group in before}
    changed = tell_marks(
        rosters.values(), [(group.keys, event) for group in before for event in group.events], token
    )
    for group in groups:
        changed += hand_over(group, token, rosters)
    followed = (group for group in standing(groups) if group.counter.group not in stopped)
    return changed + sum(follow(group, token) for group in followed)


def standing(groups: Sequence[Group]) -> list[Group]:
    """Return the groups that Redis decides for."""
    return [group for group in groups if group.counter.authority == Authority.REDIS]


def is_whole(group: Group, token: int) -> bool:
    """Tell whether Redis decides for a group and has everything of it; stop and restore a sale of which it has not."""
    keys, counter = group.keys, group.counter
    if sale().sadd(GROUPS, str(keys)):
        log.error("group %s was not in the list of groups", counter.group)
    if freezing.lift(keys, counter, token):
        log.warning("group %s was frozen by somebody who has died since", counter.group)
    found = losses.look(keys, counter, [event.pk for event in group.events], group.zones())
    if found.lost:
        recovering.latch(keys, counter, found.lost)
    if lost := recovering.lost_of(keys):
        restore(group, lost.split())
        return False
    return found.decides and recovering.same_run(keys, counter, group.events, token)


def restore(group: Group, lost: Sequence[str]) -> None:
    """Build a group anew from its rows when they have everything, else begin to restore it from receipts."""
    keys, counter = group.keys, group.counter
    if recovering.has_every_decision(keys, lost):
        change(counter, Authority.LOADING, new_epoch=True)
        log.warning("group %s is built anew from its rows, which have every decision", keys.group)
        return
    if recovering.begin(keys, counter, lost) is not None:
        leave(group)
    counter.refresh_from_db()


def durable_enough() -> bool:
    """Refuse a Redis that throws keys away, and one that would forget a sale unless the operator has said it may."""
    found = durability()
    if found is Durability.EVICTING or (found is Durability.NONE and not settings.REDIS_MAY_FORGET):
        log.error("no sale is handed to this Redis: what it acknowledges does not survive (%s)", found.value)
        return False
    return True


def concerns_redis(group: Group) -> bool:
    return group.wants_redis or group.counter.authority != Authority.DATABASE


def current_groups() -> list[Group]:
    """Return the groups with an event that is not long over, each with all of its events.

    Those come first that open, or have opened, nearest to now: where all are to be restored, people wait for these.
    """
    found = Event.objects.select_related("state").order_by("opens_at", "id")
    current = found.filter(closes_at__gt=timezone.now() - LONG_OVER, state__isnull=False)
    groups: dict[UUID, list[Event]] = {}
    for event in current:
        groups.setdefault(event.group_key, []).append(event)
    counters = SaleCounter.objects.in_bulk(groups.keys())
    now = timezone.now()
    by_urgency = sorted(groups, key=lambda key: min(abs(event.opens_at - now) for event in groups[key]))
    return [Group(counters[key], groups[key]) for key in by_urgency if key in counters]


def hand_over(group: Group, token: int, rosters: dict[UUID, Keys]) -> int:
    """Move a group to the authority that the council wants, as far as one turn can; a step that died is done again."""
    now = group.counter.authority
    if now == Authority.RECOVERING:
        return 0
    if group.wants_redis and now != Authority.REDIS:
        to_redis(group, token, rosters)
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


def to_redis(group: Group, token: int, rosters: dict[UUID, Keys]) -> None:
    """Hand a group over to Redis; a festival whose roster is not kept up to date there gets it anew.

    1. Nobody decides: PostgreSQL's presses find the counter in other hands, the directory does not name the events.
    2. Redis gets everything that the rows say; they cannot change any more.
    3. Redis decides: the counter says so, then the directory names the events.
    """
    if group.counter.authority == Authority.DATABASE:
        change(group.counter, Authority.LOADING, new_epoch=True)
    keys = group.keys
    if keys.festival not in rosters:
        load_roster(keys, token)
        rosters[keys.festival] = keys
    loading.load_group(group.counter, keys, list(group.events), token)
    losses.look(keys, group.counter, [event.pk for event in group.events], group.zones(), "note")
    change(group.counter, Authority.REDIS, new_epoch=False)
    sale().sadd(GROUPS, str(keys))
    for event in group.events:
        write_directory(group, event)
    log.info("limit group %s is decided in Redis, epoch %d", keys.group, group.counter.epoch)


def to_database(group: Group) -> int:
    """Take a group back from Redis: fence it, let the rows follow to the last entry, then PostgreSQL decides.

    Presses are turned away from the fence on, so the rows come as near as they can before it. A group whose recording
    has stopped, or whose rows are to be repaired, stays in Redis.
    """
    keys = group.keys
    if group.counter.authority == Authority.REDIS:
        if is_incomplete(keys):
            log.error("group %s stays in Redis until its rows have been repaired", keys.group)
            return 0
        come_near(keys)
        if is_stopped(keys):  # behind a fence nobody would decide until somebody has put its entry right
            return 0
        sale().hset(keys.of_group("state"), "mode", FENCED)
        if not drained(keys):
            return 0
    change(group.counter, Authority.DATABASE, new_epoch=True)
    leave(group)
    log.info("limit group %s is decided in PostgreSQL, epoch %d", keys.group, group.counter.epoch)
    return 1


def leave(group: Group) -> None:
    """Take a group that Redis does not decide for any more out of it."""
    sale().srem(GROUPS, str(group.keys))
    for event in group.events:
        sale().unlink(directory(event.pk))  # one by one: on a cluster each may be elsewhere
    loading.clear(group.keys, group.events)


def follow(group: Group, token: int) -> int:
    """Carry the differences of a group's events: new events and zones, times, pauses, capacities, names."""
    changed = 0
    for event in group.events:
        try:
            changed += follow_event(group, event, token)
        except (Stale, Recovering):
            log.warning("limit group %s is not as this loop knows it", group.counter.group)
    return changed


def follow_event(group: Group, event: Event, token: int) -> int:
    """Carry the differences of one event."""
    keys, epoch = group.keys, group.counter.epoch
    conf = keys.of_event(event.pk, "conf")
    if not (
        sale().hexists(keys.of_group("state"), f"event:{event.pk}") or sale().exists(directory(event.pk))
    ):
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
    if sale().hget(conf, "ruled_for") != basis_of_rules(event):
        load_rules(keys, event, token)
        changed += 1
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
    top = sale().hget(keys.of_zone(zone.pk, "state"), "top")
    removed = sale().zcard(keys.of_zone(zone.pk, "removed"))
    made = int(top) - removed if top else None  # not what the rows say: they may be behind
    if made == zone.capacity and hasattr(zone, "state"):
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
