"""The scripts of the sale: read from their files, run by their digest, loaded where a server does not know them."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import redis
from django.conf import settings
from redis.commands.core import Script

from festival.errors import Unavailable
from festival.redis import sale
from festival.redis_wait import ConfirmedScript, Wait
from ticketing.allocation import witness
from ticketing.allocation.base import Recovering, Stale

FOLDER = Path(__file__).resolve().parent
# Of the priming loop, which compares and tells again what a promoted replica lacks; and looks that promise nothing.
BIND_NOBODY = {
    *("build", "clock", "enrol", "flip", "foreign", "freeze", "left", "logins"),
    *("missing", "roster", "sale", "server", "written", "zone"),
}
# Answers that bind nobody: nothing was decided, at most tries were counted.
REFUSALS = {
    *("stale", "recovering", "unavailable", "session_ended", "not_eligible", "paused", "closed"),
    *("not_open", "too_early_too_often", "too_many_requests", "nothing", "no_offer", "unknown"),
}


@cache
def script(name: str) -> Script | ConfirmedScript:
    """Return one script of the catalogue."""
    text = whole(name)
    if settings.REDIS_WAIT == Wait.NO or name in BIND_NOBODY:
        return sale().register_script(text)
    return ConfirmedScript(sale(), text, binds)


def binds(answer: Sequence[str]) -> bool:
    """Tell whether an answer tells what was decided, now or before: with FESTIVAL_REDIS_WAIT a replica has it then."""
    return answer[0] not in REFUSALS


def is_certain(name: str, answer: Sequence[str]) -> bool:
    """Tell whether what an answer shows of the stream is as durable as this sale wants it: no replica may lack it."""
    return settings.REDIS_WAIT == Wait.NO or (name not in BIND_NOBODY and binds(answer))


def whole(name: str) -> str:
    """Return the text of a script, the parts that it names before it.

    One that reads a group's head ends its answer with the number of the last entry.
    """
    if not reads_head(name):
        return "\n".join([*map(source, parts(name)), source(name)])
    last = "answer[#answer + 1] = present and text(present.seq) or ''"
    wrapped = [
        "local function decide()",
        source(name),
        "end",
        "local answer = decide()",
        last,
        "return answer",
    ]
    return "\n".join([*map(source, parts(name)), *wrapped])


@cache
def reads_head(name: str) -> bool:
    """Tell whether a script decides by the head of a group: its first key, by the epoch that is its first argument."""
    return "head_of(" in source(name)


def source(name: str) -> str:
    return (FOLDER / f"{name}.lua").read_text()


def parts(name: str) -> list[str]:
    """Return the parts that a script says it needs, in order."""
    line = next((line for line in source(name).splitlines() if line.startswith("-- PARTS")), "-- PARTS")
    return line.removeprefix("-- PARTS").split()


def run(name: str, keys: Sequence[str], args: Sequence[str | int]) -> list[str]:
    """Run a script and return its answer, the word first; one of a group is told what was seen of it before.

    Raises Stale, Recovering, or Unavailable when Redis cannot be reached or refuses to write.
    """
    if reads_head(name):
        return run_by_head(name, keys, int(args[0]), args[1:])
    return heard(called(name, keys, args))


def run_by_head(name: str, keys: Sequence[str], epoch: int, args: Sequence[str | int]) -> list[str]:
    """Run a script of a group with what this process has seen of its stream, and remember what it sees."""
    told = f"{epoch}|{witness.seen_of_stream(keys[0], epoch)}"
    *answer, sequence = called(name, keys, [told, *args])
    if sequence and is_certain(name, answer):
        witness.note_stream(keys[0], epoch, int(sequence))
    return heard(answer)


def called(name: str, keys: Sequence[str], args: Sequence[str | int]) -> list[str]:
    """Run a script; raises Unavailable when Redis cannot be reached or refuses to write."""
    try:
        answer: list[str] = script(name)(keys=keys, args=args)
    except redis.RedisError as error:
        raise Unavailable from error
    return answer


def heard(answer: list[str]) -> list[str]:
    """Return a script's answer if it is one; raises Stale, Recovering or Unavailable for why there is none."""
    match answer[0]:
        case "stale":
            raise Stale
        case "recovering":
            raise Recovering
        case "unavailable":
            raise Unavailable
    return answer
