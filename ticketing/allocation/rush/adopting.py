"""Finds a PostgreSQL that has fallen back to before Redis was told to decide, and lets Redis go on.

Redis decides for a limit group under an epoch that the counter does not know. Built anew from these rows it would
forget what it has acknowledged; so the counter takes over its word, and the rows follow the stream. Where these cannot
say everything (complete.py) the group goes on, but is not handed back.
"""

import logging

import redis
from django.db import transaction

from festival.redis import sale
from ticketing.allocation.rush.carrying import FENCED, current_groups
from ticketing.allocation.rush.complete import have_all, mark_incomplete
from ticketing.allocation.rush.keys import Keys
from ticketing.allocation.turns import clock, lock
from ticketing.models import Authority, Recovery, SaleCounter

log = logging.getLogger(__name__)


def adopt_authorities() -> int:
    """Let every counter that has fallen back behind Redis take over its word; return how many did."""
    try:
        return sum(adopt(group.keys, group.counter) for group in current_groups())
    except redis.RedisError:
        log.warning("Redis cannot be asked for whom it decides", exc_info=True)
        return 0


def adopt(keys: Keys, counter: SaleCounter) -> int:
    """Let a counter take over who decides when Redis knows it better; 1 when it did."""
    mode, epoch, *entries = sale().hmget(keys.of_group("state"), ["mode", "epoch", "seq", "base"])
    last, base = (int(entry or 0) for entry in entries)
    if mode not in ("redis", FENCED) or not is_behind(counter, int(epoch or 0), decided=last > base):
        return 0
    if not have_all(keys, counter):
        mark_incomplete(keys)
        log.error("group %s: PostgreSQL has lost decisions that are in no stream, Redis has them", keys.group)
    return take_over(counter, int(epoch or 0), decided=last > base)


def is_behind(counter: SaleCounter, epoch: int, *, decided: bool) -> bool:
    """Tell whether a counter does not know an epoch of Redis, or not that Redis has decided in it.

    A handover that has come as far as that Redis is built, and no further, goes on by itself.
    """
    return counter.epoch < epoch or (
        counter.epoch == epoch and counter.authority != Authority.REDIS and decided
    )


def take_over(counter: SaleCounter, epoch: int, *, decided: bool) -> int:
    """Commit that Redis decides under its epoch; 0 when another loop was faster."""
    with transaction.atomic():
        locked = lock(counter.group, whoever_decides=True)
        if not is_behind(locked, epoch, decided=decided):
            return 0
        locked.authority, locked.epoch = Authority.REDIS, epoch
        locked.save(update_fields=["authority", "epoch"])
        Recovery.objects.filter(group=counter.group, ended_at=None).update(ended_at=clock())
    log.error("PostgreSQL has fallen back: Redis decides for group %s, under epoch %d", counter.group, epoch)
    return 1
