"""Takes out of the way of a stopped stream what keeps its next decisions out of the rows.

What Redis has decided was told, and its places and holders are taken there. So a live ticket of the rows that a
decision cannot stand beside ends if it has ended there, or makes way: its holder keeps the newer ticket, or gets
another place. Nobody is left without one.
"""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from ticketing.allocation.reconciling.findings import Difference
from ticketing.allocation.reconciling.mending import record
from ticketing.allocation.reconciling.redis_side import Side
from ticketing.allocation.reconciling.seating import in_the_way, make_way
from ticketing.allocation.reconciling.tickets import end
from ticketing.allocation.reconciling.turn import position_of, require
from ticketing.allocation.rush import lease
from ticketing.allocation.rush.carrying import Group
from ticketing.allocation.rush.freezing import Freeze
from ticketing.models import LIVE, Place, Ticket
from ticketing.stream_rows import Entry
from ticketing.writeback import release

KIND = "ticket_in_the_way"


def unblock(group: Group, freeze: Freeze, side: Side, actor: User | None) -> list[Difference]:
    """Let every live ticket make way that a decision meets which has no row yet, and the stream try again."""
    found = []
    with transaction.atomic():
        lease.keep(freeze.token)
        require(group)
        position = position_of(group)
        for told in side.told.tickets.values():
            if told["sequence"] <= position or told["status"] not in LIVE:
                continue
            for other in in_the_way(ticket_of(told)):
                if ends_before(other, told, side):
                    continue
                difference = Difference(KIND, str(other.claim_id), other.status, f"held by {told['claim']}")
                after = moved(other, ticket_of(told), side)
                if after is not None:
                    record(group.keys.group, difference, after, actor)
                    found.append(difference)
        release(group.keys.group)
    return found


def moved(other: Ticket, ticket: Ticket, side: Side) -> str | None:
    """Let a ticket end that has ended in Redis, which the rows have not heard of; else it makes way."""
    line = side.tickets.get(str(other.claim_id))
    if line is not None and line.status not in LIVE:
        return end(other, line.status, side.told.tickets.get(str(other.claim_id)))
    free = {zone: its.free(its.top + 1) for zone, its in side.zones.items() if its is not None}
    return make_way(other, ticket, free)


def ticket_of(told: Entry) -> Ticket:
    """Return a ticket as a decision tells it, as far as others may be in its way."""
    place = Place.objects.filter(zone=told["zone"], number=told["number"]).first()
    return Ticket(
        claim_id=UUID(told["claim"]),
        limit_group=UUID(told["group"]),
        place=place,
        student_id=told.get("student"),
    )


def ends_before(other: Ticket, told: Entry, side: Side) -> bool:
    """Tell whether the stream itself ends a ticket before that decision comes."""
    word = side.told.tickets.get(str(other.claim_id))
    return word is not None and word["status"] not in LIVE and bool(word["sequence"] <= told["sequence"])
