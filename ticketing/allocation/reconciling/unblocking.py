"""Takes out of the way of a stopped stream what keeps its next decisions out of the rows.

What Redis has decided was told, and its places and holders are taken there. So a live ticket of the rows that a
decision cannot stand beside makes way: its holder keeps the newer ticket, or gets another place. Nobody is without one.
"""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from ticketing.allocation.reconciling.findings import Difference
from ticketing.allocation.reconciling.mending import record
from ticketing.allocation.reconciling.redis_side import Side
from ticketing.allocation.reconciling.seating import in_the_way, make_way
from ticketing.allocation.rush import lease
from ticketing.allocation.rush.freezing import Freeze
from ticketing.allocation.turns import lock
from ticketing.models import LIVE, Place, Ticket
from ticketing.stream_rows import Entry
from ticketing.writeback import release

KIND = "ticket_in_the_way"


def unblock(freeze: Freeze, side: Side, position: int, actor: User | None) -> list[Difference]:
    """Let every live ticket make way that a decision after this position meets, and the stream try again."""
    group, found = freeze.keys.group, []
    free = {zone: its.free(its.top + 1) for zone, its in side.zones.items() if its is not None}
    with transaction.atomic():
        lease.keep(freeze.token)
        lock(group, whoever_decides=True)
        for told in side.told.tickets.values():
            if told["sequence"] <= position or told["status"] not in LIVE:
                continue
            for other in in_the_way(ticket_of(told)):
                if ends_before(other, told, side):
                    continue
                difference = Difference(KIND, str(other.claim_id), other.status, f"held by {told['claim']}")
                after = make_way(other, ticket_of(told), free)
                if after is not None:
                    record(group, difference, after, actor)
                    found.append(difference)
        release(group)
    return found


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
