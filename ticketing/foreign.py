"""Entries that a stranger wrote into a sale's stream: seen, described, and removed by hand, on record."""

from typing import Any
from uuid import UUID

from django.contrib.admin.models import DELETION, LogEntry
from django.db import transaction

from accounts.models import User
from festival.redis import sale
from ticketing.allocation.rush.keys import Keys
from ticketing.allocation.rush.scripts import run
from ticketing.models import StreamPosition
from ticketing.writeback import groups, read_from, release


def keys_of(group: UUID) -> Keys | None:
    """Return the keys of a group that Redis decides for."""
    return next((keys for keys in groups() if keys.group == group), None)


def next_entry(keys: Keys) -> tuple[str, dict[str, str]] | None:
    """Return the entry after the rows' position: the one that a stopped stream stopped at."""
    position = StreamPosition.objects.get(group=keys.group).position
    found = read_from(keys, position, most=1)
    return found[0] if found else None


def is_foreign(keys: Keys, entry_id: str) -> bool:
    """Tell whether no decision made an entry: decisions have whole numbers up to the last one's."""
    number, _, part = entry_id.partition("-")
    last: Any = sale().hget(keys.of_group("state"), "seq")
    return part != "0" or int(number) > int(last or 0)


def remove(keys: Keys, entry_id: str, *, user: User, reason: str) -> bool:
    """Remove a foreign entry, record who did and why, and let the stream go on; False for what a decision made."""
    with transaction.atomic():
        position = StreamPosition.objects.select_for_update().get(group=keys.group)
        names = [keys.of_group(name) for name in ("state", "stream", "stream:new")]
        if run("foreign", names, [entry_id])[0] != "removed":
            return False
        words = f"{entry_id}: {reason}"
        LogEntry.objects.log_actions(user.pk, [position], DELETION, change_message=words, single_object=True)
        release(keys.group)
    return True
