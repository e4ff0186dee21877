"""What every authority promises, whoever asks and through whichever door."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from accounts.models import Student, StudentSession, StudentStatus
from accounts.sessions import log_out_everywhere
from tests.contract.acts import bar, latch, scan
from tests.contract.doors import Door
from tests.factories import log_in, make_event, make_players, make_student, settle
from ticketing.allocation.tries import EARLY_TRIES, TRIES_IN_WINDOW
from ticketing.council import lift_bar
from ticketing.models import Claim, Event, LimitGroup, Place, Ticket, Zone

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


def test_the_first_gets_the_lowest_place_of_the_zone_wanted_first(door: Door) -> None:
    event = make_event({"A": 2, "B": 2})
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    told = [
        door.claim(alice, event.pk, "B", "A"),
        door.claim(bob, event.pk, "A"),
        door.claim(charlie, event.pk, "B"),
    ]
    assert [(t.kind, t.body["zone"], t.body["number"], t.body["arrival"]) for t in told] == [
        ("won", "B", 1, 1),
        ("won", "A", 1, 2),
        ("won", "B", 2, 3),
    ]
    assert 1000 <= told[0].body["elapsed_ms"] < 60_000


def test_the_second_choice_is_given_when_the_first_is_gone(door: Door) -> None:
    event = make_event({"A": 1, "B": 1})
    alice, bob = make_players(["alice", "bob"])
    door.claim(alice, event.pk, "A")
    told = door.claim(bob, event.pk, "A", "B")
    assert (told.kind, told.body["zone"]) == ("won", "B")


def test_a_second_press_names_the_same_ticket(door: Door) -> None:
    event = make_event({"A": 2, "B": 2})
    (alice,) = make_players(["alice"])
    first, second = door.claim(alice, event.pk, "A"), door.claim(alice, event.pk, "B")
    assert second.kind == "already_won"
    assert second.body | {"outcome": "won"} == first.body
    assert door.mine(alice, event.pk).body == first.body


def test_a_loser_keeps_the_first_arrival_and_may_win_a_freed_place_later(door: Door) -> None:
    event = make_event({"A": 1})
    alice, bob = make_players(["alice", "bob"])
    won = door.claim(alice, event.pk, "A")
    lost, again = door.claim(bob, event.pk, "A"), door.claim(bob, event.pk, "A")
    assert (lost.kind, lost.body["arrival"]) == ("sold_out", 2)
    assert again.body == lost.body == door.mine(bob, event.pk).body
    settle()
    assert Claim.objects.filter(student=bob.student).count() == 1
    assert door.cancel(alice, won.body["ticket"]).kind == "cancelled"
    later = door.claim(bob, event.pk, "A")
    assert (later.kind, later.body["number"], later.body["arrival"]) == ("won", 1, 3)


def test_a_cancel_frees_the_place_once_and_the_student_may_claim_again(door: Door) -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    first = door.claim(alice, event.pk, "A")
    assert [door.cancel(alice, first.body["ticket"]).kind for _ in range(2)] == ["cancelled", "cancelled"]
    assert door.mine(alice, event.pk).kind == "no_claim"
    second = door.claim(alice, event.pk, "A")
    assert (second.kind, second.body["number"], second.body["arrival"]) == ("won", 1, 2)
    assert second.body["ticket"] != first.body["ticket"]
    assert second.body["receipt"] != first.body["receipt"]
    settle()
    assert list(Ticket.objects.order_by("id").values_list("generation", flat=True)) == [1, 2]


def test_a_used_ticket_cannot_be_cancelled(door: Door) -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    code = door.claim(alice, event.pk, "A").body["ticket"]
    settle()
    assert scan(code) == "admit"
    assert door.cancel(alice, code).kind == "not_cancellable"
    settle()
    assert Place.objects.filter(free=True).count() == 0


def test_nothing_can_be_cancelled_once_the_doors_are_open(door: Door) -> None:
    event = make_event({"A": 1}, doors_open_at=timezone.now() - timedelta(seconds=1))
    (alice,) = make_players(["alice"])
    code = door.claim(alice, event.pk, "A").body["ticket"]
    assert door.cancel(alice, code).kind == "not_cancellable"
    settle()
    assert Ticket.objects.get().status == "held"


def test_somebody_elses_ticket_cannot_be_cancelled(door: Door) -> None:
    event = make_event({"A": 1})
    alice, charlie = make_players(["alice", "charlie"])
    code = door.claim(alice, event.pk, "A").body["ticket"]
    assert door.cancel(charlie, code).kind == "unknown_ticket"
    settle()
    assert Ticket.objects.get().status == "held"


def test_too_early_leaves_no_trace_but_the_budget(door: Door) -> None:
    event = make_event({"A": 1}, opens_in=60)
    (alice,) = make_players(["alice"])
    told = door.claim(alice, event.pk, "A")
    assert told.kind == "not_open"
    assert told.body["opens_at"] == timezone.localtime(event.opens_at).isoformat()
    assert told.retry_after is not None
    assert 55 <= told.retry_after <= 60
    assert 1000 * (told.retry_after - 1) <= told.body["early_ms"] <= 1000 * told.retry_after
    assert door.mine(alice, event.pk).kind == "no_claim"
    settle()
    assert (Claim.objects.count(), Ticket.objects.count()) == (0, 0)


def test_early_tries_run_out_and_cost_nothing_at_the_opening(door: Door) -> None:
    event = make_event({"A": 1}, opens_in=60)
    (alice,) = make_players(["alice"])
    told = [door.claim(alice, event.pk, "A").kind for _ in range(EARLY_TRIES + 2)]
    assert told == ["not_open"] * EARLY_TRIES + ["too_many_requests"] * 2
    Event.objects.filter(pk=event.pk).update(opens_at=timezone.now() - timedelta(seconds=1))
    settle()
    assert door.claim(alice, event.pk, "A").kind == "won"


def test_tries_after_the_opening_are_counted_for_each_student(door: Door) -> None:
    event = make_event({"A": 0})
    alice, bob = make_players(["alice", "bob"])
    told = [door.claim(alice, event.pk, "A") for _ in range(TRIES_IN_WINDOW + 1)]
    assert {answer.kind for answer in told[:-1]} == {"sold_out"}
    assert told[-1].kind == "too_many_requests"
    assert told[-1].retry_after is not None
    assert 1 <= told[-1].retry_after <= 10
    assert door.claim(bob, event.pk, "A").kind == "sold_out"


def test_an_opening_that_was_seen_is_not_taken_back_by_the_clock(door: Door) -> None:
    event = make_event({"A": 2})
    alice, bob = make_players(["alice", "bob"])
    door.claim(alice, event.pk, "A")
    later = timezone.now() + timedelta(seconds=60)
    Event.objects.filter(pk=event.pk).update(opens_at=later)
    settle()
    latch(event, later)
    assert door.claim(bob, event.pk, "A").kind == "won"


def test_a_pause_says_why_and_ends(door: Door) -> None:
    event = make_event({"A": 1}, paused=True, pause_reason="무대 점검")
    (alice,) = make_players(["alice"])
    told = door.claim(alice, event.pk, "A")
    assert (told.kind, told.body["reason"]) == ("paused", "무대 점검")
    Event.objects.filter(pk=event.pk).update(paused=False)
    settle()
    assert door.claim(alice, event.pk, "A").kind == "won"


def test_a_closed_sale_gives_nothing(door: Door) -> None:
    event = make_event({"A": 1}, opens_in=-60, closes_in=-1)
    (alice,) = make_players(["alice"])
    assert door.claim(alice, event.pk, "A").kind == "closed"
    settle()
    assert Claim.objects.count() == 0


def test_one_ticket_for_all_events_of_a_limit_group(door: Door) -> None:
    group = LimitGroup.objects.create(name="사흘 밤")
    first = make_event({"A": 1}, name="첫째 밤", limit_group=group)
    second = make_event({"A": 1}, name="둘째 밤", limit_group=group)
    (alice,) = make_players(["alice"])
    code = door.claim(alice, first.pk, "A").body["ticket"]
    told = door.claim(alice, second.pk, "A")
    assert (told.kind, told.body["event"]) == ("limit_reached", {"id": str(first.pk), "name": "첫째 밤"})
    door.cancel(alice, code)
    assert door.claim(alice, second.pk, "A").kind == "won"


def test_events_without_a_group_count_by_themselves(door: Door) -> None:
    first, second = make_event({"A": 1}), make_event({"A": 1})
    (alice,) = make_players(["alice"])
    assert [door.claim(alice, event.pk, "A").kind for event in (first, second)] == ["won", "won"]


@pytest.mark.parametrize("status", [status for status in StudentStatus if status != StudentStatus.ENROLLED])
def test_only_the_enrolled_are_eligible(door: Door, status: StudentStatus) -> None:
    event = make_event({"A": 1})
    (charlie,) = make_players(["charlie"], status=status)
    assert door.claim(charlie, event.pk, "A").kind == "not_eligible"


def test_a_barred_student_is_refused_until_the_bar_is_lifted(door: Door) -> None:
    event = make_event({"A": 1})
    (charlie,) = make_players(["charlie"])
    bar(event, charlie.student)
    assert door.claim(charlie, event.pk, "A").kind == "barred"
    lift_bar(event_id=event.pk, student_id=charlie.student.pk)
    assert door.claim(charlie, event.pk, "A").kind == "won"


def test_a_logout_on_one_device_leaves_the_other_alone(door: Door) -> None:
    event = make_event({"A": 1})
    student = make_student("alice")
    laptop, phone = log_in(student)[0], log_in(student)[0]
    StudentSession.objects.filter(pk=laptop.claimant.session_id).update(ended_at=timezone.now())
    settle()
    assert door.claim(laptop, event.pk, "A").kind == "login_required"
    assert door.claim(phone, event.pk, "A").kind == "won"


def test_a_logout_everywhere_ends_every_pass_at_the_next_press(door: Door) -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    log_out_everywhere(alice.student)
    settle()
    assert door.claim(alice, event.pk, "A").kind == "login_required"
    settle()
    assert Ticket.objects.count() == 0


def test_a_pass_of_an_older_generation_is_no_login(door: Door) -> None:
    """A generation that was raised ends passes by itself, whatever became of the session's row."""
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    Student.objects.filter(pk=alice.student.pk).update(generation=F("generation") + 1)
    settle()
    assert door.claim(alice, event.pk, "A").kind == "login_required"


def test_unknown_events_and_zones_have_codes_of_their_own(door: Door) -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    assert door.claim(alice, alice.claimant.session_id, "A").kind == "unknown_event"
    assert door.claim(alice, event.pk, "A", "a").kind == "unknown_zone"
    settle()
    assert Ticket.objects.count() == 0


def test_a_sale_that_is_not_primed_yet_is_unavailable_and_then_sells(door: Door) -> None:
    (alice,) = make_players(["alice"])
    event = make_event({"A": 1}, primed=False)
    assert door.claim(alice, event.pk, "A").kind == "unavailable"
    settle()
    assert door.claim(alice, event.pk, "A").kind == "won"


def test_a_capacity_cut_takes_free_places_and_never_a_ticket(door: Door) -> None:
    event = make_event({"A": 3})
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    codes = [door.claim(player, event.pk, "A").body["ticket"] for player in (alice, bob)]
    Zone.objects.filter(event=event).update(capacity=1)
    settle()
    assert door.claim(charlie, event.pk, "A").kind == "sold_out"
    settle()
    assert Ticket.objects.filter(status="held").count() == 2
    door.cancel(bob, codes[1])
    settle()
    assert door.claim(charlie, event.pk, "A").kind == "sold_out"
    settle()
    assert Place.objects.filter(zone__event=event).count() == 1
    door.cancel(alice, codes[0])
    assert door.claim(charlie, event.pk, "A").kind == "won"


def test_capacity_grows_in_an_open_sale(door: Door) -> None:
    event = make_event({"A": 0})
    (alice,) = make_players(["alice"])
    assert door.claim(alice, event.pk, "A").kind == "sold_out"
    Zone.objects.filter(event=event).update(capacity=1)
    settle()
    assert door.claim(alice, event.pk, "A").kind == "won"


LATER, PAST = timedelta(hours=1), timedelta(hours=-1)


def test_refusals_come_in_their_order(door: Door) -> None:
    """Everything is wrong at once; one thing after the other is put right, and the next refusal shows."""
    group = LimitGroup.objects.create(name="사흘 밤")
    now = timezone.now()
    student = make_student("alice", status=StudentStatus.ON_LEAVE)
    (alice,) = log_in(student)
    event = make_event(
        {"A": 1},
        limit_group=group,
        opens_in=3600,
        closes_in=7200,
        paused=True,
        pause_reason="점검",
        primed=False,
    )
    other = make_event({"A": 1}, limit_group=group, primed=False)
    StudentSession.objects.filter(pk=alice.claimant.session_id).update(ended_at=now)
    told = [door.claim(alice, event.pk, "A", "X").kind, door.claim(alice, event.pk, "A").kind]
    settle()
    bar(event, student)
    told.append(door.claim(alice, event.pk, "A").kind)
    StudentSession.objects.filter(pk=alice.claimant.session_id).update(ended_at=None)
    Student.objects.filter(pk=student.pk).update(status="enrolled")
    settle()
    held = door.claim(alice, other.pk, "A").body["ticket"]
    Student.objects.filter(pk=student.pk).update(status="on_leave")
    settle()
    told.append(door.claim(alice, event.pk, "A").kind)
    door.cancel(alice, held)
    told.append(door.claim(alice, event.pk, "A").kind)
    lift_bar(event_id=event.pk, student_id=student.pk)
    told.append(door.claim(alice, event.pk, "A").kind)
    Student.objects.filter(pk=student.pk).update(status="enrolled")
    settle()
    told.append(door.claim(alice, event.pk, "A").kind)
    Event.objects.filter(pk=event.pk).update(opens_at=now + 2 * PAST, closes_at=now + PAST)
    settle()
    told.append(door.claim(alice, event.pk, "A").kind)
    Event.objects.filter(pk=event.pk).update(paused=False)
    settle()
    told.append(door.claim(alice, event.pk, "A").kind)
    Event.objects.filter(pk=event.pk).update(closes_at=now + LATER)
    settle()
    told.append(door.claim(alice, event.pk, "A").kind)
    assert told == [
        "unknown_zone",
        "unavailable",
        "login_required",
        "limit_reached",
        "barred",
        "not_eligible",
        "not_open",
        "paused",
        "closed",
        "won",
    ]


def test_a_zone_that_was_added_a_moment_ago_is_known_at_once(door: Door) -> None:
    event = make_event({"A": 0})
    (alice,) = make_players(["alice"])
    assert door.claim(alice, event.pk, "A").kind == "sold_out"
    Zone.objects.create(event=event, name="B", capacity=1)
    settle()
    assert door.claim(alice, event.pk, "B").kind == "won"
