"""Tells Redis of ended logins at once; the priming loop would within a second, but the next press may come before."""

import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import redis

from accounts.models import Student
from festival.errors import FestivalError
from ticketing.allocation.rush.keys import Keys
from ticketing.allocation.rush.roster import end_logins, ended_sessions
from ticketing.models import Authority, Event, SaleCounter

log = logging.getLogger(__name__)


def tell_ended(sessions: Sequence[UUID], students: Sequence[int], **_signal: Any) -> None:
    """Write ended sessions and raised generations to every festival that Redis decides for, or is about to."""
    try:
        for festival in festivals():
            tell(Keys(festival, festival), [str(session) for session in sessions], students)
    except (redis.RedisError, FestivalError):
        log.warning("Redis cannot be told of ended logins now: the priming loop will", exc_info=True)


def festivals() -> list[UUID]:
    """Return the festivals with a group that Redis decides for, or is about to."""
    groups = SaleCounter.objects.exclude(authority=Authority.DATABASE).values("group")
    events = Event.objects.filter(limit_group__in=groups) | Event.objects.filter(pk__in=groups)
    return [key for key in events.values_list("festival", flat=True).distinct().order_by() if key]


def tell(keys: Keys, sessions: list[str], students: Sequence[int]) -> None:
    """Write to one festival."""
    raised = Student.objects.filter(pk__in=students).values_list("pk", "generation")
    end_logins(keys, dict(ended_sessions(sessions)), dict(raised))
