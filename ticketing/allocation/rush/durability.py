"""Whether what the sale's Redis acknowledges survives its death, as its own configuration says."""

from enum import StrEnum

import redis

from festival.redis import sale


class Durability(StrEnum):
    """How much of what was acknowledged a crash of the server may cost."""

    ALWAYS = "always"  # nothing: each write is on the disk before its answer
    SECOND = "everysec"  # the last second
    NONE = "none"  # everything since the last snapshot, or all
    EVICTING = "evicting"  # keys of the sale may be thrown away when memory is short
    UNKNOWN = "unknown"  # the server does not tell its configuration


def durability() -> Durability:
    """Ask the server; raises redis.ConnectionError and the like when it is away."""
    try:
        found = sale().config_get("appendonly", "appendfsync", "maxmemory-policy", "maxmemory")
    except redis.ResponseError:
        return Durability.UNKNOWN
    if found.get("maxmemory") != "0" and found.get("maxmemory-policy") != "noeviction":
        return Durability.EVICTING
    if found.get("appendonly") != "yes":
        return Durability.NONE
    return {"always": Durability.ALWAYS, "everysec": Durability.SECOND}.get(
        str(found.get("appendfsync")), Durability.NONE
    )
