"""How a sale stands: what its authority goes by now beside what the council wants, and how far the rows are behind."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import redis
from django.db.models import Count, Q
from django.template.defaultfilters import date
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from festival.errors import Unavailable
from ticketing.allocation.rush.applied import Places, places_of, sale_of
from ticketing.allocation.rush.keys import Keys
from ticketing.allocation.rush.lines import moment
from ticketing.allocation.rush.loading import wanted_of
from ticketing.models import Authority, Event, Mode, Promotion, SaleCounter, StreamPosition, Zone
from ticketing.writeback import Lag, lag_behind

NOTHING = "–"
FOLLOWS = {Mode.DATABASE: Authority.DATABASE, Mode.REDIS: Authority.REDIS}


@dataclass(frozen=True, slots=True)
class Wish:
    """Something that is wanted of a sale and not applied yet, in words."""

    label: str
    wanted: str
    applied: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How the sale of an event stands; `authority` is None while it is being prepared.

    Where Redis decides and cannot be asked now, `asked` is False and nothing more is known.
    """

    authority: Authority | None
    asked: bool = True
    wishes: tuple[Wish, ...] = ()
    places: Mapping[UUID, Places] = field(default_factory=dict)
    lag: Lag | None = None

    @property
    def in_redis(self) -> bool:
        return self.authority == Authority.REDIS


def yes_or_no(text: str) -> str:
    return _("yes") if text == "1" else _("no")


def at_time(text: str) -> str:
    return date(localtime(moment(text)), "DATETIME_FORMAT")


def promotion(text: str) -> str:
    return str(Promotion(text).label) if text in Promotion.values else text


def minutes(milliseconds: str) -> str:
    return str(int(milliseconds) // 60_000)


def time_of_day(minute: str) -> str:
    return f"{int(minute) // 60:02}:{int(minute) % 60:02}"


# What Redis calls it: the event's field, and how its text is read.
FIELDS: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "opens": ("opens_at", at_time),
    "closes": ("closes_at", at_time),
    "doors": ("doors_open_at", at_time),
    "paused": ("paused", yes_or_no),
    "reason": ("pause_reason", str),
    "reason_en": ("pause_reason_en", str),
    "resumes": ("resumes_at", at_time),
    "waitlist": ("waitlist_size", str),
    "promotion": ("promotion", promotion),
    "offer": ("offer_minutes", minutes),
    "quiet_from": ("quiet_from", time_of_day),
    "quiet_until": ("quiet_until", time_of_day),
    "last": ("promotions_end_at", at_time),
}


def standing_of(event: Event) -> Standing:
    """Return how the sale of an event stands, with the places of its zones."""
    return standings_of([event], with_places=True)[event.pk]


def standings_of(events: Sequence[Event], *, with_places: bool = False) -> dict[UUID, Standing]:
    """Return how the sales of events stand; once Redis has not answered, it is not asked for the others."""
    groups = [event.group_key for event in events]
    counters = SaleCounter.objects.in_bulk(groups)
    positions = StreamPosition.objects.in_bulk(groups)
    found: dict[UUID, Standing] = {}
    reachable = True
    for event in events:
        counter = counters.get(event.group_key)
        authority = Authority(counter.authority) if counter else None
        if authority != Authority.REDIS:
            found[event.pk] = in_rows(event, authority, with_places=with_places)
            continue
        standing = None
        if reachable:
            standing = in_redis(event, positions.get(event.group_key), with_places=with_places)
        reachable = standing is not None
        found[event.pk] = standing or Standing(
            authority, asked=False, wishes=tuple(other_mode(event, authority))
        )
    return found


def worst(standings: Iterable[Standing]) -> Standing | None:
    """Return of the sales that Redis decides the one about which the rows tell least."""

    def trouble(standing: Standing) -> tuple[bool, bool, float]:
        lag = standing.lag
        return not standing.asked, bool(lag and lag.stopped_by), lag.seconds if lag else 0

    return max((standing for standing in standings if standing.in_redis), key=trouble, default=None)


def in_rows(event: Event, authority: Authority | None, *, with_places: bool) -> Standing:
    """Return how a sale stands that PostgreSQL decides, or nobody for the moment: the rows are what is applied."""
    zones = Zone.objects.filter(event=event, state__isnull=False) if with_places else Zone.objects.none()
    counted = zones.annotate(free=Count("places", filter=Q(places__free=True))).select_related("state")
    places = {zone.pk: Places(zone.state.capacity, zone.free) for zone in counted}
    return Standing(authority, wishes=tuple(other_mode(event, authority)), places=places)


def in_redis(event: Event, position: StreamPosition | None, *, with_places: bool) -> Standing | None:
    """Return how a sale stands that Redis decides; None when it cannot be asked now."""
    if event.festival_id is None:
        return None
    keys = Keys(event.festival_id, event.group_key)
    zones = Zone.objects.filter(event=event).values_list("pk", flat=True) if with_places else []
    try:
        wishes = [*other_mode(event, Authority.REDIS), *differences(event, sale_of(keys, event.pk))]
        found = {zone: places_of(keys, zone) for zone in zones}
        behind = lag_behind(keys, position)
    except (Unavailable, redis.RedisError):
        return None
    places = {zone: its for zone, its in found.items() if its is not None}
    return Standing(Authority.REDIS, wishes=tuple(wishes), places=places, lag=behind)


def other_mode(event: Event, authority: Authority | None) -> Iterable[Wish]:
    """Yield the wish for another mode than the present one."""
    wanted = FOLLOWS[Mode(event.mode)]
    if authority is not None and authority != wanted:
        yield Wish(label_of("mode"), str(wanted.label), str(authority.label))


def differences(event: Event, applied: Mapping[str, str]) -> Iterable[Wish]:
    """Yield what of a sale is wanted otherwise than Redis has it."""
    for name, wanted in wanted_of(event).items():
        present = applied.get(name, "")
        if name in FIELDS and wanted != present:
            its_field, read = FIELDS[name]
            yield Wish(label_of(its_field), *(read(text) if text else NOTHING for text in (wanted, present)))


def label_of(name: str) -> str:
    """Return what the council's form calls a field of an event."""
    return capfirst(str(Event._meta.get_field(name).verbose_name))  # type: ignore[union-attr]  # a field of its own
