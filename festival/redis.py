"""The one client of the sale's Redis (`REDIS_URL`); the cache has its own, made by django-redis.

No command is sent twice (redis-py's client of a cluster would repeat it ten times): what lost its answer may have been
decided. The student hears `unavailable` and presses again, and then the script says `already_won`: the same ticket.
What a node of a cluster turns away (MOVED, ASK, an unknown script) was not done there, and goes on to where it is done.
"""

from functools import cache
from typing import Any, cast

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import RedisClusterException
from redis.retry import Retry
from redis.sentinel import Sentinel

from festival.redis_address import Kind, RedisAddress

LIMITS: dict[str, Any] = {"socket_connect_timeout": 1, "socket_timeout": 1}


def once() -> Retry:
    """Return the rule that nothing is repeated."""
    return Retry(NoBackoff(), 0)


class Cluster(RedisCluster):
    """A cluster's client whose faults are all RedisErrors, as those of one server are."""

    def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().execute_command(*args, **kwargs)  # type: ignore[no-untyped-call]
        except RedisClusterException as error:
            raise redis.ConnectionError(str(error)) from error


@cache
def sale() -> redis.Redis:
    """Return this process's client of the sale's Redis.

    It connects at its first command; a cluster's asks for the places of the slots now, and raises ConnectionError when
    no node tells. Multi-key commands are for keys of one festival only.
    """
    return client_of(settings.REDIS_SALE)


def client_of(address: RedisAddress) -> redis.Redis:
    """Return a client of an address, which answers in text."""
    if address.kind == Kind.CLUSTER:
        return cast(redis.Redis, cluster_of(address))  # the same commands
    if address.kind == Kind.SENTINEL:
        return master_of(address)
    return redis.Redis.from_url(address.url, retry=once(), decode_responses=True, **LIMITS)


def credentials(address: RedisAddress) -> dict[str, Any]:
    return {"username": address.username, "password": address.password, "ssl": address.tls}


def cluster_of(address: RedisAddress) -> Cluster:
    """Return a client that knows which node has which slot."""
    nodes = [ClusterNode(*host) for host in address.hosts]  # type: ignore[no-untyped-call]
    try:
        return Cluster(
            startup_nodes=nodes, retry=once(), decode_responses=True, **credentials(address), **LIMITS
        )
    except RedisClusterException as error:
        raise redis.ConnectionError(str(error)) from error


def master_of(address: RedisAddress) -> redis.Redis:
    """Return a client of the master that the Sentinels name whenever a connection is opened."""
    password = settings.SENTINEL_PASSWORD or None
    asking = {**LIMITS, "retry": once(), "password": password, "ssl": address.tls}
    sentinel = Sentinel(address.hosts, sentinel_kwargs=asking)  # type: ignore[no-untyped-call]
    master: redis.Redis = sentinel.master_for(  # type: ignore[no-untyped-call]
        address.master,
        db=address.database,
        retry=once(),
        decode_responses=True,
        **credentials(address),
        **LIMITS,
    )
    return master


def at_each_master(command: str, *args: Any) -> list[Any]:
    """Run a command that names no key at every server that takes writes; return their answers."""
    client = cast(redis.Redis | Cluster, sale())
    if not isinstance(client, Cluster):
        return [getattr(client, command)(*args)]
    masters = client.get_primaries()  # type: ignore[no-untyped-call]
    return [getattr(client, command)(*args, target_nodes=node) for node in masters]
