"""Whether what the sale's Redis acknowledges survives its death, as its own configuration says."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import redis
from django.conf import settings

from festival.redis import by_master
from festival.redis_wait import Wait


class Durability(StrEnum):
    """How much of what was acknowledged a crash of the server may cost, the least first."""

    ALWAYS = "always"  # nothing: each write is on the disk before its answer
    SECOND = "everysec"  # the last second, two when the disk is slow
    UNKNOWN = "unknown"  # the server does not tell its configuration
    NONE = "none"  # everything since the last snapshot, or all
    EVICTING = "evicting"  # keys of the sale may be thrown away when memory is short


BY_WORTH = list(Durability)
ASKED = ("appendonly", "appendfsync", "maxmemory-policy", "maxmemory")
CRASH = {Durability.ALWAYS: "crash", Durability.SECOND: "crash but for its last two seconds"}
LOSS: dict[str, str] = {
    Wait.REPLICA: "loss of the server",
    Wait.REPLICA_FILE: "loss of the server in a power cut",
}


def durability() -> Durability:
    """Ask every master and return what the worst of them says; raises ConnectionError when one is away."""
    return max(map(judged, configurations().values()), key=BY_WORTH.index)


def configurations() -> dict[str, dict[str, str]]:
    """Return what each master says of its configuration, by host:port; raises ConnectionError."""
    try:
        return by_master("config_get", *ASKED)
    except redis.ResponseError:
        pass
    try:
        return {place: from_info(found) for place, found in by_master("info").items()}
    except redis.ResponseError:
        return {place: {} for place in by_master("ping")}


def from_info(found: Mapping[str, Any]) -> dict[str, str]:
    """Return the part of its configuration that a server tells everybody, even where CONFIG is forbidden."""
    told = {"maxmemory": found.get("maxmemory"), "maxmemory-policy": found.get("maxmemory_policy")}
    known = {name: str(value) for name, value in told.items() if value is not None}
    return known | ({"appendonly": "no"} if found.get("aof_enabled") == 0 else {})


def judged(found: Mapping[str, str]) -> Durability:
    """Return what a configuration promises."""
    if found.get("maxmemory", "0") != "0" and found.get("maxmemory-policy") != "noeviction":
        return Durability.EVICTING
    if "appendonly" not in found:
        return Durability.UNKNOWN
    if found["appendonly"] != "yes":
        return Durability.NONE
    return {"always": Durability.ALWAYS, "everysec": Durability.SECOND}.get(
        str(found.get("appendfsync")), Durability.NONE
    )


def promise(found: Durability) -> str:
    """Return what a claim that was acknowledged survives, in a few words."""
    if found in (Durability.NONE, Durability.EVICTING):
        return "nothing"  # a server that starts again empty has its replicas follow it
    survived = [CRASH.get(found, ""), LOSS.get(settings.REDIS_WAIT, "")]
    return ", ".join(filter(None, survived)) or "unknown"


def replicas() -> dict[str, int]:
    """Return how many replicas follow each master, by host:port; raises RedisError."""
    return {place: following(found) for place, found in by_master("info", "replication").items()}


def following(found: Mapping[str, Any]) -> int:
    """Return how many replicas have what a master has, but for the last moment."""
    told = [value for name, value in found.items() if name.startswith("slave") and isinstance(value, dict)]
    return sum(replica.get("state") == "online" for replica in told)


def waits_for_nobody() -> bool:
    """Tell whether answers wait for a replica where a master has none: then no claim is told."""
    return settings.REDIS_WAIT != Wait.NO and not all(replicas().values())
