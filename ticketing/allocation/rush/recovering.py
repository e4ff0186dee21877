"""Stops the sale of a limit group of which something is lost in Redis, and finds the way on.

First the rows follow what is left of the stream. If they then have every decision that anybody has seen, Redis is built
anew from them, at once. Otherwise decisions are lost: PostgreSQL's rows become what is known, and receipts add to them
(ticketing/allocation/recoveries.py). That another run of the server decides is no loss by itself.
"""

import logging
from collections.abc import Sequence
from typing import Any, cast

from festival.redis import sale
from ticketing.allocation import recoveries
from ticketing.allocation.rush.classes import load_rules
from ticketing.allocation.rush.complete import is_incomplete
from ticketing.allocation.rush.keys import GROUPS, Keys
from ticketing.allocation.rush.roster import load_roster
from ticketing.allocation.rush.scripts import run
from ticketing.models import Event, Recovery, SaleCounter, StreamPosition
from ticketing.writeback import follow

log = logging.getLogger(__name__)
# So long every process that is asked by a student has told what it has seen, before another run of the server decides.
LISTEN_MS = 1000


def latch(keys: Keys, counter: SaleCounter, lost: Sequence[str]) -> None:
    """Let the scripts answer `recovering` for a group; mode and epoch too, for a state that is lost whole."""
    told = " ".join(lost)
    sale().hset(
        keys.of_group("state"), mapping={"mode": "redis", "epoch": str(counter.epoch), "recovering": told}
    )
    log.error("the sale of group %s is stopped, Redis has lost: %s", keys.group, told)


def lost_of(keys: Keys) -> str:
    """Return what a group has lost, '' for nothing: by the word of whoever noticed it."""
    return str(sale().hget(keys.of_group("state"), "recovering") or "")


def latched() -> dict[Keys, str]:
    """Return the groups whose sale is stopped, with what is lost."""
    groups = [Keys.read(str(text)) for text in sorted(sale().smembers(GROUPS))]
    found = {keys: lost_of(keys) for keys in groups}
    return {keys: lost for keys, lost in found.items() if lost}


def same_run(keys: Keys, counter: SaleCounter, events: Sequence[Event], token: int) -> bool:
    """Tell whether the server that decides has known all that is known; take over another one that has not lost any.

    Others are heard for a moment first: whose process has seen more says so with the next press, which stops the sale.
    What it was told and did not decide (log-outs, the roster, rules) is no entry of the stream: it is told anew.
    """
    word, *known_for = run("server", [keys.of_group("state")], [counter.epoch, "look"])
    if word != "other":
        return word == "same"
    if int(known_for[0]) < LISTEN_MS:
        return False
    load_roster(keys, token)
    for event in events:
        load_rules(keys, event, token)
    log.warning("another run of the server decides for group %s; it has lost nothing", keys.group)
    return run("server", [keys.of_group("state")], [counter.epoch, "adopt"])[0] == "adopted"


def has_every_decision(keys: Keys, lost: Sequence[str]) -> bool:
    """Let the rows follow what is left of the stream; tell whether they then have all that was ever decided."""
    follow(keys)
    position = StreamPosition.objects.get(group=keys.group)
    if position.stopped_at is not None or "counters" in lost or is_incomplete(keys):
        return False
    sequence, heard = sale().hmget(keys.of_group("state"), ["seq", "heard"])
    last = last_entry(keys)
    if sequence is None and not last:
        return False  # nobody knows how far it was
    return position.position >= max(int(sequence or 0), int(heard or 0), last)


def last_entry(keys: Keys) -> int:
    """Return the number of the last entry of a group's stream, 0 without one."""
    found = cast("list[tuple[str, Any]]", sale().xrevrange(keys.of_group("stream"), count=1))
    return int(found[0][0].partition("-")[0]) if found else 0


def begin(keys: Keys, counter: SaleCounter, lost: Sequence[str]) -> Recovery | None:
    """Begin to restore a group from receipts: nobody decides for it, and its stream goes on from the rows.

    What stands in the stream and cannot be followed from the rows is put aside, for whoever wants to know.
    """
    recovery = recoveries.begin(keys.group, lost, (counter.epoch, 0))
    position = StreamPosition.objects.get(group=keys.group)
    if last_entry(keys) > position.position:
        sale().rename(keys.of_group("stream"), keys.of_group("stream:lost"))
        StreamPosition.objects.filter(pk=position.pk).update(stopped_at=None, stopped_by="")
    return recovery
