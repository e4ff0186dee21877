"""The turn of a group that is compared: in the hands in which it was when it was read, or not at all."""

from ticketing.allocation.rush.carrying import Group
from ticketing.allocation.turns import lock
from ticketing.models import StreamPosition


class Impossible(Exception):
    """The group cannot be compared now."""


def require(group: Group) -> None:
    """Take the group's lock; raises Impossible when it is in other hands than when it was read."""
    counter = lock(group.keys.group, whoever_decides=True)
    known = group.counter
    if (counter.authority, counter.epoch) != (known.authority, known.epoch):
        raise Impossible("it was handed over in this moment")


def position_of(group: Group) -> int:
    """Return how far the group's rows have followed its stream."""
    found = StreamPosition.objects.filter(group=group.keys.group).values_list("position", flat=True)
    return found.first() or 0
