"""What is final in PostgreSQL stands; what is on its way is no difference; nobody is named."""

from dataclasses import replace
from datetime import timedelta
from threading import Timer
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts.models import StudentStatus
from festival.redis import sale
from tests.contract.acts import bar, grant, void
from tests.contract.acts import scan as scan_ticket
from tests.contract.doors import Door
from tests.factories import make_event, make_players, settle
from tests.reconcile.comparing import assert_alike, assert_repaired, reconcile
from tests.reconcile.planted import World
from tests.rush.test_writeback import keys_of
from ticketing.allocation.rush.lines import milliseconds
from ticketing.models import (
    Bar,
    EligibilityRule,
    LimitGroup,
    Repair,
    Ticket,
)

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("in_redis"),
]


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
