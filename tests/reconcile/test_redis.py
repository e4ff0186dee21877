"""Redis and the rows say different things, planted one by one: found, repaired by the side that is right, recorded."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from threading import Timer
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import StudentStatus
from festival.redis import sale
from tests.contract.acts import bar, grant, void
from tests.contract.acts import scan as scan_ticket
from tests.contract.doors import Answer, Door
from tests.factories import Player, make_event, make_players, mode_of_events, settle
from tests.reconcile.comparing import assert_alike, assert_repaired, reconcile
from tests.rush.test_writeback import keys_of
from ticketing.allocation.rush.keys import Keys
from ticketing.allocation.rush.lines import EntryLine, TicketLine, milliseconds
from ticketing.models import (
    Bar,
    Claim,
    EligibilityRule,
    Event,
    EventState,
    LimitGroup,
    Mode,
    Place,
    Repair,
    SaleCounter,
    Ticket,
    WaitingEntry,
    Zone,
)
from ticketing.models.authority import Answer as Answered
from ticketing.writeback import write_back

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("in_redis"),
]
Expected = tuple[str, object]


@dataclass
class World:
    """A sale of three places: alice, bob and a third hold them, two wait, one came too late."""

    event: Event
    keys: Keys
    players: list[Player]
    told: list[Answer]

    @property
    def zone(self) -> UUID:
        return Zone.objects.get(event=self.event).pk

    def ticket(self, number: int = 0) -> Ticket:
        return Ticket.objects.get(student=self.players[number].student)

    def line(self, number: int = 0) -> TicketLine:
        found = sale().hget(self.keys.of_group("tickets"), self.told[number].body["ticket"])
        return TicketLine.read(str(found))

    def put(self, line: TicketLine) -> None:
        sale().hset(self.keys.of_group("tickets"), line.code, line.line())

    def of_event(self, name: str) -> str:
        return self.keys.of_event(self.event.pk, name)

    def of_zone(self, name: str) -> str:
        return self.keys.of_zone(self.zone, name)

    def student(self, number: int) -> str:
        return str(self.players[number].student.pk)

    def entry(self, number: int = 3) -> WaitingEntry:
        return WaitingEntry.objects.get(student=self.players[number].student)

    def at(self, number: int) -> str:
        return f"{self.event.pk} {self.student(number)}"


@pytest.fixture
def world(door: Door) -> World:
    event, players = make_event({"A": 3}, waitlist_size=2), make_players(7)
    told = [door.claim(player, event.pk, "A") for player in players[:6]]
    assert [answer.kind for answer in told] == ["won"] * 3 + ["waitlisted"] * 2 + ["sold_out"]
    settle()
    assert_alike(event)
    return World(event, keys_of(event), players, told)


def ticket_lost_in_redis(world: World) -> list[Expected]:
    sale().hdel(world.keys.of_group("tickets"), world.line().code)
    return [("ticket_missing_in_redis", world.ticket().claim_id), ("holder", world.student(0))]


def another_number_in_redis(world: World) -> list[Expected]:
    world.put(replace(world.line(), number="2"))
    return [("ticket_facts", world.ticket().claim_id)]


def nobody_holds_in_redis(world: World) -> list[Expected]:
    sale().hdel(world.keys.of_group("live"), world.student(0))
    return [("holder", world.student(0))]


def held_by_a_stranger(world: World) -> list[Expected]:
    sale().hset(world.keys.of_group("live"), world.student(6), "MADEUP")
    return [("holder", world.student(6))]


def used_in_redis_only(world: World) -> list[Expected]:
    """A gate that died between the authority's word and its row."""
    world.put(replace(world.line(), status="used", scan=str(uuid4())))
    return [("ticket_status", world.ticket().claim_id)]


def waiting_lost_in_redis(world: World) -> list[Expected]:
    sale().hdel(world.of_event("entries"), world.student(3))
    return [
        ("waiting_missing_in_redis", world.entry().pk),
        ("waiting_order", world.at(3)),
        ("waiting_wants", f"{world.event.pk} {world.zone}"),
    ]


def left_in_redis_only(world: World) -> list[Expected]:
    line = EntryLine.read(str(sale().hget(world.of_event("entries"), world.student(3))))
    sale().hset(world.of_event("entries"), world.student(3), replace(line, status="left").line())
    return [
        ("waiting_status", world.entry().pk),
        ("waiting_order", world.at(3)),
        ("waiting_wants", f"{world.event.pk} {world.zone}"),
    ]


def the_order_of_waiting(world: World) -> list[Expected]:
    sale().zadd(world.of_event("waiting"), {world.student(4): 1})
    return [("waiting_order", world.at(4))]


def the_wish_of_one_more(world: World) -> list[Expected]:
    sale().hset(world.of_event("wants"), str(world.zone), "3")
    return [("waiting_wants", f"{world.event.pk} {world.zone}")]


def an_offer_to_nobody(world: World) -> list[Expected]:
    sale().zadd(world.of_event("offers"), {world.student(3): milliseconds(timezone.now())})
    return [("offer", world.at(3))]


def barred_in_redis_only(world: World) -> list[Expected]:
    sale().sadd(world.of_event("barred"), world.student(5))
    return [("bar", world.at(5))]


def a_first_arrival(world: World) -> list[Expected]:
    sale().hdel(world.of_event("first"), world.student(5))
    return [("first_arrival", world.at(5))]


def an_opening_that_was_not_seen(world: World) -> list[Expected]:
    sale().hdel(world.of_event("conf"), "opening")
    return [("opening", world.event.pk)]


def a_counter_behind(world: World) -> list[Expected]:
    sale().hset(world.keys.of_group("state"), "arrival", "5")
    return [("arrival", world.event.pk)]


def a_free_place_in_redis(world: World) -> list[Expected]:
    sale().zadd(world.of_zone("freed"), {"2": 2})
    return [("place_free", f"{world.zone} 2")]


def a_place_removed_in_redis(world: World) -> list[Expected]:
    sale().zadd(world.of_zone("removed"), {"2": 2})
    return [("place_missing_in_redis", f"{world.zone} 2")]


def a_generation_in_redis(world: World) -> list[Expected]:
    sale().hset(world.of_zone("generations"), "2", "0")
    return [("place_generation", f"{world.zone} 2")]


def a_zone_lost(world: World) -> list[Expected]:
    sale().unlink(world.of_zone("state"))
    return [("zone", world.zone)]


def a_student_who_logged_out_everywhere(world: World) -> list[Expected]:
    sale().hset(world.keys.of_festival("students"), world.student(6), "9|enrolled")
    return [("student", world.student(6))]


def a_login_that_ended(world: World) -> list[Expected]:
    session = str(uuid4())
    later = milliseconds(timezone.now() + timedelta(hours=1))
    sale().zadd(world.keys.of_festival("ended"), {session: later})
    return [("session", session)]


IN_REDIS: list[Callable[[World], list[Expected]]] = [
    ticket_lost_in_redis,
    another_number_in_redis,
    nobody_holds_in_redis,
    held_by_a_stranger,
    used_in_redis_only,
    waiting_lost_in_redis,
    left_in_redis_only,
    the_order_of_waiting,
    the_wish_of_one_more,
    an_offer_to_nobody,
    barred_in_redis_only,
    a_first_arrival,
    an_opening_that_was_not_seen,
    a_counter_behind,
    a_free_place_in_redis,
    a_place_removed_in_redis,
    a_generation_in_redis,
    a_zone_lost,
    a_student_who_logged_out_everywhere,
    a_login_that_ended,
]


def assert_as_it_was(world: World, door: Door) -> None:
    """See that everybody has what they were told, and that the sale goes on as it would have."""
    again = [door.claim(player, world.event.pk, "A") for player in world.players[:6]]
    assert [answer.kind for answer in again] == ["already_won"] * 3 + ["waitlisted"] * 2 + ["sold_out"]
    for told, now in zip(world.told, again, strict=True):
        assert {name: now.body.get(name) for name in ("ticket", "number", "arrival", "position")} == {
            name: told.body.get(name) for name in ("ticket", "number", "arrival", "position")
        }
    assert door.cancel(world.players[1], world.told[1].body["ticket"]).kind == "cancelled"
    assert door.mine(world.players[3], world.event.pk).body["number"] == 2
    assert door.claim(world.players[6], world.event.pk, "A").body["arrival"] == 7
    settle()
    assert_alike(world.event)


@pytest.mark.parametrize("plant", IN_REDIS, ids=lambda plant: plant.__name__)
def test_what_redis_has_otherwise_is_built_anew_from_the_rows(
    world: World, door: Door, plant: Callable[[World], list[Expected]]
) -> None:
    rows = list(Ticket.objects.order_by("pk").values())
    epoch = SaleCounter.objects.get(group=world.event.pk).epoch
    assert_repaired(world.event, *plant(world))
    assert list(Ticket.objects.order_by("pk").values()) == rows, "the rows were right"
    assert SaleCounter.objects.get(group=world.event.pk).epoch == epoch + 1
    assert {repair.after for repair in Repair.objects.all()} == {"built anew from the rows"}
    assert_as_it_was(world, door)


def ticket_row_lost(world: World) -> list[Expected]:
    ticket = world.ticket()
    Ticket.objects.filter(pk=ticket.pk).delete()
    owed = ("winner_without_ticket", ticket.claim_id)
    return [("ticket_missing_in_rows", ticket.claim_id), ("place_free", f"{world.zone} 1"), owed]


def another_number_in_the_row(world: World) -> list[Expected]:
    ticket = world.ticket()
    Ticket.objects.filter(pk=ticket.pk).update(number=2)
    return [("ticket_facts", ticket.claim_id), ("ticket_place", ticket.claim_id)]


def entry_row_lost(world: World) -> list[Expected]:
    entry = world.entry()
    WaitingEntry.objects.filter(pk=entry.pk).delete()
    return [("waiting_missing_in_rows", entry.pk)]


def entry_row_left(world: World) -> list[Expected]:
    entry = world.entry()
    WaitingEntry.objects.filter(pk=entry.pk).update(status="left", changed_at=timezone.now())
    return [("waiting_status", entry.pk)]


def claim_row_lost(world: World) -> list[Expected]:
    claim = Claim.objects.get(student=world.players[5].student)
    Claim.objects.filter(pk=claim.pk).delete()
    return [("claim_missing_in_rows", claim.pk), ("first_arrival", world.at(5))]


def claim_row_says_otherwise(world: World) -> list[Expected]:
    claim = Claim.objects.get(student=world.players[5].student)
    Claim.objects.filter(pk=claim.pk).update(answer=Answered.WAITLISTED)
    return [("claim_answer", claim.pk), ("first_arrival", world.at(5))]


def counter_row_behind(world: World) -> list[Expected]:
    SaleCounter.objects.filter(group=world.event.pk).update(arrival=4)
    return [("arrival", world.event.pk), ("counter_arrival", world.event.pk)]


def opening_row_lost(world: World) -> list[Expected]:
    EventState.objects.update(opening=None)
    return [("opening", world.event.pk)]


def generation_row_behind(world: World) -> list[Expected]:
    Place.objects.filter(number=2).update(generation=0)
    return [("place_generation", f"{world.zone} 2")]


IN_ROWS: list[tuple[Callable[[World], list[Expected]], tuple[str, ...]]] = [
    (ticket_row_lost, ("winner_without_ticket", "place_free")),
    (another_number_in_the_row, ("ticket_place",)),
    (entry_row_lost, ()),
    (entry_row_left, ()),
    (claim_row_lost, ("first_arrival",)),
    (claim_row_says_otherwise, ("first_arrival",)),
    (counter_row_behind, ("counter_arrival",)),
    (opening_row_lost, ()),
    (generation_row_behind, ()),
]


@pytest.mark.parametrize(("plant", "settled"), IN_ROWS, ids=lambda it: getattr(it, "__name__", ""))
def test_rows_that_lack_what_the_stream_tells_follow_it(
    world: World, door: Door, plant: Callable[[World], list[Expected]], settled: tuple[str, ...]
) -> None:
    epoch = SaleCounter.objects.get(group=world.event.pk).epoch
    assert_repaired(world.event, *plant(world), settled=settled)
    assert SaleCounter.objects.get(group=world.event.pk).epoch == epoch, "Redis was right"
    assert_as_it_was(world, door)


def test_a_free_place_whose_row_is_lost_is_made_again(door: Door) -> None:
    event = make_event({"A": 3})
    Place.objects.get(number=3).delete()
    zone = Zone.objects.get(event=event).pk
    settled = ("zone_capacity",)
    assert_repaired(event, ("place_missing_in_rows", f"{zone} 3"), ("zone_capacity", zone), settled=settled)
    told = [door.claim(player, event.pk, "A") for player in make_players(3)]
    assert [answer.body["number"] for answer in told] == [1, 2, 3]


@pytest.mark.parametrize("status", ["void", "cancelled"])
def test_a_ticket_that_has_ended_in_postgresql_has_ended(world: World, door: Door, status: str) -> None:
    ticket = world.ticket()
    Ticket.objects.filter(pk=ticket.pk).update(status=status, ended_at=timezone.now())
    assert_repaired(world.event, ("ticket_status", ticket.claim_id), ("place_free", f"{world.zone} 1"))
    settle()
    assert door.mine(world.players[0], world.event.pk).kind == "no_claim"
    assert door.mine(world.players[3], world.event.pk).body["number"] == 1, "it went to who waited"
    assert_alike(world.event)


def test_a_ticket_that_was_used_stays_used(world: World, door: Door) -> None:
    ticket = world.ticket()
    Ticket.objects.filter(pk=ticket.pk).update(status="used", used_at=timezone.now())
    assert_repaired(world.event, ("ticket_status", ticket.claim_id))
    assert door.cancel(world.players[0], ticket.code).kind == "not_cancellable"


def test_a_bar_in_force_stands(world: World, door: Door) -> None:
    Bar.objects.create(event=world.event, student=world.players[6].student, reason="양도")
    assert_repaired(world.event, ("bar", world.at(6)))
    assert door.claim(world.players[6], world.event.pk, "A").kind == "barred"


def test_a_bar_that_the_stream_tells_is_written(world: World, door: Door) -> None:
    bar(world.event, world.players[6].student)
    settle()
    Bar.objects.all().delete()
    assert_repaired(world.event, ("bar", world.at(6)))
    assert Bar.objects.get().reason == "양도"
    assert door.claim(world.players[6], world.event.pk, "A").kind == "barred"


def test_who_was_void_and_is_held_in_the_rows_is_void_as_the_stream_tells(world: World) -> None:
    void(world.event, world.told[0].body["ticket"])
    settle()
    ticket = Ticket.objects.get(code=world.told[0].body["ticket"])
    promoted = world.ticket(3)
    Ticket.objects.filter(pk=promoted.pk).delete()
    Ticket.objects.filter(pk=ticket.pk).update(status="held", ended_at=None, reason="")
    assert_repaired(
        world.event,
        ("ticket_status", ticket.claim_id),
        ("ticket_missing_in_rows", promoted.claim_id),
        ("winner_without_ticket", promoted.claim_id),
        settled=("winner_without_ticket",),
    )
    ticket.refresh_from_db()
    assert (ticket.status, ticket.reason) == ("void", "양도")
    assert world.ticket(3).number == 1


def test_a_class_that_is_not_by_the_rules_is_put_right(door: Door) -> None:
    event = make_event({"A": 3}, primed=False)
    EligibilityRule.objects.create(event=event, statuses=[StudentStatus.ENROLLED])
    alice, bob = make_players(["alice", "bob"])
    settle()
    assert_alike(event)
    sale().hset(keys_of(event).of_event(event.pk, "classes"), str(bob.student.pk), "0")
    assert door.claim(bob, event.pk, "A").kind == "not_eligible"
    assert_repaired(event, ("student_rules", f"{event.pk} {bob.student.pk}"))
    sale().hset(keys_of(event).of_event(event.pk, "conf"), "rules", "0")
    Repair.objects.all().delete()
    assert_repaired(event, ("rules", event.pk))
    assert [door.claim(player, event.pk, "A").kind for player in (alice, bob)] == ["won", "won"]


def test_what_the_loop_will_tell_is_no_difference(world: World) -> None:
    student = world.players[6].student
    student.status = StudentStatus.ON_LEAVE
    student.save()
    assert_alike(world.event)
    settle()
    assert_alike(world.event)


def test_a_scan_on_its_way_to_its_row_is_no_difference(world: World) -> None:
    """Redis has let it through; its row is written a moment later, and told to nobody."""
    ticket = world.ticket()
    world.put(replace(world.line(), status="used", scan=str(uuid4())))

    def arrive() -> None:
        Ticket.objects.filter(pk=ticket.pk).update(status="used", used_at=timezone.now())
        connection.close()

    scan = Timer(1, arrive)
    scan.start()
    assert_alike(world.event)
    scan.join()


def test_what_the_gate_did_without_redis_is_no_difference_until_it_is_told(world: World) -> None:
    state = world.keys.of_group("state")
    sale().hset(state, "frozen", f"1|{milliseconds(timezone.now() + timedelta(minutes=1))}")
    assert scan_ticket(world.told[0].body["ticket"]) == "admit"
    sale().hdel(state, "frozen")
    assert world.line().status == "held"
    assert_alike(world.event)
    settle()
    assert world.line().status == "used"
    assert_alike(world.event)


def test_the_ticket_of_a_guest_and_of_another_event_of_the_group_come_back_as_they_were(door: Door) -> None:
    both = LimitGroup.objects.create(name="이틀")
    event, other = (make_event({"A": 2}, name=name, limit_group=both) for name in ("첫째 밤", "둘째 밤"))
    alice, bob = make_players(["alice", "bob"])
    assert grant(event, "A", guest="길|동 100%7C") == "granted"
    told = [door.claim(alice, event.pk, "A"), door.claim(bob, other.pk, "A")]
    assert [answer.kind for answer in told] == ["won", "won"]
    assert door.claim(bob, event.pk, "A").kind == "limit_reached"
    settle()
    assert_alike(event)
    rows = {ticket.claim_id: ticket for ticket in Ticket.objects.all()}
    Ticket.objects.all().delete()
    places = [f"{ticket.zone_id} {ticket.number}" for ticket in rows.values()]
    owed = [ticket.claim_id for ticket in rows.values() if ticket.student_id]
    assert_repaired(
        other,
        *[("ticket_missing_in_rows", claim) for claim in rows],
        *[("place_free", place) for place in places],
        *[("winner_without_ticket", claim) for claim in owed],
        settled=("winner_without_ticket", "place_free"),
    )
    kept = ("code", "status", "student_id", "guest_name", "event_id", "number", "generation", "grant_reason")
    for ticket in Ticket.objects.all():
        before = rows[ticket.claim_id]
        assert [getattr(ticket, name) for name in kept] == [getattr(before, name) for name in kept]


def test_it_says_nothing_about_people(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    line = replace(world.line(), guest="길동", code=world.line().code)
    world.put(line)
    reconcile(world.event, "--fix")
    world.put(line)
    with pytest.raises(SystemExit):
        call_command("reconcile", str(world.event.pk))
    out = capsys.readouterr().out
    assert f"{world.event.pk} ticket_facts {world.ticket().claim_id}: rows say guest, redis guest\n" in out
    kept = str(list(Repair.objects.values_list("before", "after")))
    for private in (
        "길동",
        line.code,
        world.players[0].student.name,
        world.players[0].student.student_number,
    ):
        assert private not in out + kept


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
