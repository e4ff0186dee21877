"""What happened to an event over time: what its plots show, as plain values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import ceil
from pathlib import Path
from typing import Any
from uuid import UUID

import redis
from django.db import connection
from django.utils import timezone

from ticketing.live.tally import refused
from ticketing.models import Event, Zone
from ticketing.models.authority import Answer

SQL = Path(__file__).with_name("series.sql").read_text(encoding="utf-8")
MOST_STEPS = 60
MINUTE, HOUR, DAY = 60, 3600, 86_400
LENGTHS = (10, 30, MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY)
ANSWERS = tuple(Answer.values)
REFUSED = "refused"


class Span(StrEnum):
    """Which time a plot shows."""

    START = "start"
    NOW = "now"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Steps:
    """A time in equal steps; `begin` in seconds of the epoch, `step` in seconds."""

    begin: int
    step: int
    number: int


def usual(event: dict[str, Any]) -> Span:
    """Return which time tells most of an event now: its first minutes, then the last ones, then all of it."""
    now = timezone.now()
    if now > event["closes_at"]:
        return Span.ALL
    return Span.START if (now - event["opens_at"]).total_seconds() < 10 * MINUTE else Span.NOW


def steps_of(event: Event, span: Span, now: datetime) -> Steps:
    """Return the steps of a span: five minutes from the opening, the last ten, or from the opening until it is over."""
    opening = int(event.opens_at.timestamp())
    if span == Span.START:
        return Steps(opening, 5, MOST_STEPS)
    if span == Span.NOW:
        end = ceil(now.timestamp() / 10) * 10
        return Steps(end - 10 * MINUTE, 10, MOST_STEPS)
    end = max(opening + 10 * MINUTE, int(min(now, event.closes_at).timestamp()))
    step = next((each for each in LENGTHS if (end - opening) / each <= MOST_STEPS), 0)
    step = step or ceil((end - opening) / MOST_STEPS / DAY) * DAY
    begin = opening // step * step
    return Steps(begin, step, ceil((end - begin) / step))


def of_event(event_id: UUID, span: Span) -> dict[str, Any]:
    """Return what an event's plots show; raises Event.DoesNotExist."""
    event = Event.objects.get(pk=event_id)
    steps = steps_of(event, span, timezone.now())
    answers = {answer: [0] * steps.number for answer in ANSWERS}
    zones = {str(zone.pk): zone for zone in Zone.objects.filter(event=event).order_by("name", "id")}
    given = {zone: [0] * (steps.number + 1) for zone in zones}  # the first stands for all before
    minutes: dict[int, int] = {}
    for kind, what, place, number in rows(event_id, steps):
        if kind == "entered":
            minutes[place] = number
        elif kind == "answer":
            answers[what][place] += number
        else:
            given[what][place + 1] += number if kind == "given" else -number
    return {
        "begin": steps.begin,
        "step": steps.step,
        "until": int(timezone.now().timestamp()),
        "answers": answers | {REFUSED: refusals(event_id, steps)},
        "zones": [
            {
                "name": zone.name,
                "name_en": zone.name_en,
                "capacity": zone.capacity,
                "given": summed(given[key]),
            }
            for key, zone in zones.items()
        ],
        "entered": last_hour(minutes),
    }


def rows(event_id: UUID, steps: Steps) -> list[tuple[str, str, int, int]]:
    """Ask for all of it by one statement."""
    values: dict[str, Any] = {
        "event": event_id,
        "begin": steps.begin,
        "step": steps.step,
        "steps": steps.number,
    }
    with connection.cursor() as cursor:
        cursor.execute(SQL, values)
        return list(cursor.fetchall())


def refusals(event_id: UUID, steps: Steps) -> list[int] | None:
    """Return how many presses were refused in each step; None when the cache that counts them cannot be asked."""
    try:
        return refused(event_id, begin=steps.begin, step=steps.step, steps=steps.number)
    except redis.RedisError:
        return None


def summed(changes: list[int]) -> list[int]:
    """Return how many there were at the end of each step, from what each has changed."""
    found, total = [], 0
    for change in changes:
        total += change
        found.append(total)
    return found[1:]


def last_hour(minutes: dict[int, int]) -> dict[str, Any]:
    """Return the entries of each minute of the hour that ends with the last one."""
    if not minutes:
        return {"begin": 0, "step": MINUTE, "each": []}
    begin = max(minutes) - MOST_STEPS + 1
    each = [minutes.get(begin + place, 0) for place in range(MOST_STEPS)]
    return {"begin": begin * MINUTE, "step": MINUTE, "each": each}
