"""Checks of the real Redis servers: versions, settings that lose or throw away what a sale has acknowledged, replicas.

Run by `manage.py check --database default`, by `migrate`, and at the start of the web. Each master of a cluster is
asked. A server that is away is warned of, not refused: a web server that starts again in an outage must start.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

import redis
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution

from festival.redis import LIMITS, at_each_master, by_master, credentials
from festival.redis_address import PORT, Kind
from festival.redis_wait import Wait
from ticketing.allocation.rush.durability import Durability, configurations, following, judged

OLDEST_REDIS, OLDEST_WITH_WAITAOF = (7, 0), (7, 2)
KEEP_IT = "and write it into its configuration file, or with CONFIG REWRITE."


@register(Tags.database)
def sale_is_fit(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Name what is wrong with the servers that take the sale's writes."""
    if not databases:
        return []
    try:
        return [*sale_is_new_enough(), *sale_is_kept(), *replicas_are_there()]
    except redis.RedisError as error:
        return [away("The sale's Redis (REDIS_URL)", error)]


@register(Tags.database)
def cache_is_fit(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Name what is wrong with the cache's server."""
    if not databases:
        return []
    try:
        return list(cache_makes_room())
    except redis.RedisError as error:
        return [away("The cache (CACHE_URL)", error)]


def away(what: str, error: redis.RedisError) -> CheckMessage:
    words = f"{what} cannot be asked ({type(error).__name__}): its settings are not known."
    hint = "When it is there again: manage.py check --database default"
    return Caution(words, hint=hint, id="festival.W005")


def command(place: str, words: str) -> str:
    """Return the command that helps, for a server at host:port or a socket."""
    host, separator, port = place.rpartition(":")
    where = f"-h {host} -p {port}" if separator else f"-s {place}"
    return f"redis-cli {where} {words}"


def sale_is_new_enough() -> Iterator[CheckMessage]:
    """Refuse a Redis that does not know what the scripts ask of it."""
    for place, found in by_master("info", "server").items():
        version = version_of(found)
        if version < OLDEST_REDIS:
            yield Error(
                f"The sale's Redis at {place} is version {told(version)}: Redis 7 or newer, or Valkey, is needed.",
                hint=f"See it: {command(place, 'INFO server')}",
                id="festival.E005",
            )
        elif settings.REDIS_WAIT == Wait.REPLICA_FILE and version < OLDEST_WITH_WAITAOF:
            yield Error(
                f"The sale's Redis at {place} is version {told(version)}: FESTIVAL_REDIS_WAIT=replica-file needs 7.2.",
                hint="This helps without a newer server: FESTIVAL_REDIS_WAIT=replica",
                id="festival.E006",
            )


def version_of(found: Mapping[str, Any]) -> tuple[int, int]:
    """Return the version that INFO tells; Valkey tells that of the Redis it is like."""
    major, minor, *_rest = str(found["redis_version"]).split(".")
    return int(major), int(minor)


def told(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def sale_is_kept() -> Iterator[CheckMessage]:
    """Refuse a server that throws keys of a sale away, or forgets all at its end; warn of what it may forget."""
    for place, found in configurations().items():
        if problem := of_configuration(place, found):
            yield problem


def of_configuration(place: str, found: Mapping[str, str]) -> CheckMessage | None:
    """Return what is wrong with the configuration of a server."""
    match judged(found):
        case Durability.EVICTING:
            return Error(
                f"The sale's Redis at {place} throws keys away when its memory is full "
                f"(maxmemory-policy {found.get('maxmemory-policy')}).",
                hint=f"{command(place, 'CONFIG SET maxmemory-policy noeviction')}, {KEEP_IT}",
                id="festival.E007",
            )
        case Durability.NONE:
            kind = Caution if settings.REDIS_MAY_FORGET else Error
            return kind(
                f"The sale's Redis at {place} forgets what it has acknowledged: {why_it_forgets(found)}.",
                hint=f"{command(place, 'CONFIG SET appendonly yes appendfsync always')}, {KEEP_IT} "
                "Who accepts the loss of a sale sets FESTIVAL_REDIS_MAY_FORGET=yes.",
                id="festival.W008" if settings.REDIS_MAY_FORGET else "festival.E008",
            )
        case Durability.SECOND:
            return Caution(
                f"The sale's Redis at {place} loses up to the last two seconds of a sale when it dies "
                "(appendfsync everysec).",
                hint=f"{command(place, 'CONFIG SET appendfsync always')}, {KEEP_IT}",
                id="festival.W009",
            )
        case Durability.UNKNOWN:
            return Caution(
                f"The sale's Redis at {place} does not tell whether it keeps what it acknowledges (unknown).",
                hint="Let its user ask: ACL SETUSER … +config|get; where that cannot be, ask whoever runs it for "
                "appendonly yes, appendfsync always and maxmemory-policy noeviction.",
                id="festival.W010",
            )
    return None


def why_it_forgets(found: Mapping[str, str]) -> str:
    if found.get("appendonly") != "yes":
        return "it has no append-only file"
    return f"its append-only file is not synced (appendfsync {found.get('appendfsync')})"


def replicas_are_there() -> Iterator[CheckMessage]:
    """Warn of a master without the replica that FESTIVAL_REDIS_WAIT waits for, and of one that is slow to confirm."""
    if settings.REDIS_WAIT == Wait.NO:
        return
    for place, found in by_master("info", "replication").items():
        if not following(found):
            yield Caution(
                f"The sale's Redis at {place} has no replica, and FESTIVAL_REDIS_WAIT={settings.REDIS_WAIT}: "
                "claims of mode redis answer 503.",
                hint=f"On a replica: redis-cli REPLICAOF {place.replace(':', ' ')}. Or FESTIVAL_REDIS_WAIT=no",
                id="festival.W011",
            )
        if settings.REDIS_WAIT == Wait.REPLICA_FILE:
            yield from of_replicas(place, found)


def of_replicas(master: str, found: Mapping[str, Any]) -> Iterator[CheckMessage]:
    """Warn of replicas that do not sync at once: they confirm after a second, and claims answer 503 until then."""
    for name, value in found.items():
        if not name.startswith("slave") or not isinstance(value, dict):
            continue
        place = f"{value['ip']}:{value['port']}"
        its = configuration_of_replica(str(value["ip"]), int(value["port"]))
        if its is not None and judged(its) is not Durability.ALWAYS:
            yield Caution(
                f"The replica {place} of the sale's Redis at {master} confirms late, or never, what is in its file "
                f"(appendonly {its.get('appendonly')}, appendfsync {its.get('appendfsync')}).",
                hint=f"{command(place, 'CONFIG SET appendonly yes appendfsync always')}, {KEEP_IT}",
                id="festival.W012",
            )


def configuration_of_replica(host: str, port: int) -> dict[str, str] | None:
    """Return a replica's configuration, None when it cannot be asked from here: that says nothing about it."""
    address = settings.REDIS_SALE
    login = credentials(address)
    if address.kind == Kind.SERVER:
        parts = urlsplit(address.url)
        login = {
            "username": unquote(parts.username or "") or None,
            "password": unquote(parts.password or "") or None,
            "ssl": parts.scheme == "rediss",
        }
    try:
        with redis.Redis(host=host, port=port, decode_responses=True, **login, **LIMITS) as client:
            return dict(client.config_get("appendonly", "appendfsync", "maxmemory", "maxmemory-policy"))
    except redis.RedisError:
        return None


def cache_makes_room() -> Iterator[CheckMessage]:
    """Warn of a cache that refuses to be written when it is full: log-ins and budgets would answer 503."""
    parts = urlsplit(settings.CACHE_URL)
    place = parts.path if parts.scheme == "unix" else f"{parts.hostname}:{parts.port or PORT}"
    with redis.Redis.from_url(settings.CACHE_URL, **LIMITS, decode_responses=True) as client:
        found = client.info()
    if found["run_id"] in runs_of_sale():
        return  # another database of the sale's server, which must rather refuse to be written than throw keys away
    if found.get("maxmemory") and found.get("maxmemory_policy") == "noeviction":
        yield Caution(
            f"The cache at {place} refuses to be written when it is full (maxmemory-policy noeviction): "
            "pages that need a session answer 503 then.",
            hint=f"{command(place, 'CONFIG SET maxmemory-policy allkeys-lru')}, {KEEP_IT}",
            id="festival.W013",
        )


def runs_of_sale() -> set[str]:
    """Return which runs of servers the sale's masters are, none while they are away."""
    try:
        return {found["run_id"] for found in at_each_master("info", "server")}
    except redis.RedisError:
        return set()
