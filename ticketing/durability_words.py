"""What the council reads about the sale's Redis: what happens to who was told "won" when its server dies."""

from dataclasses import dataclass

import redis
from django.conf import settings
from django.utils.translation import gettext

from festival.redis_wait import Wait
from ticketing.allocation.rush.durability import Durability, durability, waits_for_nobody


@dataclass(frozen=True, slots=True)
class Told:
    """Sentences about what an acknowledged claim survives, and whether somebody should do something."""

    sentences: list[str]
    alarming: bool


def told() -> Told:
    """Return what holds now."""
    try:
        found, alone = durability(), waits_for_nobody()
    except redis.RedisError:
        return Told([gettext("Redis, which decides in rush mode, cannot be asked now.")], alarming=True)
    if alone:
        words = gettext(
            "Decisions wait for a second server (a replica), and there is none: presses in rush mode are "
            "answered with “try again”, and nothing is told that could be lost."
        )
        return Told([words], alarming=True)
    return Told([here(found), *elsewhere(found)], alarming=found is not Durability.ALWAYS)


def here(found: Durability) -> str:
    """Return what a crash of the server costs, after which it starts again."""
    return {
        Durability.ALWAYS: gettext(
            "A ticket is told after it is on disk: it survives a crash or a power cut of the server."
        ),
        Durability.SECOND: gettext(
            "Tickets reach the disk about a second after they are told. A crash of the server may lose those of the "
            "last two seconds; students' receipts bring them back."
        ),
        Durability.UNKNOWN: gettext(
            "The server does not say whether tickets survive a crash. Ask whoever runs it before a sale."
        ),
        Durability.NONE: gettext(
            "The server keeps tickets in its memory only. A crash loses what is not recorded yet; only students' "
            "receipts bring it back. Do not sell like this."
        ),
        Durability.EVICTING: gettext(
            "The server throws data of a sale away when its memory is full. Do not sell like this."
        ),
    }[found]


def elsewhere(found: Durability) -> list[str]:
    """Return what the loss of the server for good costs, where decisions wait for a replica."""
    if found in (Durability.NONE, Durability.EVICTING):
        return []
    words: dict[str, str] = {
        Wait.REPLICA: gettext(
            "A second server has each ticket before it is told: it survives the loss of the first."
        ),
        Wait.REPLICA_FILE: gettext(
            "A second server has each ticket on its disk before it is told: it survives the loss of the first, in a "
            "power cut too."
        ),
    }
    return [words[settings.REDIS_WAIT]] if settings.REDIS_WAIT in words else []
