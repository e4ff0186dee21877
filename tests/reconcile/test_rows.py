"""Rows that say different things, planted one by one: found, repaired, recorded; in both modes."""

import pytest
from django.db.models import F
from django.utils import timezone

from tests.contract.acts import void
from tests.contract.doors import Answer, Door
from tests.factories import Player, make_event, make_players, settle
from tests.reconcile.comparing import assert_repaired, reconcile
from ticketing.models import (
    Bar,
    Claim,
    Event,
    Mode,
    Place,
    Promotion,
    Repair,
    SaleCounter,
    Ticket,
    WaitingEntry,
    Zone,
    ZoneState,
)

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def event(mode: Mode) -> Event:
    return make_event({"A": 3}, waitlist_size=2)


@pytest.fixture
def players(event: Event) -> list[Player]:
    return make_players(6)


def press(door: Door, event: Event, players: list[Player]) -> list[Answer]:
    told = [door.claim(player, event.pk, "A") for player in players]
    settle()
    return told


def place(event: Event, number: int) -> str:
    return f"{Zone.objects.get(event=event).pk} {number}"


def lose(ticket: Ticket) -> None:
    """Delete a ticket's row, and let its place be as free as it then is."""
    Ticket.objects.filter(pk=ticket.pk).delete()
    Place.objects.filter(zone=ticket.zone_id, number=ticket.number).update(free=True)


def test_f2_a_winner_whose_ticket_is_gone_gets_it_back(
    event: Event, door: Door, players: list[Player], mode: Mode
) -> None:
    told = press(door, event, players[:2])
    ticket = Ticket.objects.get(code=told[0].body["ticket"])
    lose(ticket)
    also = [("ticket_missing_in_rows", ticket.claim_id), ("place_free", place(event, 1))]
    in_redis = mode == Mode.REDIS
    settled = ("winner_without_ticket",) if in_redis else ()
    owed = ("winner_without_ticket", ticket.claim_id)
    assert_repaired(event, owed, *(also if in_redis else []), settled=settled)
    again = door.claim(players[0], event.pk, "A")
    assert (again.kind, again.body["number"]) == ("already_won", 1)
    if mode == Mode.REDIS:
        assert again.body["ticket"] == ticket.code, "it is the one that was told"


@pytest.mark.parametrize("mode", [Mode.DATABASE], indirect=True)
def test_a_winner_whose_ticket_is_gone_and_whose_place_is_taken_gets_the_next_free_one(
    event: Event, door: Door, players: list[Player]
) -> None:
    told = press(door, event, players[:1])
    lose(Ticket.objects.get(code=told[0].body["ticket"]))
    assert press(door, event, players[1:2])[0].body["number"] == 1
    assert reconcile(event, "--fix").code == 0
    assert press(door, event, players[:1])[0].body["number"] == 2


@pytest.mark.parametrize("mode", [Mode.DATABASE], indirect=True)
def test_f2_a_winner_for_whom_no_place_is_left_stays_found(
    event: Event, door: Door, players: list[Player]
) -> None:
    told = press(door, event, players[:1])
    ticket = Ticket.objects.get(code=told[0].body["ticket"])
    lose(ticket)
    press(door, event, players[1:4])
    ran = reconcile(event, "--fix")
    owed = {("winner_without_ticket", str(ticket.claim_id))}
    assert (ran.code, ran.found, ran.left, ran.repaired) == (1, owed, owed, 0)
    assert not Repair.objects.exists()


def test_a_winner_who_was_shut_out_or_gave_it_back_is_owed_nothing(
    event: Event, door: Door, players: list[Player]
) -> None:
    told = press(door, event, players[:2])
    void(event, told[0].body["ticket"])
    assert door.cancel(players[1], told[1].body["ticket"]).kind == "cancelled"
    settle()
    assert reconcile(event).code == 0


def test_one_who_moved_up_and_whose_ticket_is_gone_gets_it_back(
    event: Event, door: Door, players: list[Player], mode: Mode
) -> None:
    told = press(door, event, players[:4])
    assert door.cancel(players[0], told[0].body["ticket"]).kind == "cancelled"
    settle()
    ticket = Ticket.objects.get(student=players[3].student)
    lose(ticket)
    also = [("ticket_missing_in_rows", ticket.claim_id), ("place_free", place(event, 1))]
    in_redis = mode == Mode.REDIS
    settled = ("winner_without_ticket",) if in_redis else ()
    owed = ("winner_without_ticket", ticket.claim_id)
    assert_repaired(event, owed, *(also if in_redis else []), settled=settled)
    assert door.claim(players[3], event.pk, "A").kind == "already_won"


def test_a_ticket_that_nobody_pressed_for_gets_its_press(
    event: Event, door: Door, players: list[Player], mode: Mode
) -> None:
    told = press(door, event, players[:1])
    ticket = Ticket.objects.get(code=told[0].body["ticket"])
    Claim.objects.filter(pk=ticket.claim_id).delete()
    first = f"{event.pk} {players[0].student.pk}"
    also = [("claim_missing_in_rows", ticket.claim_id), ("first_arrival", first)]
    in_redis = mode == Mode.REDIS
    settled = ("ticket_without_claim", "first_arrival") if in_redis else ()
    assert_repaired(
        event,
        ("ticket_without_claim", ticket.claim_id),
        *(also if in_redis else []),
        settled=settled,
    )
    assert Claim.objects.get(pk=ticket.claim_id).arrival == 1


@pytest.mark.parametrize("number", [1, 3], ids=["of a holder", "of nobody"])
def test_a_place_that_is_counted_wrong_is_counted_right(
    event: Event, door: Door, players: list[Player], number: int
) -> None:
    press(door, event, players[:2])
    Place.objects.filter(number=number).update(free=number == 1)
    assert_repaired(event, ("place_free", place(event, number)))
    assert [told.body["number"] for told in press(door, event, players[2:3])] == [3]


def test_a_place_given_more_often_than_it_counts_is_counted_on(
    event: Event, door: Door, players: list[Player]
) -> None:
    press(door, event, players[:1])
    Place.objects.filter(number=1).update(generation=0)
    assert_repaired(event, ("place_generation", place(event, 1)))


def test_a_ticket_that_points_at_another_place_points_at_its_own(
    event: Event, door: Door, players: list[Player]
) -> None:
    told = press(door, event, players[:1])
    ticket = Ticket.objects.get(code=told[0].body["ticket"])
    Ticket.objects.filter(pk=ticket.pk).update(place=Place.objects.get(number=3))
    assert_repaired(
        event,
        ("ticket_place", ticket.claim_id),
        ("place_free", place(event, 1)),
        ("place_free", place(event, 3)),
        settled=("place_free",),
    )
    ticket.refresh_from_db()
    assert ticket.place is not None
    assert ticket.place.number == 1


def test_places_that_are_counted_wrong_are_counted_right(event: Event) -> None:
    ZoneState.objects.update(capacity=7)
    zone = Zone.objects.get(event=event).pk
    assert_repaired(event, ("zone_capacity", zone))


def test_a_counter_that_is_behind_is_put_on(
    event: Event, door: Door, players: list[Player], mode: Mode
) -> None:
    press(door, event, players[:2])
    SaleCounter.objects.filter(group=event.pk).update(
        arrival=F("arrival") - 1, decisions=F("decisions") + int(mode == Mode.DATABASE)
    )
    expected = [("counter_arrival", event.pk), *([("arrival", event.pk)] if mode == Mode.REDIS else [])]
    assert_repaired(event, *expected, settled=("counter_arrival",) if mode == Mode.REDIS else ())
    assert SaleCounter.objects.get(group=event.pk).arrival == 2


def test_who_stands_elsewhere_in_the_list_stands_where_they_arrived(
    event: Event, door: Door, players: list[Player], mode: Mode
) -> None:
    press(door, event, players[:5])
    last = WaitingEntry.objects.latest("arrival")
    WaitingEntry.objects.filter(pk=last.pk).update(arrival=1)
    expected = [("waiting_arrival", last.pk), *([("waiting_facts", last.pk)] if mode == Mode.REDIS else [])]
    assert_repaired(event, *expected, settled=("waiting_arrival",) if mode == Mode.REDIS else ())
    assert door.mine(players[4], event.pk).body["position"] == 2


def test_who_waits_and_has_the_ticket_waits_no_more(
    event: Event, door: Door, players: list[Player], mode: Mode
) -> None:
    told = press(door, event, players[:4])
    assert door.cancel(players[0], told[0].body["ticket"]).kind == "cancelled"
    settle()
    entry = WaitingEntry.objects.get(student=players[3].student)
    WaitingEntry.objects.filter(pk=entry.pk).update(status="waiting")
    also = [("waiting_status", entry.pk)] if mode == Mode.REDIS else []
    settled = ("waiting_with_ticket",) if mode == Mode.REDIS else ()
    assert_repaired(event, ("waiting_with_ticket", entry.pk), *also, settled=settled)


def test_an_offer_of_somebody_elses_place_is_none(
    event: Event, door: Door, players: list[Player], mode: Mode
) -> None:
    Event.objects.filter(pk=event.pk).update(promotion=Promotion.OFFER)
    settle()
    told = press(door, event, players[:4])
    assert door.cancel(players[0], told[0].body["ticket"]).kind == "cancelled"
    settle()
    entry = WaitingEntry.objects.get(student=players[3].student)
    assert entry.offered_number == 1
    WaitingEntry.objects.filter(pk=entry.pk).update(offered_number=2, offered_generation=1)
    expected = [("offer_place", entry.pk), ("place_free", place(event, 1))]
    if mode == Mode.REDIS:
        also = [("waiting_facts", entry.pk)]
        assert_repaired(event, *expected, *also, settled=("offer_place", "place_free"))
    else:
        assert_repaired(event, *expected)
    settle()
    entry.refresh_from_db()
    assert (entry.status, entry.offered_number) == ("offered", 1)
    assert door.accept(players[3], event.pk).body["number"] == 1


@pytest.mark.parametrize("mode", [Mode.DATABASE], indirect=True)
def test_a_bar_keeps_a_winner_without_a_ticket_out(event: Event, door: Door, players: list[Player]) -> None:
    told = press(door, event, players[:1])
    lose(Ticket.objects.get(code=told[0].body["ticket"]))
    Bar.objects.create(event=event, student=players[0].student, reason="양도", created_at=timezone.now())
    assert reconcile(event, "--fix").code == 0
    assert not Ticket.objects.exists()
