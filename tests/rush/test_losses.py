"""What Redis has lost stops the sale, seen: nothing is rebuilt from rows that are behind, no place is given twice."""

import logging
from collections import Counter
from collections.abc import Callable
from threading import Event as Flag
from threading import Thread

import pytest
from django.core.cache import caches
from django.db.models import Count
from django.test import Client

from festival.redis import sale
from tests.contract.doors import Answer, Door, close_connection
from tests.factories import Player, make_event, make_players, settle
from tests.rush.test_writeback import keys_of
from ticketing import council
from ticketing.allocation.priming import prime
from ticketing.allocation.rush import losses
from ticketing.allocation.rush.keys import GROUPS, directory
from ticketing.models import EligibilityRule, Event, LimitGroup, SaleCounter, Ticket, Zone
from ticketing.writeback import write_back

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
PLACES = 6


@pytest.fixture
def event() -> Event:
    return make_event({"A": PLACES})


def play(event: Event, door: Door) -> tuple[list[Player], list[Answer]]:
    """Let tickets be won, given back and voided, and a capacity be cut, so that every kind of key has members."""
    EligibilityRule.objects.create(event=event, statuses=["enrolled"])
    players = make_players(10)
    settle()
    answers = [door.claim(player, event.pk, "A") for player in players[:4]]
    door.cancel(players[0], answers[0].body["ticket"])
    council.bar(event_id=event.pk, student_id=players[9].student.pk, actor_id=None, reason="양도")
    settle()
    assert losses_of(event) == []
    return players, answers[1:]


def losses_of(event: Event) -> list[str]:
    """Look as the loop does."""
    zones = list(Zone.objects.filter(event=event).values_list("pk", flat=True))
    counter = SaleCounter.objects.get(group=event.pk)
    return list(losses.look(keys_of(event), counter, [event.pk], zones).lost)


def key_of(event: Event, name: str) -> str:
    keys = keys_of(event)
    kind, _, part = name.partition(" ")
    of: dict[str, Callable[[], str]] = {
        "group": lambda: keys.of_group(part),
        "event": lambda: keys.of_event(event.pk, part),
        "zone": lambda: keys.of_zone(Zone.objects.get(event=event).pk, part),
        "festival": lambda: keys.of_festival(part),
    }
    return of[kind]()


SEEN = [
    "group state",
    "group stream",
    "group live",
    "group tickets",
    "event conf",
    "event first",
    "event barred",
    "event classes",
    "event openings",
    "zone state",
    "zone freed",
    "zone generations",
    "festival students",
    "festival ended",
]


@pytest.mark.parametrize("name", SEEN)
def test_a_lost_key_is_noticed_and_built_anew_from_rows_that_have_every_decision(
    event: Event, door: Door, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    players, answers = play(event, door)
    assert sale().unlink(key_of(event, name)) == 1
    with caplog.at_level(logging.WARNING):
        prime()
    assert [record.message.partition(",")[0] for record in caplog.records][:2] == [
        f"the sale of group {event.pk} is stopped",
        f"group {event.pk} is built anew from its rows",
    ]
    assert losses_of(event) == []
    assert door.claim(players[1], event.pk, "A").body["ticket"] == answers[0].body["ticket"]
    assert door.claim(players[9], event.pk, "A").kind == "barred"
    assert door.claim(players[6], event.pk, "A").body["number"] == 1, "the place that was given back"


@pytest.mark.parametrize("name", ["group stream", "group state"])
def test_a_sale_whose_decisions_are_lost_is_stopped_and_shown(
    event: Event, door: Door, client: Client, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    players, _answers = play(event, door)
    assert door.claim(players[5], event.pk, "A").kind == "won"  # has no row
    sale().unlink(key_of(event, "group stream"), key_of(event, name))
    with caplog.at_level(logging.ERROR):
        prime()
        prime()
    told = door.claim(players[6], event.pk, "A")
    assert (told.kind, told.retry_after) == ("recovering", 5)
    assert [record.message.partition(",")[0].partition(" until")[0] for record in caplog.records] == [
        f"the sale of group {event.pk} is stopped",
        f"the sale of group {event.pk} is being restored",
    ]
    ready = client.get("/readyz")
    assert ready.json()["status"] == "degraded"
    assert str(event.pk) in ready.json()["parts"]["sales"]
    assert client.get(f"/api/events/{event.pk}/").json()["state"] == "recovering"
    settle()
    assert door.claim(players[6], event.pk, "A").kind == "recovering", "until the receipts are over"


@pytest.mark.parametrize("name", [*SEEN, "zone removed", "event tries"])
def test_no_place_is_given_twice_when_a_key_is_lost_under_a_running_sale(
    event: Event, door: Door, name: str
) -> None:
    players, answers = play(event, door)
    over = Flag()

    def loop() -> None:
        while not over.is_set():
            prime()
        close_connection()

    thread = Thread(target=loop)
    thread.start()
    sale().unlink(key_of(event, name))  # rows are behind: nobody writes back meanwhile
    answers += [door.claim(player, event.pk, "A") for player in players[4:9]]
    over.set()
    thread.join()
    write_back()
    won = [(answer.body["zone"], answer.body["number"]) for answer in answers if answer.kind == "won"]
    assert max(Counter(won).values()) == 1
    twice = Ticket.objects.filter(status="held").values("place").annotate(n=Count("pk")).filter(n__gt=1)
    assert not twice


def test_control_a_sale_that_is_built_anew_from_rows_that_are_behind_gives_places_twice(
    event: Event, door: Door
) -> None:
    players = make_players(4)
    settle()
    first = door.claim(players[0], event.pk, "A")
    state, conf = key_of(event, "group state"), key_of(event, "event conf")
    sale().unlink(conf)
    sale().unlink(directory(event.pk))
    sale().hdel(state, f"event:{event.pk}")
    prime()  # taken for a new event: its rows say that every place is free
    assert door.claim(players[1], event.pk, "A").body["number"] == first.body["number"]


def test_removed_numbers_that_are_lost_are_seen(event: Event, door: Door) -> None:
    players, _answers = play(event, door)
    Zone.objects.filter(event=event).update(capacity=2)
    settle()
    assert sale().zcard(key_of(event, "zone removed")) == 1
    sale().unlink(key_of(event, "zone removed"))
    assert losses_of(event)
    prime()
    assert losses_of(event) == []
    assert door.claim(players[6], event.pk, "A").kind == "sold_out"


def test_a_state_that_fell_back_behind_the_rows_is_noticed(event: Event, door: Door) -> None:
    players, _answers = play(event, door)
    sale().hincrby(key_of(event, "group state"), "arrival", -1)
    prime()
    assert door.claim(players[6], event.pk, "A").kind == "recovering"


def test_new_events_and_zones_of_a_standing_group_are_loaded(event: Event, door: Door) -> None:
    (alice,) = make_players(["alice"])
    group = make_group(event)
    settle()
    other = make_event({"B": 2}, limit_group=group)
    Zone.objects.create(event=event, name="C", capacity=1)
    settle()
    assert door.claim(alice, other.pk, "B").kind == "won"
    (bob,) = make_players(["bob"])
    assert door.claim(bob, event.pk, "C").kind == "won"


def make_group(event: Event) -> LimitGroup:
    group = LimitGroup.objects.create(festival=event.festival, name="하나만")
    Event.objects.filter(pk=event.pk).update(limit_group=group)
    return group


def test_other_sales_go_on_when_one_has_lost_something(event: Event, door: Door) -> None:
    other = make_event({"A": 2})
    alice, bob = make_players(["alice", "bob"])
    settle()
    door.claim(alice, event.pk, "A")
    sale().unlink(key_of(event, "group stream"))
    settle()
    Event.objects.filter(pk=other.pk).update(paused=True)
    settle()
    assert door.claim(alice, event.pk, "A").kind == "recovering"
    assert door.claim(bob, other.pk, "A").kind == "paused", "the loop goes on for it too"


def test_the_list_of_groups_and_the_directory_are_copies_and_come_back(event: Event, door: Door) -> None:
    (alice,) = make_players(["alice"])
    settle()
    sale().unlink(GROUPS)
    sale().unlink(directory(event.pk))
    settle()
    assert door.claim(alice, event.pk, "A").kind == "won"
    write_back()
    assert Ticket.objects.get().student_id == alice.student.pk


def test_keys_that_are_empty_are_not_taken_for_lost(event: Event, door: Door) -> None:
    (alice,) = make_players(["alice"])
    settle()
    assert losses_of(event) == []
    won = door.claim(alice, event.pk, "A")
    assert losses_of(event) == []
    door.cancel(alice, won.body["ticket"])
    assert losses_of(event) == []
    Zone.objects.filter(event=event).update(capacity=0)
    settle()
    assert losses_of(event) == []
    Zone.objects.filter(event=event).update(capacity=9)
    settle()
    assert losses_of(event) == []


def test_a_loss_is_made_good_in_the_other_mode_too(event: Event, door: Door) -> None:
    players, answers = play(event, door)
    sale().unlink(key_of(event, "zone freed"))
    Event.objects.filter(pk=event.pk).update(mode="database")
    settle()
    assert door.claim(players[1], event.pk, "A").body["number"] == answers[0].body["number"]
    assert door.claim(players[6], event.pk, "A").body["number"] == 1


def test_students_who_are_lost_are_told_anew_to_every_sale_of_the_festival(event: Event, door: Door) -> None:
    other = make_event({"A": 2})
    alice, bob = make_players(["alice", "bob"])
    settle()
    sale().unlink(key_of(event, "festival students"))
    assert door.claim(alice, event.pk, "A").kind == "login_required"
    prime()
    assert {door.claim(alice, event.pk, "A").kind, door.claim(bob, other.pk, "A").kind} == {"won"}


def test_the_public_page_is_there_in_the_moment_in_which_the_authority_changes(
    event: Event, client: Client
) -> None:
    address = f"/api/events/{event.pk}/"
    assert client.get(address).json()["state"] == "open"
    caches["process"].delete(f"event:{event.pk}")  # but not who decides, which is remembered for a second
    Event.objects.filter(pk=event.pk).update(mode="database")
    settle()
    assert client.get(address).json()["zones"][0]["left"] == PLACES
