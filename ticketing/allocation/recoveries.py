"""The time after a loss: nothing is given, receipts restore what was lost, then the sale goes on.

Whatever was lost, by Redis or by PostgreSQL, the rows become what is known and receipts add to them. It ends when no
receipt can be valid any more, or when the council ends it.
"""

import logging
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import User
from ticketing.allocation.turns import clock, lock
from ticketing.models import Authority, Event, Recovery, SaleCounter

log = logging.getLogger(__name__)


def valid_for() -> timedelta:
    """Return how long a receipt restores its claim; for as long a sale that has lost some gives nothing."""
    return timedelta(seconds=settings.RECEIPT_SECONDS)


def begin(group: UUID, lost: Sequence[str], seen: tuple[int, int]) -> Recovery | None:
    """Stop a group's sale until its last receipt is over; None when it turns out that nothing is lost.

    `seen` is how far the group's counter was seen (`SaleCounter.reached`). The new epoch is above every one that was
    ever seen, so that whoever still knows the old one is turned away.
    """
    with transaction.atomic():
        counter = lock(group, whoever_decides=True)
        if counter.authority == Authority.DATABASE and counter.reached >= seen:
            return None  # who saw more had looked before it was written here
        running = Recovery.objects.filter(group=group, ended_at=None).first()
        if running is not None and counter.authority == Authority.RECOVERING:
            return running
        counter.authority, counter.epoch = Authority.RECOVERING, max(counter.epoch, seen[0]) + 1
        counter.save(update_fields=["authority", "epoch"])
        now = clock()
        if running is not None:  # PostgreSQL has fallen back into the middle of one
            Recovery.objects.filter(pk=running.pk).update(ended_at=now)
        recovery = Recovery.objects.create(
            group=group, epoch=counter.epoch, lost=" ".join(lost), began_at=now, until=now + valid_for()
        )
    log.error("the sale of group %s is being restored until %s, lost: %s", group, recovery.until, lost)
    return recovery


def end_over() -> int:
    """End the recoveries whose time is over; return how many."""
    over = Recovery.objects.filter(ended_at=None, until__lte=clock())
    return sum(end(recovery) for recovery in over)


def end(recovery: Recovery, *, by: User | None = None) -> int:
    """Let a sale go on: PostgreSQL decides, until the priming loop hands it to whom the council wants; 0 when it had.

    No receipt from before restores anything after it.
    """
    with transaction.atomic():
        counter = lock(recovery.group, whoever_decides=True)
        now = whole_ms(max(clock(), counter.last_at or recovery.began_at))
        ended = Recovery.objects.filter(pk=recovery.pk, ended_at=None).update(ended_at=now, ended_by=by)
        if ended and counter.authority == Authority.RECOVERING:
            counter.authority, counter.last_at = Authority.DATABASE, now
            counter.save(update_fields=["authority", "last_at"])
    if ended:
        log.warning("the sale of group %s goes on after its recovery", recovery.group)
    return ended


def whole_ms(at: datetime) -> datetime:
    """Return the end of the millisecond: receipts and Redis count whole ones."""
    return at.replace(microsecond=0) + timedelta(milliseconds=math.ceil(at.microsecond / 1000))


def running() -> dict[UUID, Recovery]:
    """Return the recoveries that have not ended, by group."""
    return {recovery.group: recovery for recovery in Recovery.objects.filter(ended_at=None)}


def until(event_id: UUID) -> datetime | None:
    """Return until when the sale of an event takes receipts; None when it is not being restored from them."""
    group = Event.objects.only("limit_group_id").get(pk=event_id).group_key
    return Recovery.objects.filter(group=group, ended_at=None).values_list("until", flat=True).first()


def last_end(group: UUID) -> datetime | None:
    """Return when the last recovery of a group ended: from then on its places may be others'."""
    ended = Recovery.objects.filter(group=group).exclude(ended_at=None).order_by("-ended_at")
    return ended.values_list("ended_at", flat=True).first()


def is_recovering(group: UUID) -> bool:
    """Tell whether a group's sale is being restored from receipts."""
    return SaleCounter.objects.filter(group=group, authority=Authority.RECOVERING).exists()
