"""Whether the rows of a group, with the entries of its stream, can say everything that Redis knows of it.

They cannot when PostgreSQL has fallen back to before it told Redis to decide: what it had decided by itself until then
is in Redis, and in no entry. Redis keeps how much that was (`rows` of the group's state).
"""

from festival.redis import sale
from ticketing.allocation.rush.keys import GROUPS, Keys
from ticketing.models import Claim, SaleCounter, StreamPosition
from ticketing.writeback import step

INCOMPLETE = "incomplete"


def facts_of(counter: SaleCounter, arrival: int) -> str:
    """Return how much the rows say of what was decided up to an arrival, and beside arrivals."""
    claims = Claim.objects.filter(group=counter.group, arrival__lte=arrival).count()
    return f"{arrival}|{claims}|{counter.decisions}"


def have_all(keys: Keys, counter: SaleCounter) -> bool:
    """Tell whether the rows have everything from which Redis was built; those of older entries follow first."""
    told = sale().hmget(keys.of_group("state"), ["base", "rows"])
    base, built_from = int(told[0] or 0), str(told[1] or "")
    while position_of(keys) < base and step(keys):
        pass
    arrival = built_from.partition("|")[0]
    return arrival.isdigit() and position_of(keys) >= base and facts_of(counter, int(arrival)) == built_from


def position_of(keys: Keys) -> int:
    return StreamPosition.objects.filter(group=keys.group).values_list("position", flat=True).first() or 0


def mark_incomplete(keys: Keys) -> None:
    """Let nobody take the rows of a group for everything, until Redis is built anew or they have been repaired."""
    sale().hset(keys.of_group("state"), INCOMPLETE, "1")


def is_incomplete(keys: Keys) -> bool:
    return bool(sale().hexists(keys.of_group("state"), INCOMPLETE))


def incomplete() -> list[str]:
    """Return the groups whose rows are to be repaired."""
    groups = [Keys.read(str(text)) for text in sorted(sale().smembers(GROUPS))]
    return [str(keys.group) for keys in groups if is_incomplete(keys)]
