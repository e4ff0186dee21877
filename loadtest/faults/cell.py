"""One cell of the matrix: a sale of its own over HTTP, one fault at one moment, and what was kept.

Runs in the process of its site, with that site's settings.
"""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.db import OperationalError, connection
from django.utils import timezone

from loadtest import staging
from loadtest.crowd import schedule, weights_of
from loadtest.faults.faults import EVERY, MOMENTS, Fault, Stage
from loadtest.faults.judging import Figures, Loss, found_at_once, judged
from loadtest.faults.pressing import Crowd
from loadtest.faults.site import PATIENCE, Site, expect
from loadtest.play import Sale
from loadtest.wire import Target
from ticketing.models import Event, Mode, Recovery

STUDENTS = 300
ZONES: Mapping[str, int] = {"A": 110, "B": 60}
PLACES = sum(ZONES.values())
WAITLIST = 30
WITHIN_S = 5.0
BURST_S = 0.1  # as many as come in it press at once, so that there are presses under way
IN_FLIGHT = 3  # presses that are waited for: one of them may have its answer before the strike
OPENS_IN_S = 2.0
HEARD_S = 1.0  # answers of before the loss that are still on their way
IN_TIME, LATE = 0.7, 0.8  # of those with a receipt: who presents it in time, who too late; the rest never do


class NotCounted(Exception):
    """The cell shows nothing: nobody was in the middle of anything when it struck."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Which fault, when, and who decides."""

    fault: str
    moment: str
    mode: str
    seed: int


@dataclass
class Struck:
    """The moment of the strike."""

    at_ms: float = 0.0
    in_flight: int = 0
    unwritten: int = 0


def play(site: Site, cell: Cell, *, short: bool) -> Figures:
    """Play a cell and return its figures; raise NotCounted when nothing was under way at the strike."""
    fault = EVERY[cell.fault]()
    event, crowd = begin(site, cell)
    stage = Stage(site, staging.where(event).festival, short)
    try:
        struck = strike(stage, fault, cell, crowd, event)
        loss = restore(cell, crowd, event) if cell.mode in fault.loses else Loss()
        expect(
            lambda: crowd.everybody_is_told, lambda: f"{STUDENTS - len(crowd.told)} students are never told"
        )
        present_late(crowd, loss)
        back_at(event, cell)
        again = crowd.ask_again(but={*loss.expected, *loss.forgotten})
        return judged(
            event, cell.mode, crowd, again, loss, struck.at_ms, (struck.in_flight, struck.unwritten)
        )
    finally:
        crowd.close()
        over(event)


def begin(site: Site, cell: Cell) -> tuple[Event, Crowd]:
    """Let a sale open in a moment, with a crowd that presses by itself from then on."""
    event = staging.make_event(staging.Wanted(ZONES, WAITLIST, Mode(cell.mode)))
    logins = staging.make_sessions(event, STUDENTS)
    staging.wait_for_places(event)
    staging.open_in(event, OPENS_IN_S)
    evenly = schedule(logins, weights_of(ZONES, ()), within_s=WITHIN_S, seed=cell.seed)
    presses = [replace(one, after_s=round(one.after_s / BURST_S) * BURST_S) for one in evenly]
    opens_at_ms = int(event.opens_at.timestamp() * 1000) + 2
    crowd = Crowd(Target.parse(site.url), Sale(str(event.pk), opens_at_ms, ZONES), presses, cell.seed)
    return event, crowd


def strike(stage: Stage, fault: Fault, cell: Cell, crowd: Crowd, event: Event) -> Struck:
    """Wait for the moment, break it, mend it; return when that was and what was under way."""
    moment = round(MOMENTS[cell.moment] * PLACES)
    reach(crowd, moment // 3)
    fault.begin(stage)
    reach(crowd, moment)
    struck = Struck()
    by_redis = cell.mode == Mode.REDIS
    with ExitStack() as stack:
        if by_redis and not fault.name.startswith("writer"):
            stack.enter_context(stage.site.paused("writeback"))  # as one whose turn it is not
        if not fault.clustered:
            stack.enter_context(fault.ready(stage))
        written = last_arrival(event)

        def unwritten() -> int:
            return sum(arrival > written for arrival in crowd.arrivals) if by_redis else 0

        wait(lambda: not by_redis or unwritten() > 0, "nobody was told of what is not written")
        if fault.clustered:
            stack.enter_context(fault.ready(stage))
        struck.unwritten = unwritten()
        wait(lambda: crowd.in_flight >= IN_FLIGHT, "no press was under way")
        struck.at_ms = time.time() * 1000
        fault.strike(stage)
        done_ms = time.time() * 1000
    fault.mend(stage)
    connection.close()  # it may be one to a server that was killed
    # By the client's own log: sent before the strike, and not answered until after it.
    before = [one for one in list(crowd.records) if 0 < one.sent_ms < struck.at_ms]
    struck.in_flight = sum(not one.answered_ms or one.answered_ms > done_ms for one in before)
    if not struck.in_flight:
        raise NotCounted("every press had its answer")
    return struck


def reach(crowd: Crowd, winners: int) -> None:
    """Wait until so many have been told that they have won."""
    wait(lambda: crowd.winners >= winners, f"not {winners} winners")


def wait(done: Any, otherwise: str) -> None:
    """Wait for something without missing its moment."""
    limit = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > limit:
            raise NotCounted(otherwise)
        time.sleep(0.001)


def last_arrival(event: Event) -> int:
    """Return the last arrival that stands in the rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT coalesce(max(arrival), 0) FROM ticketing_claim WHERE "group" = %s', [event.group_key]
        )
        return int(cursor.fetchone()[0])


# Receipts


def restore(cell: Cell, crowd: Crowd, event: Event, share: tuple[float, float] = (IN_TIME, LATE)) -> Loss:
    """Wait until the sale is being restored, say who will lose, and let those present who do so in time."""
    expect(lambda: has_begun(event), lambda: "nobody has noticed the loss")
    time.sleep(HEARD_S)
    loss = found_at_once(event, crowd, share=share, seed=cell.seed)
    loss.in_time_said = crowd.present(loss.in_time, seconds_left(event))
    return loss


def has_begun(event: Event) -> bool:
    """Tell whether the sale is being restored, once PostgreSQL answers."""
    try:
        return Recovery.objects.filter(group=event.group_key, ended_at=None).exists()
    except OperationalError:
        connection.close()
        return False


def seconds_left(event: Event) -> float:
    recovery = Recovery.objects.get(group=event.group_key, ended_at=None)
    return max(1.0, (recovery.until - timezone.now()).total_seconds())


def present_late(crowd: Crowd, loss: Loss) -> None:
    """Let those present who come too late: everything that was free has been given by now."""
    if loss.late:
        loss.late_said = crowd.present(loss.late, 20.0)


def back_at(event: Event, cell: Cell) -> None:
    """Wait until whoever the council wants decides again, so that Redis can be judged too."""
    expect(lambda: staging.authority(event) == cell.mode, lambda: f"mode {cell.mode} has not come back")


def over(event: Event) -> None:
    """End the sale of a cell, so that the site's next one is alone."""
    connection.close()
    ended = timezone.now() - timedelta(seconds=1)
    Event.objects.filter(pk=event.pk, opens_at__lt=ended).update(closes_at=ended)
