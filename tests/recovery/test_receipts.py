"""After a loss receipts bring back exactly what they were given for, and nothing that anybody else has."""

from typing import Any

import pytest

from tests.contract.doors import Answer, Door
from tests.factories import Player, make_event, make_players, settle
from tests.recovery.losing import Loss, let_it_end
from ticketing import council, receipts
from ticketing.allocation.restoring import Restored, restore
from ticketing.models import LIVE, Claim, Event, Recovery, Ticket, WaitingEntry, Zone
from ticketing.receipts import milliseconds

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


def present(answer: Answer) -> Restored:
    """Give the receipt of an answer back."""
    receipt = receipts.read(answer.body["receipt"])
    assert receipt is not None
    return restore(receipt).result


def held(event: Event) -> list[tuple[Any, ...]]:
    """Return everything that a live ticket or an active entry is, as its student sees it."""
    settle()
    tickets = Ticket.objects.filter(event=event, status__in=LIVE).select_related("zone")
    entries = WaitingEntry.objects.filter(event=event, status="waiting")
    return sorted(
        (t.student_id, t.claim_id, t.code, t.zone.name, t.number, t.generation, *told(t)) for t in tickets
    ) + sorted(
        (e.student_id, e.claim_id, e.zones, e.arrival, e.elapsed_ms, milliseconds(e.since)) for e in entries
    )


def told(ticket: Ticket) -> tuple[int | None, int | None, int]:
    return ticket.arrival, ticket.elapsed_ms, milliseconds(ticket.issued_at)


def claims(event: Event) -> list[tuple[Any, ...]]:
    return list(
        Claim.objects.filter(event=event).order_by("arrival").values_list("arrival", "student", "answer")
    )


def stops(door: Door, player: Player, event: Event) -> bool:
    return door.claim(player, event.pk, "A").kind == "recovering"


def test_what_was_lost_comes_back_exactly(loss: Loss, door: Door) -> None:
    event = make_event({"A": 3, "B": 2}, waitlist_size=9)
    players = make_players(9)
    answers = [door.claim(player, event.pk, "A", "B") for player in players[:2]]
    loss.remember()
    answers += [door.claim(player, event.pk, "B", "A") for player in players[2:8]]
    assert [answer.kind for answer in answers] == ["won"] * 5 + ["waitlisted"] * 3
    before, counted = held(event) if loss.__class__.__name__ == "RowsFallenBack" else None, claims(event)
    loss.happen()
    assert stops(door, players[8], event)
    assert [present(answer) for answer in answers] == [Restored.PRESENT] * 2 + [Restored.RESTORED] * 6
    assert [present(answer) for answer in answers] == [Restored.PRESENT] * 8
    after = held(event)
    assert before in (None, after)
    assert stops(door, players[8], event), "until the last receipt is over"
    let_it_end()
    again = [door.mine(player, event.pk).body for player in players[:8]]
    named = ("ticket", "zone", "number", "arrival", "elapsed_ms", "position", "outcome")
    assert [[body.get(name) for name in named] for body in again] == [
        [answer.body.get(name) for name in named] for answer in answers
    ]
    assert held(event) == after
    assert [claim[0] for claim in claims(event)] == list(range(1, 9))
    assert counted == claims(event)[: len(counted)]
    last = door.claim(players[8], event.pk, "A")
    assert (last.kind, last.body["arrival"], last.body["position"]) == ("waitlisted", 9, 4)


def test_nothing_is_given_until_receipts_are_over_and_then_no_receipt_takes_it_back(
    loss: Loss, door: Door
) -> None:
    event = make_event({"A": 2})
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    loss.remember()
    wins = [door.claim(player, event.pk, "A") for player in (alice, bob)]
    loss.happen()
    assert stops(door, charlie, event)
    assert present(wins[0]) == Restored.RESTORED
    let_it_end()
    assert present(wins[1]) == Restored.SUPERSEDED, "too late"
    assert door.claim(charlie, event.pk, "A").body["number"] == wins[1].body["number"]
    assert present(wins[1]) == Restored.SUPERSEDED
    assert present(wins[0]) == Restored.PRESENT
    assert Recovery.objects.get().restored == 1
    assert door.claim(bob, event.pk, "A").kind == "sold_out"


def test_a_second_loss_takes_no_receipt_from_before_the_first_end(loss: Loss, door: Door) -> None:
    event = make_event({"A": 2})
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    loss.remember()
    before = door.claim(alice, event.pk, "A")
    loss.happen()
    let_it_end()
    settle()
    loss.remember()
    after = door.claim(bob, event.pk, "A")
    assert (after.body["number"], after.kind) == (before.body["number"], "won")
    loss.happen()
    assert stops(door, charlie, event)
    assert present(before) == Restored.SUPERSEDED
    assert present(after) == Restored.RESTORED


def test_a_receipt_shows_that_what_was_before_it_had_ended(loss: Loss, door: Door) -> None:
    event = make_event({"A": 1, "B": 1})
    alice, bob = make_players(["alice", "bob"])
    first = door.claim(alice, event.pk, "A")
    loss.remember()
    door.cancel(alice, first.body["ticket"])
    second = door.claim(bob, event.pk, "A")
    third = door.claim(alice, event.pk, "B")
    loss.happen()
    assert stops(door, bob, event)
    assert Ticket.objects.get(status="held").student_id == alice.student.pk
    assert present(second) == Restored.RESTORED
    assert present(first) == Restored.SUPERSEDED
    assert present(third) == Restored.RESTORED
    let_it_end()
    assert door.mine(alice, event.pk).body["ticket"] == third.body["ticket"]
    assert door.mine(bob, event.pk).body["ticket"] == second.body["ticket"]


def test_an_older_receipt_of_a_place_restores_nothing_beside_a_newer_one(loss: Loss, door: Door) -> None:
    event = make_event({"A": 1})
    alice, bob = make_players(["alice", "bob"])
    loss.remember()
    first = door.claim(alice, event.pk, "A")
    door.cancel(alice, first.body["ticket"])
    second = door.claim(bob, event.pk, "A")
    loss.happen()
    assert stops(door, bob, event)
    assert present(second) == Restored.RESTORED
    assert present(first) == Restored.SUPERSEDED
    assert Ticket.objects.get().student_id == bob.student.pk


def test_a_newer_receipt_of_a_place_ends_what_an_older_one_has_restored(loss: Loss, door: Door) -> None:
    event = make_event({"A": 1})
    alice, bob = make_players(["alice", "bob"])
    loss.remember()
    first = door.claim(alice, event.pk, "A")
    door.cancel(alice, first.body["ticket"])
    second = door.claim(bob, event.pk, "A")
    loss.happen()
    assert stops(door, bob, event)
    assert present(first) == Restored.RESTORED, "nothing says yet that it had ended"
    assert present(second) == Restored.RESTORED
    assert present(first) == Restored.SUPERSEDED
    assert Ticket.objects.get(status="held").student_id == bob.student.pk


def test_a_promotion_that_was_lost_comes_back_from_its_ticket(loss: Loss, door: Door) -> None:
    event = make_event({"A": 1}, waitlist_size=5)
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    won = door.claim(alice, event.pk, "A")
    waits = [door.claim(player, event.pk, "A") for player in (bob, charlie)]
    loss.remember()
    door.cancel(alice, won.body["ticket"])
    promoted = door.mine(bob, event.pk)
    assert promoted.kind == "won"
    loss.happen()
    assert stops(door, alice, event)
    assert present(promoted) == Restored.RESTORED
    assert present(waits[0]) == Restored.PRESENT, "the same claim, which has a ticket now"
    assert present(waits[1]) == Restored.PRESENT
    assert present(won) == Restored.SUPERSEDED
    let_it_end()
    assert door.mine(bob, event.pk).body["ticket"] == promoted.body["ticket"]
    assert door.mine(charlie, event.pk).body["position"] == 1


def test_a_ticket_that_was_voided_is_not_brought_back_by_its_receipt(loss: Loss, door: Door) -> None:
    event = make_event({"A": 1})
    alice, bob = make_players(["alice", "bob"])
    won = door.claim(alice, event.pk, "A")
    assert council.void(code=won.body["ticket"], event_id=event.pk, actor_id=None, reason="양도")
    settle()
    loss.remember()
    lost = door.claim(bob, event.pk, "A")
    loss.happen()
    assert stops(door, bob, event)
    assert present(won) == Restored.SUPERSEDED
    assert present(lost) == Restored.RESTORED


def test_who_was_barred_keeps_what_was_won_before_the_bar_or_after_it_was_lifted(
    loss: Loss, door: Door
) -> None:
    event = make_event({"A": 2})
    alice, bob = make_players(["alice", "bob"])
    council.bar(event_id=event.pk, student_id=alice.student.pk, actor_id=None, reason="양도")
    settle()
    loss.remember()
    council.lift_bar(event_id=event.pk, student_id=alice.student.pk)
    won = door.claim(alice, event.pk, "A")
    loss.happen()
    assert stops(door, bob, event)
    assert present(won) == Restored.RESTORED


def test_a_receipt_of_a_place_that_a_lost_capacity_made_brings_it_back(loss: Loss, door: Door) -> None:
    event = make_event({"A": 1})
    alice, bob = make_players(["alice", "bob"])
    door.claim(alice, event.pk, "A")
    loss.remember()
    Zone.objects.filter(event=event).update(capacity=2)
    settle()
    won = door.claim(bob, event.pk, "A")
    assert won.body["number"] == 2
    loss.happen()
    if stops(door, bob, event):  # rows that have every decision lose nothing
        assert present(won) == Restored.RESTORED
        let_it_end()
    assert door.mine(bob, event.pk).body["ticket"] == won.body["ticket"]
    settle()
    assert Zone.objects.get(event=event).places.count() == 2


def test_a_receipt_restores_nothing_while_the_sale_goes_on(loss: Loss, door: Door) -> None:
    event = make_event({"A": 2})
    alice, bob = make_players(["alice", "bob"])
    won = door.claim(alice, event.pk, "A")
    assert present(won) == Restored.PRESENT
    door.cancel(alice, won.body["ticket"])
    assert present(won) == Restored.SUPERSEDED
    assert door.claim(bob, event.pk, "A").body["number"] == 1
