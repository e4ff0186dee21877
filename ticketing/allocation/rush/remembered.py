"""The sale's Redis as a witness of PostgreSQL's counters: one that has fallen back to an older state is found out.

Processes remember by themselves (ticketing/allocation/witness.py), but all of them may have been started anew.
"""

import logging
from collections.abc import Sequence

import redis

from festival.redis import sale
from ticketing.allocation import recoveries, witness
from ticketing.allocation.rush.carrying import Group, current_groups
from ticketing.models import Authority

log = logging.getLogger(__name__)


def compare_counters() -> int:
    """Stop the sale of groups that PostgreSQL decides for and whose counters it had further; return how many."""
    groups = [group for group in current_groups() if group.counter.authority == Authority.DATABASE]
    try:
        return sum(compare(group) for group in groups)
    except redis.RedisError:
        log.warning("Redis cannot be asked how far PostgreSQL has been", exc_info=True)
        return 0


def compare(group: Group) -> int:
    """Compare a group's counter with what Redis and this process have seen; 1 when it has fallen back."""
    counter, key = group.counter, group.keys.of_group("seen")
    remembered = numbers(sale().hmget(key, ["epoch", "decisions"]))
    seen = max(remembered, witness.seen_of_rows(counter.group))
    if counter.reached < seen:
        return int(recoveries.begin(counter.group, ["counter"], seen) is not None)
    if counter.reached != remembered:
        epoch, decisions = counter.reached
        sale().hset(key, mapping={"epoch": str(epoch), "decisions": str(decisions)})
    return 0


def numbers(found: Sequence[object]) -> tuple[int, int]:
    epoch, decisions = (int(str(value or 0)) for value in found)
    return epoch, decisions
