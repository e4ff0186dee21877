"""Whoever was told "won" has a ticket, whichever side had lost it and whatever stood in the way (F2)."""

from uuid import uuid4

import pytest
from django.test import Client

from festival.redis import sale
from tests.contract.doors import Door
from tests.factories import make_event, make_players, mode_of_events, settle
from tests.reconcile.comparing import assert_alike, assert_repaired, reconcile
from tests.rush.test_writeback import keys_of
from ticketing.models import (
    Claim,
    Event,
    Mode,
    Place,
    Repair,
    Ticket,
    Zone,
)
from ticketing.models.authority import Answer as Answered
from ticketing.writeback import write_back

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("in_redis"),
]


def test_rows_that_lack_what_redis_was_built_from_are_repaired_from_redis(door: Door, client: Client) -> None:
    """PostgreSQL has fallen back behind the handover: what it had decided itself is in no row and in no entry."""
    token = mode_of_events.set(Mode.DATABASE)
    event = make_event({"A": 3}, waitlist_size=1)
    mode_of_events.reset(token)
    players = make_players(5)
    told = [door.claim(player, event.pk, "A") for player in players[:2]]
    Event.objects.filter(pk=event.pk).update(mode=Mode.REDIS)
    settle()
    told += [door.claim(player, event.pk, "A") for player in players[2:5]]
    settle()
    assert [answer.kind for answer in told] == ["won"] * 3 + ["waitlisted", "sold_out"]
    lost = Ticket.objects.get(student=players[0].student)
    Ticket.objects.filter(pk=lost.pk).delete()
    Claim.objects.filter(pk=lost.claim_id).delete()
    Place.objects.filter(number=1).update(free=True, generation=0)
    sale().hset(keys_of(event).of_group("state"), "incomplete", "1")
    first = f"{event.pk} {players[0].student.pk}"
    place = f"{Zone.objects.get(event=event).pk} 1"
    assert_repaired(
        event,
        ("incomplete", event.pk),
        ("ticket_missing_in_rows", lost.claim_id),
        ("first_arrival", first),
        ("place_free", place),
        ("place_generation", place),
    )
    assert client.get("/readyz").json()["parts"]["sales"] == "ok"
    again = door.claim(players[0], event.pk, "A")
    assert (again.kind, again.body["ticket"]) == ("already_won", lost.code)
    assert Claim.objects.get(pk=lost.claim_id).answer == Answered.WON
    Event.objects.filter(pk=event.pk).update(mode=Mode.DATABASE)
    settle()
    assert door.mine(players[0], event.pk).body["ticket"] == lost.code


def test_f2_a_row_of_another_at_a_winners_place_moves_and_both_have_one(door: Door) -> None:
    """The stream has stopped: the row is in the way of what was decided, and its holder was told of it too."""
    event = make_event({"A": 3})
    alice, bob = make_players(["alice", "bob"])
    zone = Zone.objects.get(event=event)
    stranger = Ticket.objects.create(
        claim_id=uuid4(),
        event=event,
        limit_group=event.pk,
        zone=zone,
        place=Place.objects.get(number=1),
        number=1,
        generation=1,
        student=bob.student,
        code="7Q2M9XK4TZPB",
        arrival=90,
        elapsed_ms=5,
    )
    told = door.claim(alice, event.pk, "A")
    settle()
    looked = reconcile(event)
    assert (looked.code, looked.found) == (2, set())
    assert "its stream has stopped" in looked.problem
    fixed = reconcile(event, "--fix")
    assert (fixed.code, fixed.left) == (0, set()), fixed
    assert fixed.found >= {("ticket_in_the_way", str(stranger.claim_id))}
    assert Repair.objects.filter(kind="ticket_in_the_way").count() == 1
    assert_alike(event)
    assert door.claim(alice, event.pk, "A").body["ticket"] == told.body["ticket"]
    again = door.claim(bob, event.pk, "A")
    assert (again.kind, again.body["ticket"], again.body["number"]) == ("already_won", stranger.code, 2)


def test_f2_a_winner_who_could_win_again_keeps_one_ticket(door: Door) -> None:
    """Redis had lost who holds: the second win stops the stream at PostgreSQL's constraint."""
    event = make_event({"A": 3})
    [alice] = make_players(["alice"])
    first = door.claim(alice, event.pk, "A")
    settle()
    sale().hdel(keys_of(event).of_group("live"), str(alice.student.pk))
    second = door.claim(alice, event.pk, "A")
    assert (second.kind, second.body["number"]) == ("won", 2)
    write_back()
    assert reconcile(event).code == 2
    fixed = reconcile(event, "--fix")
    assert (fixed.code, fixed.left) == (0, set()), fixed
    assert_alike(event)
    again = door.claim(alice, event.pk, "A")
    assert (again.kind, again.body["ticket"]) == ("already_won", second.body["ticket"])
    assert Ticket.objects.get(code=first.body["ticket"]).status == "cancelled"
    [bob] = make_players(["bob"])
    assert door.claim(bob, event.pk, "A").body["number"] == 1


def test_a_ticket_that_only_the_rows_have_moves_for_one_that_only_redis_has(door: Door) -> None:
    event = make_event({"A": 2})
    alice, bob = make_players(["alice", "bob"])
    told = [door.claim(player, event.pk, "A") for player in (alice, bob)]
    settle()
    lost, kept = (Ticket.objects.get(student=player.student) for player in (alice, bob))
    Ticket.objects.filter(pk=lost.pk).delete()
    Place.objects.filter(number=2).update(free=True)
    [charlie] = make_players(["charlie"])
    Ticket.objects.filter(pk=kept.pk).update(
        claim_id=uuid4(),
        place=Place.objects.get(number=1),
        number=1,
        code="7Q2M9XK4TZPB",
        arrival=None,
        grant_reason="왜",
        student=charlie.student,
    )
    ran = reconcile(event, "--fix")
    assert ran.code == 1, "three were told, and there are two places"
    assert ("ticket_missing_in_rows", str(kept.claim_id)) in ran.found
    assert door.mine(bob, event.pk).body["ticket"] == told[1].body["ticket"], "nothing was taken from anybody"
    assert Ticket.objects.filter(status="held").count() == 2
