"""What Redis holds of an event, read by plain commands: the verdict must not share the code that it judges.

The keys are those that ticketing/allocation/rush/keys.py documents; their names and forms are written down here anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from loadtest.log import NoVerdict

if TYPE_CHECKING:
    import redis

MANY = 5000


@dataclass(frozen=True, slots=True)
class Kept:
    """What the sale's Redis says, as rows of text and numbers; see verdict_redis.sql for the columns."""

    tickets: Sequence[Sequence[str | None]]
    live: Sequence[Sequence[str]]
    first: Sequence[Sequence[str]]
    zones: Sequence[Sequence[str | int]]
    entries: Sequence[Sequence[str]]
    waiting: Sequence[Sequence[str | int]]
    arrival: int


@dataclass(frozen=True, slots=True)
class Where:
    """Which keys are the event's."""

    festival: UUID
    group: UUID
    event: UUID
    zones: Sequence[UUID]

    def of_group(self, name: str) -> str:
        return f"{{{self.festival}}}:group:{self.group}:{name}"


def opening(client: "redis.Redis", where: Where) -> int | None:
    """Return when the event opens, as Redis knows it (epoch, ms)."""
    opens: Any = client.hget(f"{{{where.festival}}}:event:{where.event}:conf", "opens")
    return None if opens is None else int(opens)


def decides(client: "redis.Redis", where: Where) -> bool:
    """Tell whether Redis decides for the group now, and no switch has begun."""
    return bool(client.hget(where.of_group("state"), "mode") == "redis")


def last_entry(client: "redis.Redis", where: Where) -> int:
    """Return the number of the last change that Redis has decided for the group; raise NoVerdict without any."""
    last: Any = client.hget(where.of_group("state"), "seq")
    if last is None:
        raise NoVerdict("Redis decides for this event, and has no state of it")
    return int(last)


def read_kept(client: "redis.Redis", where: Where) -> Kept:
    """Return everything that Redis holds of the event's sale."""
    last_entry(client, where)
    arrival: Any = client.hget(where.of_group("state"), "arrival")
    base = f"{{{where.festival}}}"
    of_event = f"{base}:event:{where.event}"
    waiting: Any = client.zrange(f"{of_event}:waiting", 0, -1, withscores=True)
    return Kept(
        tickets=[ticket(line) for _, line in hash_of(client, where.of_group("tickets"))],
        live=list(hash_of(client, where.of_group("live"))),
        first=[first(key, line) for key, line in hash_of(client, f"{of_event}:first")],
        zones=[zone(client, f"{base}:zone:{one}", one) for one in where.zones],
        entries=[entry(line) for _, line in hash_of(client, f"{of_event}:entries")],
        waiting=[[student, int(score)] for student, score in waiting],
        arrival=int(arrival),
    )


def hash_of(client: "redis.Redis", key: str) -> Iterable[tuple[str, str]]:
    """Return the fields and values of a large hash, without blocking Redis for others."""
    return dict(client.hscan_iter(key, count=MANY)).items()


def ticket(line: str) -> list[str | None]:
    """Read a ticket's line: holder|status|claim|event|zone|number|generation|code|arrival|elapsed|issued|scan|guest."""
    part = line.split("|", 12)
    return [
        part[7],
        part[0],
        part[1],
        part[3],
        part[4],
        part[5],
        part[8] or None,
        part[9] or None,
    ]


def first(student: str, line: str) -> list[str]:
    """Read a student's first arrival: arrival|elapsed|time|last answer."""
    arrival, elapsed, _time, answer = line.split("|")
    return [student, arrival, elapsed, answer]


def entry(line: str) -> list[str]:
    """Read an entry of the waiting list: student|status|claim|event|arrival|elapsed|…; its claim is its key."""
    part = line.split("|")
    return [part[2], part[0], part[1], part[4], part[5]]


def zone(client: "redis.Redis", key: str, name: UUID) -> list[str | int]:
    """Return a zone's highest number, the lowest that nobody had, and how many were freed and removed."""
    top, following = client.hmget(f"{key}:state", "top", "next")
    if top is None or following is None:
        raise NoVerdict(f"Redis has no places of zone {name}")
    freed: Any = client.zcard(f"{key}:freed")
    removed: Any = client.zcard(f"{key}:removed")
    return [str(name), int(top), int(following), int(freed), int(removed)]
