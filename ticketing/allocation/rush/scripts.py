"""The scripts of the sale: read from their files, run by their digest, loaded where a server does not know them."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import redis
from redis.commands.core import Script

from festival.errors import Unavailable
from festival.redis import sale
from ticketing.allocation.base import Stale

FOLDER = Path(__file__).resolve().parent
RECOVERING_SECONDS = 5


class Recovering(Unavailable):
    """The sale is being restored."""

    code = "recovering"


@cache
def script(name: str) -> Script:
    """Return one script of the catalogue."""
    return sale().register_script(whole(name))


def whole(name: str) -> str:
    """Return the text of a script, the parts that it names before it."""
    return "\n".join([*map(source, parts(name)), source(name)])


def source(name: str) -> str:
    return (FOLDER / f"{name}.lua").read_text()


def parts(name: str) -> list[str]:
    """Return the parts that a script says it needs, in order."""
    line = next((line for line in source(name).splitlines() if line.startswith("-- PARTS")), "-- PARTS")
    return line.removeprefix("-- PARTS").split()


def run(name: str, keys: Sequence[str], args: Sequence[str | int]) -> list[str]:
    """Run a script and return its answer, the word first.

    Raises Stale, Recovering, or Unavailable when Redis cannot be reached or refuses to write.
    """
    try:
        answer: list[str] = script(name)(keys=keys, args=args)
    except redis.RedisError as error:
        raise Unavailable from error
    match answer[0]:
        case "stale":
            raise Stale
        case "recovering":
            raise Recovering(retry_after=RECOVERING_SECONDS)
        case "unavailable":
            raise Unavailable
    return answer
