"""What an entry of a stream says, and in which order its rows are written.

An entry tells the whole new state of everything that it changes, so of several about one thing the last one counts.
"""

import json
from collections.abc import Sequence
from uuid import UUID

from accounts.mail.outbox import queue_place
from accounts.models import MailKind
from ticketing import stream_rows as rows
from ticketing.models import ACTIVE, LIVE
from ticketing.stream_rows import Entry

KINDS = {"claim", "cancelled", "void", "waiting", "grant", "bar", "lift", "capacity", "sale"}


class Unreadable(Exception):
    """The entry is none that this version understands."""


def read(key: str, fields: dict[str, str]) -> Entry:
    """Return an entry of a stream; raises Unreadable."""
    try:
        entry = json.loads(fields["entry"])
        number = int(key.partition("-")[0])
    except (KeyError, ValueError, RecursionError) as error:
        raise Unreadable("not an entry") from error
    if not isinstance(entry, dict) or entry.get("sequence") != number:
        raise Unreadable("not an entry of a decision")
    if not isinstance(entry.get("kind"), str) or entry["kind"] not in KINDS:
        raise Unreadable("an entry of an unknown kind")
    if type(entry.get("at")) not in (int, float):
        raise Unreadable("an entry without its time")
    return entry


def apply(group: UUID, batch: Sequence[Entry]) -> None:
    """Bring the rows to what a batch says, in an order in which no constraint is hurt on the way.

    1. places that a larger capacity makes  2. tickets and offers that have ended, before others take their places
    3. places taken and freed  4. live tickets and offers  5. places that a smaller capacity takes away
    6. everything else
    """
    tickets = newest(batch, "tickets", "claim")
    waiting = newest(batch, "waiting", "claim")
    zones = newest(batch, "zones", "zone")
    rows.make_places(zones)
    rows.write_tickets(ticket for ticket in tickets if ticket["status"] not in LIVE)
    rows.write_waiting(entry for entry in waiting if entry["status"] not in ACTIVE)
    rows.write_places(newest(batch, "places", "zone", "number"))
    rows.write_tickets(ticket for ticket in tickets if ticket["status"] in LIVE)
    rows.write_waiting(entry for entry in waiting if entry["status"] in ACTIVE)
    rows.remove_places(zones)
    rows.write_claims(each(batch, "claims"))
    rows.write_bars(each(batch, "bars"))
    rows.write_openings(newest(batch, "openings", "event"))
    rows.write_applied(newest(batch, "sales", "event"))
    rows.write_counter(group, batch)
    for mail in each(batch, "mails"):
        queue_place(MailKind(mail["kind"]), UUID(mail["claim"]))


def each(batch: Sequence[Entry], name: str) -> list[Entry]:
    """Return the parts of that name in all entries, in order, each with the number and time of its entry."""
    about = ({"sequence": entry["sequence"], "at": entry["at"]} for entry in batch)
    return [
        {**facts, **part} for facts, entry in zip(about, batch, strict=True) for part in entry.get(name) or ()
    ]


def newest(batch: Sequence[Entry], name: str, *key: str) -> list[Entry]:
    """Return the parts of that name, of several about one thing the last."""
    return list({tuple(part[field] for field in key): part for part in each(batch, name)}.values())
