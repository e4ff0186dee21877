"""What becomes of a press whose turn it is, in mode `database`."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from ticketing.allocation import waiting
from ticketing.allocation.answering import lost, waiting_list
from ticketing.allocation.base import Decision, Held, Outcome, Press
from ticketing.allocation.facts import Facts
from ticketing.allocation.giving import Given, give_or_count
from ticketing.allocation.tries import count_try
from ticketing.allocation.turns import known
from ticketing.models import Claim, EventState, SaleCounter


@dataclass(frozen=True, slots=True)
class Turn:
    """A press whose turn it is: the counter row is locked, the facts are final.

    `pressed_at` is the time of the press, before it waited.
    """

    press: Press
    counter: SaleCounter
    facts: Facts
    pressed_at: datetime

    @property
    def at(self) -> datetime:
        """The time of the decision; it never runs backwards within a group."""
        return max(self.facts.now, self.counter.last_at or self.facts.now)

    @property
    def zone_ids(self) -> tuple[UUID, ...]:
        """The wanted zones that are open to this student, in order of preference."""
        return tuple(self.press.zone_ids[place] for place in self.facts.open_zones(self.pressed_at))

    @property
    def elapsed_ms(self) -> int:
        """The time since the event's own opening; 0 for who may press before it."""
        return max(0, round((self.at - self.facts.opens_at).total_seconds() * 1000))


def allocate(turn: Turn) -> Outcome:
    """Give the lowest free place of the first wanted zone that is open to the student, else record the loss."""
    press = turn.press
    tries = count_try(event_id=press.event_id, student_id=press.student_id, now=turn.at)
    if not tries.allowed:
        return Outcome(
            Decision.TOO_MANY_REQUESTS,
            press.event_id,
            press.student_id,
            turn.at,
            retry_after=tries.retry_after,
        )
    # A rule may let a group in before the event opens: that is no opening of the event.
    if not turn.facts.opening_seen and turn.at >= turn.facts.opens_at:
        EventState.objects.filter(event=press.event_id).update(opening=turn.facts.opens_at)
    zone_ids = turn.zone_ids
    if turn.facts.somebody_waits:
        zone_ids = waiting.passing_nobody(zone_ids, turn.at)
    given = give_or_count(
        press=press,
        group=turn.counter.group,
        zone_ids=zone_ids,
        waitlist=turn.facts.waitlist_size,
        at=turn.at,
        elapsed_ms=turn.elapsed_ms,
    )
    if given is None:
        return lost(first_claim(press))
    if given.waits:
        return waiting_list(known(waiting.entry_of(press.event_id, press.student_id)))
    counted = Outcome(
        Decision.SOLD_OUT,
        press.event_id,
        press.student_id,
        turn.at,
        arrival=given.arrival,
        elapsed_ms=turn.elapsed_ms,
    )
    return replace(counted, decision=Decision.WON, ticket=just_won(turn, given)) if given.zone_id else counted


def first_claim(press: Press) -> Claim:
    """Return the student's first counted claim, by whose arrival every later loss is answered."""
    return Claim.objects.filter(event=press.event_id, student=press.student_id).earliest("arrival")


def just_won(turn: Turn, given: Given) -> Held:
    """Return the ticket that this press has just won."""
    zone_id = known(given.zone_id)
    return Held(
        claim_id=given.claim_id,
        code=given.code,
        zone_id=zone_id,
        generation=known(given.generation),
        zone=turn.press.zone_names[turn.press.zone_ids.index(zone_id)],
        number=known(given.number),
        issued_at=turn.at,
    )
