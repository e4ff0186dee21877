"""The one client of the sale's Redis (`REDIS_URL`); the cache has its own, made by django-redis.

No command is sent twice (redis-py's client of a cluster would repeat it ten times): what lost its answer may have been
decided. The student hears `unavailable` and presses again, and then the script says `already_won`: the same ticket.
What a node of a cluster turns away (MOVED, ASK, an unknown script) was not done there, and goes on to where it is done.

No process opens more connections than its threads need: who finds all of them in use waits for one.
"""

from functools import cache
from threading import Lock
from typing import Any, cast

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.connection import BlockingConnectionPool
from redis.exceptions import RedisClusterException
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelConnectionPool

from festival.redis_address import Kind, RedisAddress
from festival.redis_wait import Hearing

LIMITS: dict[str, Any] = {"socket_connect_timeout": 1, "socket_timeout": 1}
TURN_SECONDS = 1  # in which a thread gets one of the connections


def once() -> Retry:
    """Return the rule that nothing is repeated."""
    return Retry(NoBackoff(), 0)


def pooled() -> dict[str, Any]:
    """Return how many connections this process opens to a server, and how long a thread waits for one."""
    return {"max_connections": settings.REDIS_POOL_SIZE, "timeout": TURN_SECONDS}


def bounded(pool: redis.ConnectionPool) -> BlockingConnectionPool:
    """Return a pool of the same kind of connections that opens no more of them than threads need."""
    kind, options = pool.connection_class, pool.connection_kwargs
    return BlockingConnectionPool(connection_class=kind, **pooled(), **options)  # type: ignore[no-untyped-call]


replacing = Lock()


class SentinelPool(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to the master that the Sentinels name, of which there are no more than threads need."""


class Cluster(RedisCluster):
    """A cluster's client whose faults are all RedisErrors, as those of one server are."""

    def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().execute_command(*args, **kwargs)  # type: ignore[no-untyped-call]
        except RedisClusterException as error:
            raise redis.ConnectionError(str(error)) from error

    def get_redis_connection(self, node: ClusterNode) -> redis.Redis:
        """Return the client of a node: one that opens no more connections than threads need."""
        client = super().get_redis_connection(node)
        if not isinstance(client, Hearing):
            with replacing:
                if not isinstance(node.redis_connection, Hearing):
                    node.redis_connection = Hearing.from_pool(bounded(client.connection_pool))
        return cast(redis.Redis, node.redis_connection)


@cache
def sale() -> redis.Redis:
    """Return this process's client of the sale's Redis.

    It connects at its first command; a cluster's asks for the places of the slots now, and raises ConnectionError when
    no node tells. Multi-key commands are for keys of one festival only.
    """
    return client_of(settings.REDIS_SALE)


def close() -> None:
    """Close this process's connections to the sale's Redis, where it has any."""
    if sale.cache_info().currsize:
        sale().close()


def client_of(address: RedisAddress) -> redis.Redis:
    """Return a client of an address, which answers in text."""
    if address.kind == Kind.CLUSTER:
        return cast(redis.Redis, cluster_of(address))  # the same commands
    if address.kind == Kind.SENTINEL:
        return master_of(address)
    pool = BlockingConnectionPool.from_url(
        address.url, retry=once(), decode_responses=True, **pooled(), **LIMITS
    )
    return Hearing.from_pool(pool)


def credentials(address: RedisAddress) -> dict[str, Any]:
    return {"username": address.username, "password": address.password, "ssl": address.tls}


def cluster_of(address: RedisAddress) -> Cluster:
    """Return a client that knows which node has which slot."""
    nodes = [ClusterNode(*host) for host in address.hosts]  # type: ignore[no-untyped-call]
    try:
        return Cluster(
            startup_nodes=nodes,
            retry=once(),
            decode_responses=True,
            maint_notifications_config=MaintNotificationsConfig(enabled=False),
            **credentials(address),
            **LIMITS,
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
        redis_class=Hearing,
        connection_pool_class=SentinelPool,
        db=address.database,
        retry=once(),
        decode_responses=True,
        **pooled(),
        **credentials(address),
        **LIMITS,
    )
    return master


def at_each_master(command: str, *args: Any) -> list[Any]:
    """Run a command that names no key at every server that takes writes; return their answers."""
    return list(by_master(command, *args).values())


def by_master(command: str, *args: Any) -> dict[str, Any]:
    """Run a command that names no key at every server that takes writes; return their answers by host:port."""
    client = cast(redis.Redis | Cluster, sale())
    if not isinstance(client, Cluster):
        return {place_of(client): getattr(client, command)(*args)}
    masters = client.get_primaries()  # type: ignore[no-untyped-call]
    return {node.name: getattr(client, command)(*args, target_nodes=node) for node in masters}


def place_of(client: redis.Redis) -> str:
    """Return where a client's server is, as host:port or the path of its socket."""
    pool = client.connection_pool
    if isinstance(pool, SentinelPool):
        host, port = pool.get_master_address()  # type: ignore[no-untyped-call]
        return f"{host}:{port}"
    options = pool.connection_kwargs
    return str(options.get("path") or f"{options.get('host', 'localhost')}:{options.get('port', 6379)}")
