"""Tells Redis of ended logins at once; the priming loop would within a second, but the next press may come before."""

import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import redis

from accounts.models import Student
from festival.redis import sale
from ticketing.allocation.rush.keys import Keys
from ticketing.allocation.rush.loading import ended_sessions, student_line
from ticketing.models import Authority, Event, SaleCounter

log = logging.getLogger(__name__)


def tell_ended(sessions: Sequence[UUID], students: Sequence[int], **_signal: Any) -> None:
    """Write ended sessions and raised generations to every festival that Redis decides for.

    Accepted race: a roster that is being built anew in this very moment may undo it until the loop's next turn.
    """
    try:
        for festival in festivals():
            tell(Keys(festival, festival), [str(session) for session in sessions], students)
    except redis.RedisError:
        log.warning("Redis cannot be told of ended logins now: the priming loop will", exc_info=True)


def festivals() -> list[UUID]:
    """Return the festivals with a group that Redis decides for, or is about to."""
    groups = SaleCounter.objects.exclude(authority=Authority.DATABASE).values("group")
    events = Event.objects.filter(limit_group__in=groups) | Event.objects.filter(pk__in=groups)
    return [key for key in events.values_list("festival", flat=True).distinct().order_by() if key]


def tell(keys: Keys, sessions: list[str], students: Sequence[int]) -> None:
    """Write to one festival."""
    if ended := dict(ended_sessions(sessions)):
        sale().zadd(keys.of_festival("ended"), ended)
    found = Student.objects.filter(pk__in=students).values_list("pk", "generation", "status")
    lines: dict[Any, Any] = {pk: student_line(generation, status) for pk, generation, status in found}
    if lines:
        sale().hset(keys.of_festival("students"), mapping=lines)
