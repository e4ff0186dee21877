"""What the stream of a group tells of each thing since Redis was built: the last word counts."""

from dataclasses import dataclass
from typing import Any

from festival.redis import sale
from ticketing.allocation.rush.keys import Keys
from ticketing.allocation.rush.lines import EntryLine, TicketLine, kept
from ticketing.stream import each, newest, read
from ticketing.stream_rows import Entry

AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """The last words of the stream: tickets and entries by claim, presses by their key, bars and places by what."""

    tickets: dict[str, Entry]
    waiting: dict[str, Entry]
    claims: dict[str, Entry]
    bars: dict[tuple[str, str], Entry]
    zones: dict[str, Entry]


def read_told(keys: Keys, base: int, last: int) -> Told:
    """Read the entries after the one with which Redis was built, to the last one."""
    batch: list[Entry] = []
    begin = base
    while begin < last:
        found: Any = sale().xrange(keys.of_group("stream"), f"({begin}-0", f"{last}-0", AT_ONCE)
        if not found:
            break
        batch += [read(key, fields) for key, fields in found]
        begin = batch[-1]["sequence"]
    return Told(
        tickets={part["claim"]: part for part in newest(batch, "tickets", "claim")},
        waiting={part["claim"]: part for part in newest(batch, "waiting", "claim")},
        claims={part["id"]: part for part in each(batch, "claims")},
        bars={(part["event"], str(part["student"])): part for part in each(batch, "bars")},
        zones={part["zone"]: part for part in newest(batch, "zones", "zone")},
    )


def word(value: Any) -> str:
    return "" if value is None else str(value)


def ticket_line(told: Entry) -> TicketLine:
    """Return a ticket as the stream tells it in the form in which the scripts keep it."""
    student = told.get("student")
    return TicketLine(
        holder=f"guest:{told['claim']}" if student is None else str(student),
        status=told["status"],
        claim=told["claim"],
        event=told["event"],
        zone=told["zone"],
        number=word(told["number"]),
        generation=word(told["generation"]),
        code=told["code"],
        arrival=word(told.get("arrival")),
        elapsed=word(told.get("elapsed")),
        issued=word(told["issued"]),
        scan="",
        granted_by=word(told.get("granted_by")),
        grant_reason=kept(told.get("grant_reason") or ""),
        guest=kept(told.get("guest") or ""),
    )


def entry_line(told: Entry) -> EntryLine:
    """Return an entry of the waiting list as the stream tells it in the form in which the scripts keep it."""
    return EntryLine(
        student=str(told["student"]),
        status=told["status"],
        claim=told["claim"],
        event=told["event"],
        arrival=word(told["arrival"]),
        elapsed=word(told["elapsed"]),
        since=word(told["since"]),
        zones=";".join(told["zones"]),
        offer_zone=word(told.get("offer_zone")),
        offer_number=word(told.get("offer_number")),
        offer_generation=word(told.get("offer_generation")),
        offer_until=word(told.get("offer_until")),
    )
