"""The streams that rows follow: how far behind each is, why one has stopped, and letting it try again."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import redis
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from ticketing.allocation.rush.keys import Keys
from ticketing.models import Authority, Event, LimitGroup, SaleCounter, StreamPosition
from ticketing.writeback import Lag, groups, lag_behind, release

NEWEST = 10
# What keeps an entry out of the rows, by a word of the recorded cause.
MEANINGS: tuple[tuple[str, Promise], ...] = (
    ("one_live_ticket_per_place", gettext_lazy("Another ticket is recorded for this place.")),
    ("one_live_ticket_per_student", gettext_lazy("Another ticket is recorded for this student.")),
    (
        "Unreadable",
        gettext_lazy("The decision is not one that this version understands, or one before it is missing."),
    ),
    ("DataError", gettext_lazy("The decision says something that cannot be recorded.")),
    ("_fk_", gettext_lazy("The decision names something that is not there any more.")),
)


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a stream has stopped, since when, and why: in plain words, and as it is recorded."""

    entry: str
    at: datetime
    meaning: str
    cause: str


@dataclass(frozen=True, slots=True)
class Stream:
    """The stream of a limit group; `lag` is None when Redis cannot be asked now."""

    group: UUID
    name: str
    lag: Lag | None
    stop: Stop | None


def streams() -> list[Stream]:
    """Return the streams of the groups that Redis decides for, and those that have stopped; the worst first."""
    behind, stopped = asked(), StreamPosition.objects.filter(stopped_at__isnull=False)
    in_redis = SaleCounter.objects.exclude(authority=Authority.DATABASE).values_list("group", flat=True)
    known = {*(behind or {}), *in_redis, *stopped.values_list("group", flat=True)}
    names, positions = names_of(known), StreamPosition.objects.in_bulk(known)
    found = [
        Stream(
            group,
            names.get(group, str(group)),
            behind.get(group) if behind else None,
            stop_of(positions.get(group)),
        )
        for group in known
    ]
    return sorted(
        found,
        key=lambda stream: (stream.stop is None, -(stream.lag.seconds if stream.lag else 0), stream.name),
    )


def asked() -> dict[UUID, Lag] | None:
    """Return how far the rows of each group in Redis are behind; None when it cannot be asked now."""
    try:
        found: list[Keys] = groups()
        positions = StreamPosition.objects.in_bulk([keys.group for keys in found])
        return {keys.group: lag_behind(keys, positions.get(keys.group)) for keys in found}
    except redis.RedisError:
        return None


def names_of(keys: Iterable[UUID]) -> dict[UUID, str]:
    """Return what the council calls groups: their own name, with their events, or that of the one event."""
    events = Event.objects.filter(Q(limit_group__in=keys) | Q(pk__in=keys, limit_group=None)).order_by(
        "opens_at", "id"
    )
    names: dict[UUID, list[str]] = {}
    for event in events:
        names.setdefault(event.group_key, []).append(event.name)
    own = LimitGroup.objects.in_bulk(keys)
    return {
        key: f"{own[key].name}: {', '.join(its)}" if key in own else ", ".join(its)
        for key, its in names.items()
    }


def stop_of(position: StreamPosition | None) -> Stop | None:
    """Return where and why a stream has stopped."""
    if position is None or position.stopped_at is None:
        return None
    entry, _colon, cause = position.stopped_by.partition(":")
    return Stop(entry, position.stopped_at, meaning_of(cause), cause.strip())


def meaning_of(cause: str) -> str:
    """Return what keeps an entry out of the rows, in plain words."""
    for word, meaning in MEANINGS:
        if word in cause:
            return str(meaning)
    return _("The decision breaks a rule by which sales are recorded.")


def try_again(group: UUID, *, user: User) -> bool:
    """Let a stopped stream try its entry again, and record who did; False when it is not stopped."""
    with transaction.atomic():
        position = StreamPosition.objects.select_for_update().filter(group=group).first()
        if position is None or not release(group):
            return False
        LogEntry.objects.log_actions(
            user.pk, [position], CHANGE, change_message=position.stopped_by, single_object=True
        )
    return True


def releases() -> QuerySet[LogEntry]:
    """Return who let which stream try which entry again, the newest first."""
    kind = ContentType.objects.get_for_model(StreamPosition)
    return (
        LogEntry.objects.filter(content_type=kind)
        .select_related("user")
        .order_by("-action_time", "-pk")[:NEWEST]
    )
