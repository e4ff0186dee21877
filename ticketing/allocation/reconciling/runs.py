"""Compares one limit group, and repairs it: in one transaction, behind the stop that the comparison needs.

Mode `database`: under the group's lock. Mode `redis`:
1. The lease of the priming loop is taken, so that nobody else carries anything; Redis is frozen under its epoch.
2. The rows follow to the last entry; both sides are read and compared.
3. The freeze is held. One transaction mends the rows, records each repair, and, where Redis is still otherwise, says
   that it is built anew under the next epoch. Whoever dies before it commits has changed nothing; after it, the priming
   loop goes on with the building.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from accounts.models import User
from ticketing.allocation.reconciling import comparing, inside
from ticketing.allocation.reconciling.findings import Difference, Finding
from ticketing.allocation.reconciling.mending import mend_rows, record_all
from ticketing.allocation.reconciling.redis_side import Side, read_side
from ticketing.allocation.reconciling.tickets import is_use
from ticketing.allocation.reconciling.turn import Impossible, position_of, require
from ticketing.allocation.reconciling.unblocking import unblock
from ticketing.allocation.rush import lease
from ticketing.allocation.rush.building import remove
from ticketing.allocation.rush.carrying import Group, to_redis
from ticketing.allocation.rush.freezing import Freeze, Lapsed
from ticketing.allocation.turns import count, lock
from ticketing.models import Authority, Event, SaleCounter
from ticketing.writeback import come_near, is_stopped, step

log = logging.getLogger(__name__)
# So long a scan that Redis has let through may need to its row, and rows to the last entry.
SCAN_SECONDS, ROWS_SECONDS = 2.0, 20.0
BUILT_ANEW = "built anew from the rows"
STOPPED = "its stream has stopped at an entry that cannot be recorded"


@dataclass(frozen=True, slots=True)
class Report:
    """What was found of a group, and what is left of it."""

    group: UUID
    found: Sequence[Difference] = ()
    left: Sequence[Difference] = ()
    repaired: int = 0
    problem: str = ""


def group_of(key: UUID) -> Group:
    """Return a limit group with its events as they are now."""
    own = Q(limit_group=key) | Q(pk=key, limit_group=None)
    events = Event.objects.filter(own, state__isnull=False).select_related("state").order_by("opens_at", "id")
    return Group(SaleCounter.objects.get(group=key), list(events))


def reconcile(group: Group, *, fix: bool = False, actor: User | None = None) -> Report:
    """Compare a group at its authority, and repair it."""
    try:
        if group.counter.authority == Authority.DATABASE:
            return in_rows(group, fix=fix, actor=actor)
        if group.counter.authority == Authority.REDIS:
            return in_redis(group, fix=fix, actor=actor)
        raise Impossible("nobody decides for it now: it is being handed over or restored")
    except Impossible as problem:
        return Report(group.keys.group, problem=str(problem))


def in_rows(group: Group, *, fix: bool, actor: User | None) -> Report:
    """Compare rows with each other while nobody decides."""
    key = group.keys.group

    def look() -> list[Finding]:
        return inside.look(key, group.events)

    with transaction.atomic():
        require(group)
        found = comparing.differences(look())
        if not fix or not found:
            return Report(key, found, found)
        repaired = mend_rows(key, look, actor)
        if repaired:
            group.counter.refresh_from_db()
            count(group.counter)
        return Report(key, found, comparing.differences(look()), repaired)


def in_redis(group: Group, *, fix: bool, actor: User | None) -> Report:
    """Compare rows and Redis at one position; nobody but this process carries anything meanwhile."""
    keys = group.keys
    come_near(keys)
    token = lease.seize()
    freeze = Freeze(keys, group.counter.epoch, token)
    try:
        remove(
            keys, token, keys.of_festival("students:new")
        )  # from now on Redis refuses whoever had the lease
        return frozen(group, freeze, fix=fix, actor=actor)
    except (lease.Lost, Lapsed) as error:
        raise Impossible(
            "it could not be kept still: somebody else carries, or decisions are lost"
        ) from error
    finally:
        try:
            freeze.thaw()
        finally:
            lease.release(token)


def frozen(group: Group, freeze: Freeze, *, fix: bool, actor: User | None) -> Report:
    """Compare, and repair, a group that is frozen."""
    key, last = group.keys.group, freeze.begin()
    stopped = not follow(group, freeze, last)
    if stopped and not fix:
        raise Impossible(STOPPED)
    side = read_side(freeze, last, [event.pk for event in group.events], group.zones())
    moved: list[Difference] = []
    if stopped:
        freeze.hold()
        moved = unblock(group, freeze, side, actor)
    if stopped and not follow(group, freeze, last):
        raise Impossible(STOPPED)
    found = [*moved, *comparing.differences(patiently(group, side, freeze))]
    if not fix or not found:
        return Report(key, found, found)
    freeze.hold()
    repaired, anew, left = repair(group, side, freeze, actor)
    if anew:
        to_redis(group_of(key), freeze.token, {})  # as the rows are now
    return Report(key, found, left, repaired + len(moved))


def follow(group: Group, freeze: Freeze, last: int) -> bool:
    """Let the rows follow to the last entry; False when they have stopped before it. Raises Impossible."""
    until = time.monotonic() + ROWS_SECONDS
    while position_of(group) < last:
        if is_stopped(group.keys):
            return False
        if time.monotonic() > until:
            raise Impossible("its rows are too far behind")
        freeze.prolong()
        step(group.keys)
    return True


def patiently(group: Group, side: Side, freeze: Freeze) -> list[Finding]:
    """Compare; when a ticket is used on one side only, again, until no scan can still be on its way."""
    until = time.monotonic() + SCAN_SECONDS
    while True:
        found = comparing.whole(group, side, freeze.prolong)
        if not any(is_use(it) for it in found) or time.monotonic() > until:
            return found
        time.sleep(0.1)


def repair(
    group: Group, side: Side, freeze: Freeze, actor: User | None
) -> tuple[int, bool, Sequence[Difference]]:
    """Mend the rows, and have Redis built anew where it is still otherwise; return what was done and what is left.

    Redis is not built from rows that still lack something: whoever was told of it would have lost it.
    """
    key = group.keys.group
    with transaction.atomic():
        lease.keep(freeze.token)  # its row is locked until the end: no loop lifts the freeze before
        require(group)
        if position_of(group) != side.sequence:
            raise Impossible("its rows have moved on")
        repaired = mend_rows(key, lambda: comparing.mendable(group, side), actor)
        rest = comparing.between(group, side)
        inner = [it.difference for it in inside.look(key, group.events)]
        if any(it.mend for it in rest) or not rest:
            return repaired, False, [*comparing.differences(rest), *inner]
        others = comparing.differences(rest)
        record_all(key, others, BUILT_ANEW, actor)
        counter = lock(key, whoever_decides=True)
        counter.authority, counter.epoch = Authority.LOADING, counter.epoch + 1
        counter.save(update_fields=["authority", "epoch"])
    return repaired + len(others), True, inner
