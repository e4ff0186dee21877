"""What the rows must say once they have followed: a stream read by plain commands and told again in plain Python."""

import json
from collections import Counter
from typing import Any
from uuid import UUID

from accounts.models import OutgoingMail
from festival.redis import sale
from ticketing.allocation.rush.keys import Keys
from ticketing.models import Bar, Claim, Place, SaleCounter, StreamPosition, Ticket, WaitingEntry

State = dict[str, Any]


def last_number(keys: Keys) -> int:
    """Return the number of the last decision."""
    return int(sale().hget(keys.of_group("state"), "seq") or 0)


def position(keys: Keys) -> int:
    """Return how far the rows have followed."""
    return StreamPosition.objects.get(group=keys.group).position


def acknowledged(keys: Keys) -> State:
    """Return what the stream of a group says about everything, entry by entry."""
    state: State = {name: {} for name in ("tickets", "waiting", "claims", "places")}
    state |= {"bars": Counter(), "mails": Counter(), "arrival": 0}
    found: Any = sale().xrange(keys.of_group("stream"))
    for _key, fields in found:
        take(state, json.loads(fields["entry"]))
    state["position"] = last_number(keys)
    return state


def take(state: State, entry: dict[str, Any]) -> None:
    """Bring a state to what one entry says; its rows carry its number."""
    number = entry["sequence"]
    state["arrival"] = max(state["arrival"], entry.get("arrival") or 0)
    for part in entry.get("tickets") or ():
        kept = [part[name] for name in ("code", "status", "number", "generation", "student", "arrival")]
        state["tickets"][part["claim"]] = (*kept, number)
    for part in entry.get("waiting") or ():
        state["waiting"][part["claim"]] = (part["student"], part["status"], part["arrival"], number)
    for part in entry.get("claims") or ():
        state["claims"][part["id"]] = (part["student"], part["answer"], part["arrival"], number)
    for part in entry.get("places") or ():
        state["places"][part["zone"], part["number"]] = (part["free"], part["generation"])
    for part in entry.get("bars") or ():
        lifted = bool(part.get("lifted"))
        state["bars"][part["student"], lifted] += 1
        state["bars"][part["student"], False] -= lifted
    state["mails"].update(part["claim"] for part in entry.get("mails") or ())


def written(keys: Keys) -> State:
    """Return the same of the rows."""
    tickets = Ticket.objects.filter(limit_group=keys.group).values_list(
        "claim_id", "code", "status", "number", "generation", "student", "arrival", "sequence"
    )
    waiting = WaitingEntry.objects.values_list("claim_id", "student", "status", "arrival", "sequence")
    claims = Claim.objects.filter(group=keys.group).values_list(
        "id", "student", "answer", "arrival", "sequence"
    )
    given = Place.objects.filter(generation__gt=0).values_list("zone", "number", "free", "generation")
    return {
        "tickets": by_claim(tickets),
        "waiting": by_claim(waiting),
        "claims": by_claim(claims),
        "places": {(str(zone), number): tuple(rest) for zone, number, *rest in given},
        "bars": Counter((bar.student_id, bar.lifted_at is not None) for bar in Bar.objects.all()),
        "mails": Counter(str(about) for about in mails()),
        "arrival": SaleCounter.objects.get(group=keys.group).arrival,
        "position": position(keys),
    }


def by_claim(rows: Any) -> dict[str, tuple[Any, ...]]:
    return {str(claim): tuple(rest) for claim, *rest in rows}


def mails() -> list[UUID]:
    """Return the claims that a mail was queued about, once for each mail."""
    about = OutgoingMail.objects.values_list("about", flat=True)
    return [claim for claim in about if claim is not None]
