"""A short stop of a limit group's decisions under its present epoch, for whoever compares it with its rows.

Whoever presses meanwhile is turned away for a second. A freeze ends by itself; one that is held, because what the rows
say is about to become all that counts, is lifted by the next priming loop when its holder has died.
"""

from dataclasses import dataclass

from festival.redis import sale
from ticketing.allocation.rush import lease
from ticketing.allocation.rush.keys import Keys
from ticketing.allocation.rush.scripts import run
from ticketing.models import Authority, SaleCounter

FREEZE_MS = 3000


class Lapsed(Exception):
    """The group has been free to decide again: what was read of it is not of one moment."""


@dataclass(frozen=True, slots=True)
class Freeze:
    """A group that decides nothing, by the word of whoever has this token of the lease."""

    keys: Keys
    epoch: int
    token: int

    def ask(self, verb: str) -> int:
        """Tell Redis to freeze, prolong or hold; return the number of the last entry. Raises Lapsed."""
        lease.keep(self.token)
        word, *last = run("freeze", [self.keys.of_group("state")], [self.epoch, verb, self.token, FREEZE_MS])
        if word != "frozen":
            raise Lapsed
        return int(last[0])

    def begin(self) -> int:
        """Let the group decide nothing; return the number of its last entry, which stays the last."""
        return self.ask("freeze")

    def prolong(self) -> None:
        self.ask("prolong")

    def hold(self) -> None:
        """Let nothing end the freeze but `thaw`, or a priming loop that comes after this process."""
        self.ask("hold")

    def thaw(self) -> None:
        thaw(self.keys, self.epoch, self.token)


def thaw(keys: Keys, epoch: int, token: int) -> None:
    """Let a group decide again, unless somebody with a newer token has frozen it."""
    run("freeze", [keys.of_group("state")], [epoch, "thaw", token, 0])


def lift(keys: Keys, counter: SaleCounter, token: int) -> bool:
    """Lift a freeze whose holder has lost the lease, if it is Redis that decides; tell whether there was one.

    Who holds a freeze commits with the lease's row locked: it has, or it will not any more.
    """
    if not sale().hget(keys.of_group("state"), "frozen"):
        return False
    counter.refresh_from_db()
    if counter.authority == Authority.REDIS:
        thaw(keys, counter.epoch, token)
    return True
