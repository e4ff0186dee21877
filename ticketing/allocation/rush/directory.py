"""Who decides for an event in mode `redis`, and its zones by name: a copy, at most a second old here."""

import json
import logging
from dataclasses import dataclass
from uuid import UUID

import redis
from django.core.cache import caches

from festival.errors import Unavailable
from festival.redis import sale
from ticketing.allocation.rush.keys import Keys, directory

log = logging.getLogger(__name__)
FRESH_SECONDS = 1
AWAY, NONE = "away", "none"


@dataclass(frozen=True, slots=True)
class Listed:
    """An event whose claims are decided in Redis."""

    event_id: UUID
    keys: Keys
    epoch: int
    name: str
    name_en: str
    zones: dict[str, UUID]

    def zone_name(self, zone: str) -> str:
        """Return the name of one of the event's zones."""
        return next(name for name, key in self.zones.items() if str(key) == zone)

    def text(self) -> str:
        """Return the entry as it stands in Redis."""
        zones = {name: str(key) for name, key in self.zones.items()}
        names = {"name": self.name, "name_en": self.name_en}
        place = {"festival": str(self.keys.festival), "group": str(self.keys.group), "epoch": self.epoch}
        return json.dumps({**place, **names, "zones": zones}, ensure_ascii=False)


def read(event_id: UUID, text: str) -> Listed:
    """Return an entry of the directory from its text."""
    found = json.loads(text)
    zones = {name: UUID(key) for name, key in found["zones"].items()}
    keys = Keys(UUID(found["festival"]), UUID(found["group"]))
    return Listed(event_id, keys, found["epoch"], found["name"], found["name_en"], zones)


def look_up(event_id: UUID, *, fresh: bool = False) -> Listed | None:
    """Return the event's entry, None when Redis does not decide for it; raises Unavailable when it cannot be asked.

    What was found is remembered for a second, that there is none and that Redis is away as well: who decides is fenced
    where it is decided, and whoever is turned away there looks again, fresh.
    """
    key = f"listed:{event_id}"
    remembered: Listed | str | None = None if fresh else caches["process"].get(key)
    if remembered is None:
        remembered = find(event_id)
        caches["process"].set(key, remembered, FRESH_SECONDS)
    if remembered == AWAY:
        raise Unavailable
    return remembered if isinstance(remembered, Listed) else None


def find(event_id: UUID) -> Listed | str:
    """Ask Redis for the event's entry: the entry, or the word for why there is none."""
    try:
        text = sale().get(directory(event_id))
    except redis.RedisError:
        log.warning("the directory of the sale cannot be read", exc_info=True)
        return AWAY
    return read(event_id, str(text)) if text is not None else NONE
