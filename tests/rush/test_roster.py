"""The roster in Redis follows PostgreSQL, and a log-out counts at the next press, whatever is being built meanwhile."""

from collections.abc import Callable, Iterator
from threading import Event as Flag
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.db.models import F

from accounts import devices
from accounts.models import Consent, Student, StudentStatus
from accounts.sessions import log_out_everywhere
from festival.redis import sale
from tests.contract.doors import Door, close_connection
from tests.factories import log_in, make_event, make_players, make_student, settle
from tests.rush.test_writeback import keys_of
from ticketing.allocation.priming import prime
from ticketing.allocation.rush import building, lease, marks, roster
from ticketing.models import Event, Mode, PrimingMark

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


def load(event: Event) -> None:
    token = lease.take()
    assert token is not None
    roster.load_roster(keys_of(event), token)


def in_the_middle(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None], *, at: str) -> None:
    """Let something happen in the middle of the next build: before the students are read, after it, or after all."""
    read = building.pages

    def ended_sessions(only: Any = None) -> Iterator[tuple[str, int]]:
        if at == "after the students were read":
            act()
        yield from sessions(only)
        if at == "after all was read":
            act()

    def pages(rows: Any, *how: str) -> Iterator[list[Any]]:
        if rows.model is Student and at == "before the students are read":
            act()
        for page in read(rows, *how):
            if rows.model is Student and at == "after a page was read":
                act()
            yield page

    sessions = roster.ended_sessions
    monkeypatch.setattr(building, "pages", pages)
    monkeypatch.setattr(roster, "ended_sessions", ended_sessions)


MOMENTS = [
    "before the students are read",
    "after a page was read",
    "after the students were read",
    "after all was read",
]


@pytest.mark.parametrize("at", MOMENTS)
def test_a_logout_while_the_roster_is_built_counts_from_then_on(
    event: Event, door: Door, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    alice, bob = make_students_on_two_devices()
    settle()
    done: list[bool] = []

    def act() -> None:
        if not done:
            done.append(True)
            log_out_everywhere(alice[0].student)
            assert devices.end_one(bob[0].student, bob[0].claimant.session_id)
            assert [door.claim(gone, event.pk, "A").kind for gone in (*alice, bob[0])] == [
                "login_required"
            ] * 3

    in_the_middle(monkeypatch, act, at=at)
    load(event)
    assert done
    assert [door.claim(gone, event.pk, "A").kind for gone in (*alice, bob[0])] == ["login_required"] * 3
    assert door.claim(bob[1], event.pk, "A").kind == "won"


def make_students_on_two_devices() -> list[list[Any]]:
    students = [make_student("alice"), make_student("bob")]
    return [[*log_in(student), *log_in(student)] for student in students]


def test_control_without_telling_the_new_roster_a_logout_is_undone(
    event: Event, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    (alice,) = make_players(["alice"])
    settle()

    def told_to_the_present_one_only() -> None:
        log_out_everywhere(alice.student)
        sale().unlink(keys_of(event).of_festival("students:raised"))

    in_the_middle(monkeypatch, told_to_the_present_one_only, at="after all was read")
    load(event)
    assert door.claim(alice, event.pk, "A").kind == "won"


def test_what_changes_while_the_roster_is_built_is_told_by_the_next_turn(
    event: Event, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, _bob = make_players(["alice", "bob"])
    settle()
    monkeypatch.setattr(marks, "MOST_MARKS", 1)
    late: list[Any] = []

    def act() -> None:
        if not late:
            Student.objects.filter(pk=alice.student.pk).update(status=StudentStatus.ON_LEAVE)
            late.append(make_student("charlie"))

    in_the_middle(monkeypatch, act, at="after the students were read")
    Student.objects.update(status=StudentStatus.ENROLLED, year=3)
    assert prime() > 1
    assert door.claim(alice, event.pk, "A").kind == "won", "the loop has not come again"
    settle()
    line = sale().hget(keys_of(event).of_festival("students"), str(late[0].pk))
    assert line == "1|enrolled"
    assert sale().hget(keys_of(event).of_festival("students"), str(alice.student.pk)) == "1|on_leave"
    assert not PrimingMark.objects.exists()


def plain_sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


CHANGES: dict[str, Callable[[], object]] = {
    "update()": lambda: Student.objects.update(generation=F("generation") + 1),
    "bulk_update()": lambda: Student.objects.bulk_update(
        [Student(pk=pk, generation=2) for pk in Student.objects.values_list("pk", flat=True)], ["generation"]
    ),
    "plain SQL": lambda: plain_sql("UPDATE accounts_student SET generation = generation + 1"),
}


@pytest.mark.parametrize("way", CHANGES)
def test_every_way_to_change_students_reaches_redis(event: Event, door: Door, way: str) -> None:
    alice, bob = make_players(["alice", "bob"])
    settle()
    CHANGES[way]()
    assert door.claim(alice, event.pk, "A").kind == "won", "no signal told it, and the loop has not come yet"
    settle()
    assert door.claim(bob, event.pk, "A").kind == "login_required"


def test_students_of_bulk_create_may_press_and_those_deleted_may_not(event: Event, door: Door) -> None:
    (new,) = Student.objects.bulk_create([Student(student_number="B1", name="하나", name_key="하나")])
    (player,) = log_in(new)
    assert door.claim(player, event.pk, "A").kind == "won"
    (other,) = make_players(["bob"])
    settle()
    Consent.objects.filter(student=other.student).delete()
    other.student.delete()
    settle()
    assert door.claim(other, event.pk, "A").kind == "login_required"


def test_12000_changes_reach_redis_in_one_turn_and_nobody_is_refused_meanwhile(door: Door) -> None:
    event = make_event({"A": 100_000})
    Student.objects.bulk_create(
        Student(student_number=f"C{n:05}", name="김가", name_key="김가") for n in range(12_000)
    )
    players = make_players(300)
    settle()
    kinds, over = [], Flag()

    def press() -> None:
        for player in players:
            kinds.append(door.claim(player, event.pk, "A").kind)
            if over.is_set():
                break
        close_connection()

    thread = Thread(target=press)
    Student.objects.update(year=4, department="영어영문학과")
    assert PrimingMark.objects.count() == 12_300
    thread.start()
    prime()
    over.set()
    thread.join()
    assert not PrimingMark.objects.exists()
    assert set(kinds) == {"won"}


def test_a_loop_whose_lease_was_taken_stops_building_and_leaves_the_other_alone(event: Event) -> None:
    make_players(3)
    settle()
    keys = keys_of(event)
    token = lease.take()
    assert token is not None
    before = sale().hgetall(keys.of_festival("students"))
    building.write(keys, token + 1, keys.of_festival("students:new"), "HSET", ("", token + 1))
    with pytest.raises(lease.Lost):
        roster.load_roster(keys, token)
    assert sale().hgetall(keys.of_festival("students")) == before
    assert sale().hgetall(keys.of_festival("students:new")) == {"": str(token + 1)}


def test_a_roster_that_nobody_kept_up_to_date_is_built_anew(event: Event, door: Door) -> None:
    (alice,) = make_players(["alice"])
    settle()
    Event.objects.update(mode=Mode.DATABASE)
    settle()
    log_out_everywhere(alice.student)
    (bob,) = make_players(["bob"])
    settle()
    Event.objects.update(mode=Mode.REDIS)
    settle()
    assert door.claim(alice, event.pk, "A").kind == "login_required"
    assert door.claim(bob, event.pk, "A").kind == "won"


def test_a_late_word_about_a_login_brings_no_older_one_back(event: Event, door: Door) -> None:
    (alice,) = make_players(["alice"])
    settle()
    keys, key = keys_of(event), alice.student.pk
    roster.end_logins(keys, {}, {key: 3})
    roster.end_logins(keys, {}, {key: 2})
    token = lease.take()
    assert token is not None
    roster.tell(keys, token, {str(key): "2|on_leave"}, {})
    assert sale().hget(keys.of_festival("students"), str(key)) == "3|on_leave"
