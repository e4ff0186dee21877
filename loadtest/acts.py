"""What the council does in the middle of a play: it saves wanted rows, as the admin does, and nothing else."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db import connection

from festival.redis import sale
from loadtest.crowd import PlayError
from loadtest.play import Sale
from loadtest.redis_keys import decides
from loadtest.replay import Change
from loadtest.staging import authority, has_places, wait_until, where
from ticketing.models import Event, Mode, Zone

APPLIED_SECONDS = 30.0
PAUSE_REASON, PAUSE_REASON_EN = "잠시 멈춥니다", "A short pause"


class Kind(StrEnum):
    SWITCH = "switch"
    CAPACITY = "capacity"
    PAUSE = "pause"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class Act:
    """One act, so many seconds after the opening; a switch has a mode, a capacity a zone and its places."""

    at_s: float
    kind: Kind
    mode: str = ""
    zone: str = ""
    places: int = 0

    def __str__(self) -> str:
        return " ".join(filter(None, [self.kind, self.mode, f"{self.zone}={self.places}" * bool(self.zone)]))


@dataclass(frozen=True, slots=True)
class Done:
    """An act that was done: when its rows were saved and its effect was seen, in milliseconds after the opening."""

    act: Act
    saved_ms: float
    seen_ms: float | None


def read_switch(text: str) -> Act:
    """Read `3=database`."""
    at, _, mode = text.partition("=")
    if mode not in Mode.values:
        raise PlayError(f"{text!r}: seconds, =, and one of {', '.join(Mode.values)}")
    return Act(seconds(at, text), Kind.SWITCH, mode=mode)


def read_capacity(text: str) -> Act:
    """Read `2:A=3500`."""
    at, _, rest = text.partition(":")
    zone, _, places = rest.rpartition("=")
    if not zone or not places.isdigit():
        raise PlayError(f"{text!r}: seconds, a colon, a zone, =, and its places")
    return Act(seconds(at, text), Kind.CAPACITY, zone=zone, places=int(places))


def seconds(text: str, whole: str) -> float:
    """Read a moment after the opening."""
    try:
        at = float(text)
    except ValueError:
        at = -1
    if not 0 <= at < 3600:
        raise PlayError(f"{whole!r}: begins with the seconds after the opening")
    return at


async def do_all(acts: Sequence[Act], played: Sale) -> list[Done]:
    """Do every act at its time; one that takes long does not hold up the next."""
    return list(await asyncio.gather(*(do_in_time(act, played) for act in acts)))


async def do_in_time(act: Act, played: Sale) -> Done:
    moment = played.opens_at_ms / 1000 + act.at_s
    await asyncio.sleep(max(0.0, moment - time.time()))
    return await asyncio.to_thread(do, act, played)


def do(act: Act, played: Sale) -> Done:
    """Save what the council wants and wait until it is in force; the thread's connection is closed afterwards."""
    try:
        event = Event.objects.get(pk=played.event)
        save(act, event)
        saved = time.time() * 1000 - played.opens_at_ms
        seen = wait_until(lambda: in_force(act, event), APPLIED_SECONDS)
        return Done(act, saved, time.time() * 1000 - played.opens_at_ms if seen else None)
    finally:
        connection.close()


def save(act: Act, event: Event) -> None:
    """Save the wanted row, and of it only what this act is about."""
    match act.kind:
        case Kind.SWITCH:
            event.mode = act.mode
            event.save(update_fields=["mode"])
        case Kind.CAPACITY:
            zone = Zone.objects.get(event=event, name=act.zone)
            zone.capacity = act.places
            zone.save(update_fields=["capacity"])
        case Kind.PAUSE | Kind.RESUME:
            event.paused = act.kind == Kind.PAUSE
            event.pause_reason = PAUSE_REASON if event.paused else ""
            event.pause_reason_en = PAUSE_REASON_EN if event.paused else ""
            event.save(update_fields=["paused", "pause_reason", "pause_reason_en"])


def in_force(act: Act, event: Event) -> bool:
    """Tell whether the authority has taken an act up, as far as rows tell: a pause is seen in the answers."""
    match act.kind:
        case Kind.SWITCH:
            return authority(event) == act.mode and (act.mode != Mode.REDIS or decides(sale(), where(event)))
        case Kind.CAPACITY:
            return has_places(event)
    return True


def changes(done: Sequence[Done]) -> list[Change]:
    """Return the capacities that changed, for the model; one that was never seen in force has no end."""
    return [
        Change(
            one.act.zone, one.act.places, one.saved_ms, float("inf") if one.seen_ms is None else one.seen_ms
        )
        for one in sorted(done, key=lambda one: one.saved_ms)
        if one.act.kind == Kind.CAPACITY
    ]
