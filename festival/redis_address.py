"""Where the sale's Redis is, read from one address: a server, a cluster, or the master that Sentinels name."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, unquote, urlsplit

from festival.env import Environment

SERVER_SCHEMES = ("redis", "rediss", "unix")
SEVERAL_SCHEMES = ("redis+cluster", "rediss+cluster", "redis+sentinel", "rediss+sentinel")
PORT, SENTINEL_PORT = 6379, 26379
SEVERAL = re.compile(
    r"(?P<redis>rediss?)\+(?P<kind>cluster|sentinel)://"
    r"(?:(?P<username>[^:@/?#]*):(?P<password>[^@/?#]*)@)?(?P<hosts>[^@/?#]+)(?P<path>/[^?#]*)?"
)
HOST = re.compile(r"(?P<name>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")
MASTER = re.compile(r"/(?P<name>[A-Za-z0-9._-]+)(?:/(?P<database>[0-9]{1,4}))?")


class Kind(StrEnum):
    """How the sale's Redis is run."""

    SERVER = "server"
    CLUSTER = "cluster"
    SENTINEL = "sentinel"


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """An address of the sale's Redis; of a server the URL says everything."""

    kind: Kind
    url: str = field(repr=False)  # it holds the password
    hosts: tuple[tuple[str, int], ...] = ()
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    master: str = ""
    database: int = 0

    def is_same_database(self, other: SplitResult) -> bool:
        """Tell whether another server's address is this database; what Sentinels name is known only to them."""
        host, port = other.hostname, other.port or PORT
        if self.kind == Kind.CLUSTER:
            return (host, port) in self.hosts
        if self.kind == Kind.SENTINEL:
            return False
        own = urlsplit(self.url)
        databases = (own.path.strip("/") or "0", other.path.strip("/") or "0")
        return (own.hostname, own.port or PORT) == (host, port) and databases[0] == databases[1]


def read_redis(env: Environment, name: str) -> RedisAddress:
    """Return the address in a variable; a wrong one is noted as a mistake that never repeats the password."""
    value = env.text(name)
    if value.partition("://")[0] not in SEVERAL_SCHEMES:
        return RedisAddress(Kind.SERVER, env.url(name, SERVER_SCHEMES + SEVERAL_SCHEMES).geturl())
    form = SEVERAL.fullmatch(value)
    if form is None:
        env.mistake(name, "must be like redis+cluster://:password@host:port,host:port")
        return RedisAddress(Kind.SERVER, "")
    kind = Kind(form["kind"])
    hosts = tuple(read_host(env, name, kind, text) for text in form["hosts"].split(","))
    master, database = read_path(env, name, kind, form["path"] or "")
    return RedisAddress(
        kind,
        value,
        hosts,
        username=unquote(form["username"] or "") or None,
        password=unquote(form["password"] or "") or None,
        tls=form["redis"] == "rediss",
        master=master,
        database=database,
    )


def read_host(env: Environment, name: str, kind: Kind, text: str) -> tuple[str, int]:
    """Return host and port; without one it is the usual port of Redis, or of a Sentinel."""
    form = HOST.fullmatch(text)
    usual = SENTINEL_PORT if kind == Kind.SENTINEL else PORT
    port = int(form["port"] or usual) if form else 0
    if form is None or not 1 <= port <= 65535:
        env.mistake(name, f"{text!r} is not host:port")
        return "", usual
    return form["name"].strip("[]"), port


def read_path(env: Environment, name: str, kind: Kind, path: str) -> tuple[str, int]:
    """Return what stands after the hosts: the name of the master and its database, nothing for a cluster."""
    if kind == Kind.CLUSTER:
        if path not in ("", "/"):
            env.mistake(name, "a cluster has one database: nothing may stand after its hosts")
        return "", 0
    form = MASTER.fullmatch(path)
    if form is None:
        env.mistake(
            name, "must end with the name of the master that the Sentinels know, as in …:26379/festival"
        )
        return "", 0
    return form["name"], int(form["database"] or 0)
