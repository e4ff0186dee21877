"""Whether what the sale's Redis acknowledges survives its death, as its own configuration says."""

from collections.abc import Mapping
from enum import StrEnum

import redis

from festival.redis import at_each_master


class Durability(StrEnum):
    """How much of what was acknowledged a crash of the server may cost, the least first."""

    ALWAYS = "always"  # nothing: each write is on the disk before its answer
    SECOND = "everysec"  # the last second
    UNKNOWN = "unknown"  # the server does not tell its configuration
    NONE = "none"  # everything since the last snapshot, or all
    EVICTING = "evicting"  # keys of the sale may be thrown away when memory is short


BY_WORTH = list(Durability)
ASKED = ("appendonly", "appendfsync", "maxmemory-policy", "maxmemory")


def durability() -> Durability:
    """Ask every master and return what the worst of them says; raises ConnectionError when one is away."""
    try:
        configurations = at_each_master("config_get", *ASKED)
    except redis.ResponseError:
        return Durability.UNKNOWN
    return max(map(judged, configurations), key=BY_WORTH.index)


def judged(found: Mapping[str, str]) -> Durability:
    """Return what a configuration promises."""
    if found.get("maxmemory") != "0" and found.get("maxmemory-policy") != "noeviction":
        return Durability.EVICTING
    if found.get("appendonly") != "yes":
        return Durability.NONE
    return {"always": Durability.ALWAYS, "everysec": Durability.SECOND}.get(
        str(found.get("appendfsync")), Durability.NONE
    )
