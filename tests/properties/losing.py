"""Random programs of a sale that loses what was decided since a moment, and takes receipts back in any order."""

from random import Random
from typing import Any
from uuid import UUID

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.contract.doors import InProcess
from tests.factories import Player, make_event, make_players, mode_of_events, settle
from tests.properties.world import empty
from tests.recovery.losing import Loss, RedisEmptied, RowsFallenBack, let_it_end
from ticketing import council, receipts
from ticketing.allocation import witness
from ticketing.allocation.priming import prime
from ticketing.allocation.restoring import Restored, restore
from ticketing.models import (
    ACTIVE,
    LIVE,
    Event,
    LimitGroup,
    Mode,
    Place,
    Recovery,
    Ticket,
    WaitingEntry,
    Zone,
)
from ticketing.receipts import Receipt
from ticketing.signing import TicketCode

PEOPLE = 5
Has = tuple[Any, ...]
Present = dict[UUID, Has]  # what somebody has, by the claim


class Losing(RuleBasedStateMachine):
    """Two nights of which a student gets one, the first with a waiting list.

    The truth is what the sale itself answers: whatever a student has when something is lost must be there again when
    its receipt was presented, or its row was there. Nothing else may come back, but for what has lost its end.
    """

    def __init__(self) -> None:
        super().__init__()
        empty()
        witness.forget()
        self.door = InProcess()
        self.in_rows: Present = {}
        self.loss: Loss = RedisEmptied()

    @initialize(redis=st.booleans())
    def begin(self, redis: bool) -> None:
        self.loss = RedisEmptied() if redis else RowsFallenBack()
        token = mode_of_events.set(Mode.REDIS if redis else Mode.DATABASE)
        try:
            group = LimitGroup.objects.create(name="하나만")
            first = make_event({"A": 2, "B": 1}, waitlist_size=2, limit_group=group, primed=False)
            second = make_event({"A": 1}, limit_group=group)
            self.events: list[Event] = [first, second]
            self.players: list[Player] = make_players(PEOPLE)
            settle()
        finally:
            mode_of_events.reset(token)
        self.remember()

    def has(self) -> Present:
        """Return what everybody has, as the sale answers it."""
        found: Present = {}
        for event in self.events:
            for player in self.players:
                if (receipt := self.receipt_of(player, event)) is not None:
                    place = (receipt.student_id, receipt.zone_id, receipt.number, receipt.generation)
                    found[receipt.claim_id] = (*place, receipt.code, receipt.arrival, receipt.at)
        return found

    def receipt_of(self, player: Player, event: Event) -> Receipt | None:
        """Return the receipt that the student's page shows at present."""
        body = self.door.mine(player, event.pk).body
        return receipts.read(body["receipt"]) if "receipt" in body else None

    def remember(self) -> None:
        """Let what was decided be where it is not lost; at times it is."""
        self.loss.remember()
        self.in_rows = self.has()

    def claim(self, dice: Random) -> None:
        event = dice.choice(self.events)
        zones = dice.choice([("A",), ("A", "B"), ("B", "A")] if event == self.events[0] else [("A",)])
        self.door.claim(dice.choice(self.players), event.pk, *zones)

    def cancel(self, dice: Random) -> None:
        player, event = dice.choice(self.players), dice.choice(self.events)
        receipt = self.receipt_of(player, event)
        if receipt is not None and receipt.code is not None:
            self.door.cancel(player, receipt.code)
        elif receipt is not None:
            self.door.leave(player, event.pk)

    def void(self, dice: Random) -> None:
        player, event = dice.choice(self.players), dice.choice(self.events)
        receipt = self.receipt_of(player, event)
        if receipt is not None and receipt.code is not None:
            code = TicketCode(receipt.code)
            council.void(code=code, event_id=event.pk, actor_id=None, reason="양도")
            council.lift_bar(event_id=event.pk, student_id=player.student.pk)

    def resize(self, dice: Random) -> None:
        zone = dice.choice(list(Zone.objects.filter(event__in=self.events).order_by("event", "name")))
        Zone.objects.filter(pk=zone.pk).update(capacity=dice.choice([1, 2, 3]))
        prime()

    def lose(self, dice: Random) -> None:
        """Lose what is not in the rows; some receipts come back, in any order."""
        before, rows = self.has(), self.in_rows
        own = {
            receipt.claim_id: receipt
            for event in self.events
            for player in self.players
            if (receipt := self.receipt_of(player, event)) is not None
        }
        self.loss.happen()
        prime()
        presented = [receipt for receipt in own.values() if dice.random() < 0.7]
        dice.shuffle(presented)
        if Recovery.objects.filter(ended_at=None).exists():
            told = [restore(receipt).result for receipt in presented]
            assert set(told) <= {Restored.RESTORED, Restored.PRESENT}, told
            let_it_end()
            kept = {receipt.claim_id for receipt in presented}
            kept |= {claim for claim, what in rows.items() if before.get(claim) == what}
        else:
            kept = set(before)
        settle()
        after = self.has()
        for claim in before.keys() & kept:
            note(f"{claim}: {before[claim]} {after.get(claim)}")
            assert after.get(claim) == before[claim], "somebody has lost what was promised"
        assert after.keys() <= before.keys() | rows.keys(), "something has come from nowhere"
        for receipt in own.values():
            late = restore(receipt).result
            assert (late == Restored.PRESENT) == (receipt.claim_id in after), "a late receipt changes nothing"
        self.remember()

    @rule(chance=st.integers(0, 2**32))
    def go_on(self, chance: int) -> None:
        """Do what chance says, and print it when the program fails."""
        dice = Random(chance)
        verbs = [self.claim] * 6 + [self.cancel] * 3 + [self.void, self.resize, self.lose]
        verb = dice.choice(verbs)
        note(f"{verb.__name__} {chance}")
        if dice.random() < 0.15:
            note("remember")
            self.remember()
        verb(dice)

    @invariant()
    def keeps_its_promises(self) -> None:
        """No place and no student twice, by the answers themselves; the constraints say it of the rows."""
        if not hasattr(self, "players"):
            return
        tickets = [what for what in self.has().values() if what[1] is not None]
        assert len({what[1:3] for what in tickets}) == len(tickets), "a place was given twice"
        assert len({what[0] for what in tickets}) == len(tickets), "a student has two tickets of a group"

    def teardown(self) -> None:
        settle()
        held = Ticket.objects.filter(status__in=LIVE)
        assert not held.filter(place__free=True).exists()
        taken = Place.objects.filter(free=False).count()
        offered = WaitingEntry.objects.filter(status__in=ACTIVE, offered_number__isnull=False).count()
        assert taken == held.count() + offered
