"""What Redis goes by at present, for whoever compares it with what is wanted; raises Unavailable."""

from dataclasses import dataclass
from uuid import UUID

from ticketing.allocation.rush.keys import Keys
from ticketing.allocation.rush.reading import ask


@dataclass(frozen=True, slots=True)
class Places:
    """The places of a zone: how many there are, and how many of them nobody has."""

    made: int
    free: int


def sale_of(keys: Keys, event: UUID) -> dict[str, str]:
    """Return the times, the pause and the rest of an event's sale; empty while it is not loaded."""
    found: dict[str, str] = ask("hgetall", keys.of_event(event, "conf"))
    return found


def places_of(keys: Keys, zone: UUID) -> Places | None:
    """Return the places of a zone; None while it has none made."""
    top, following = ask("hmget", keys.of_zone(zone, "state"), ["top", "next"])
    if top is None:
        return None
    gone: int = ask("zcard", keys.of_zone(zone, "removed"))
    freed: int = ask("zcard", keys.of_zone(zone, "freed"))
    return Places(int(top) - gone, freed + max(0, int(top) - int(following) + 1))
