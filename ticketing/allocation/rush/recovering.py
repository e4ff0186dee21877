"""Stops the sale of a limit group of which something is lost in Redis, until it is restored.

Here a restoration begins: it finds the groups by `latched`, and ends with the scripts deciding again.
"""

import logging
from collections.abc import Sequence

from festival.redis import sale
from ticketing.allocation.rush.keys import GROUPS, Keys
from ticketing.models import SaleCounter

log = logging.getLogger(__name__)


def latch(keys: Keys, counter: SaleCounter, lost: Sequence[str]) -> None:
    """Let the scripts answer `recovering` for a group; mode and epoch too, for a state that is lost whole."""
    told = " ".join(lost)
    sale().hset(
        keys.of_group("state"), mapping={"mode": "redis", "epoch": str(counter.epoch), "recovering": told}
    )
    log.error("the sale of group %s is stopped, Redis has lost: %s", keys.group, told)


def latched() -> dict[Keys, str]:
    """Return the groups whose sale is stopped, with what is lost."""
    groups = [Keys.read(str(text)) for text in sorted(sale().smembers(GROUPS))]
    found = {keys: sale().hget(keys.of_group("state"), "recovering") for keys in groups}
    return {keys: str(lost) for keys, lost in found.items() if lost}
