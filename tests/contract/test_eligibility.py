"""Who may press for which zone, and from when: what every authority promises, through whichever door."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Level, Student, StudentStatus
from tests.contract.doors import Door
from tests.contract.test_crowds import assert_promises_kept, at_once
from tests.factories import Player, make_event, make_players, settle
from ticketing.allocation.tries import EARLY_TRIES
from ticketing.models import (
    Claim,
    EligibilityRule,
    Event,
    EventState,
    Exclusion,
    StudentList,
    StudentListEntry,
    Ticket,
)

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
HOUR = timedelta(hours=1)


def rule(event: Event, zone: str | None = None, **criteria: Any) -> EligibilityRule:
    """Make a rule for a zone of the event, or for all."""
    found = event.zones.get(name=zone) if zone else None
    made = EligibilityRule.objects.create(event=event, zone=found, **criteria)
    settle()
    return made


def list_of(event: Event, *players: Player) -> StudentList:
    made = StudentList.objects.create(festival=event.festival, name="총학생회 명단")
    StudentListEntry.objects.bulk_create(
        StudentListEntry(student_list=made, student=p.student) for p in players
    )
    return made


def soon() -> datetime:
    return timezone.now().replace(microsecond=0) + HOUR


@pytest.mark.parametrize(
    ("criteria", "fits", "misses"),
    [
        ({"levels": ["graduate"]}, {"level": Level.GRADUATE}, {}),
        ({"departments": ["법학과", "수학과"]}, {"department": "수학과"}, {"department": "수학"}),
        ({"years": [1, 4]}, {"year": 4}, {"year": 2}),
        ({"years": [1]}, {"year": 1}, {"year": None}),
        ({"campuses": ["서울"]}, {"campus": "서울"}, {"campus": ""}),
        ({"statuses": ["on_leave"]}, {"status": StudentStatus.ON_LEAVE}, {}),
        ({"statuses": ["enrolled", "on_leave"]}, {"status": StudentStatus.ON_LEAVE}, {"status": "graduated"}),
        (
            {"levels": ["graduate"], "years": [2]},
            {"level": "graduate", "year": 2},
            {"level": "graduate", "year": 1},
        ),
    ],
)
def test_a_rule_lets_in_who_meets_all_of_its_criteria(
    door: Door, criteria: dict[str, Any], fits: dict[str, Any], misses: dict[str, Any]
) -> None:
    event = make_event({"A": 9})
    rule(event, **criteria)
    (alice,), (charlie,) = make_players(["alice"], **fits), make_players(["charlie"], **misses)
    assert [door.claim(player, event.pk, "A").kind for player in (alice, charlie)] == ["won", "not_eligible"]


def test_a_rule_by_list_lets_in_who_is_on_it(door: Door) -> None:
    event = make_event({"A": 9})
    alice, charlie = make_players(["alice", "charlie"])
    rule(event, student_list=list_of(event, alice))
    assert [door.claim(player, event.pk, "A").kind for player in (alice, charlie)] == ["won", "not_eligible"]


def test_one_rule_that_fits_is_enough(door: Door) -> None:
    event = make_event({"A": 9})
    rule(event, levels=["graduate"])
    rule(event, "A", years=[1])
    fits = [*make_players(["alice"], level="graduate", year=2), *make_players(["bob"], year=1)]
    (charlie,) = make_players(["charlie"], year=2)
    assert [door.claim(p, event.pk, "A").kind for p in (*fits, charlie)] == ["won", "won", "not_eligible"]


def test_a_zone_without_a_rule_stays_open_to_every_enrolled_student(door: Door) -> None:
    event = make_event({"A": 9, "B": 9})
    rule(event, "A", levels=["graduate"])
    (alice,), (charlie,) = make_players(["alice"]), make_players(["charlie"], status="on_leave")
    assert door.claim(alice, event.pk, "A").kind == "not_eligible"
    assert door.claim(alice, event.pk, "B").kind == "won"
    assert door.claim(charlie, event.pk, "B").kind == "not_eligible"


def test_the_first_wanted_zone_that_is_for_the_student_is_given(door: Door) -> None:
    event = make_event({"A": 9, "B": 1, "C": 9})
    rule(event, "A", levels=["graduate"])
    alice, bob = make_players(["alice", "bob"])
    told = [door.claim(player, event.pk, "A", "B", "C") for player in (alice, bob)]
    assert [(answer.kind, answer.body["zone"]) for answer in told] == [("won", "B"), ("won", "C")]
    settle()
    assert Claim.objects.get(student=alice.student).zones == ["A", "B", "C"], "what was asked is kept whole"


def test_places_of_a_zone_for_others_do_not_make_a_loser_win(door: Door) -> None:
    event = make_event({"A": 9, "B": 0})
    rule(event, "A", levels=["graduate"])
    (alice,) = make_players(["alice"])
    assert door.claim(alice, event.pk, "A", "B").kind == "sold_out"


def test_a_group_waits_for_its_own_opening(door: Door) -> None:
    event = make_event({"A": 9})
    opens_at = soon()
    rule(event, years=[4])
    rule(event, opens_at=opens_at)
    (alice,), (bob,) = make_players(["alice"], year=4), make_players(["bob"], year=1)
    assert door.claim(alice, event.pk, "A").kind == "won"
    told = door.claim(bob, event.pk, "A")
    assert (told.kind, told.body["opens_at"]) == ("not_open", timezone.localtime(opens_at).isoformat())
    assert told.retry_after is not None
    assert 3590 <= told.retry_after <= 3600
    EligibilityRule.objects.filter(opens_at=opens_at).update(opens_at=timezone.now())
    settle()
    assert door.claim(bob, event.pk, "A").kind == "won"


def test_the_earliest_opening_of_the_rules_that_fit_counts(door: Door) -> None:
    event = make_event({"A": 9}, opens_in=3600, closes_in=9 * 3600)
    rule(event)
    rule(event, years=[4], opens_at=timezone.now() - HOUR)
    rule(event, years=[4], opens_at=soon() + HOUR)
    (alice,), (bob,) = make_players(["alice"], year=4), make_players(["bob"], year=1)
    assert door.claim(alice, event.pk, "A").kind == "won"
    told = door.claim(bob, event.pk, "A")
    assert told.body["opens_at"] == timezone.localtime(event.opens_at).isoformat()


def test_a_group_that_comes_early_does_not_open_the_sale_for_all(door: Door) -> None:
    event = make_event({"A": 9}, opens_in=3600, closes_in=9 * 3600)
    rule(event, years=[4], opens_at=timezone.now() - HOUR)
    rule(event)
    (alice,), bobs = make_players(["alice"], year=4), make_players(2, year=1)
    won = door.claim(alice, event.pk, "A")
    assert (won.kind, won.body["elapsed_ms"]) == ("won", 0)
    assert [door.claim(bob, event.pk, "A").kind for bob in bobs] == ["not_open", "not_open"]
    assert EventState.objects.get(event=event).opening is None


def test_a_wanted_zone_that_is_not_open_yet_is_passed_over(door: Door) -> None:
    event = make_event({"A": 9, "B": 9})
    rule(event, "A", opens_at=soon())
    (alice,) = make_players(["alice"])
    told = door.claim(alice, event.pk, "A", "B")
    assert (told.kind, told.body["zone"]) == ("won", "B")


def test_early_presses_of_a_group_are_counted_like_all_others(door: Door) -> None:
    event = make_event({"A": 9})
    rule(event, opens_at=soon())
    (bob,) = make_players(["bob"])
    told = [door.claim(bob, event.pk, "A").kind for _ in range(EARLY_TRIES + 1)]
    assert told == ["not_open"] * EARLY_TRIES + ["too_many_requests"]
    settle()
    assert (Claim.objects.count(), Ticket.objects.count()) == (0, 0)


def test_who_is_on_an_exclusion_list_is_told_so_whatever_the_rules_say(door: Door) -> None:
    event, other = make_event({"A": 9}), make_event({"A": 9})
    alice, charlie = make_players(["alice", "charlie"])
    rule(event, student_list=list_of(event, alice, charlie))
    Exclusion.objects.create(event=event, student_list=list_of(event, charlie), reason="단체 관람권이 있음")
    settle()
    told = door.claim(charlie, event.pk, "A")
    assert told.kind == "not_eligible"
    assert "단체 관람권이 있음" in told.body["detail"]
    assert door.claim(alice, event.pk, "A").kind == "won"
    assert door.claim(charlie, other.pk, "A").kind == "won"


def test_an_exclusion_counts_without_a_rule_too_and_at_the_next_press(door: Door) -> None:
    event = make_event({"A": 9})
    alice, charlie = make_players(["alice", "charlie"])
    assert door.claim(alice, event.pk, "A").kind == "won"
    Exclusion.objects.create(event=event, student_list=list_of(event, charlie), reason="단체 관람권")
    settle()
    assert door.claim(charlie, event.pk, "A").kind == "not_eligible"
    Exclusion.objects.all().delete()
    settle()
    assert door.claim(charlie, event.pk, "A").kind == "won"


def test_the_refusal_says_whether_status_or_another_rule_is_the_cause(door: Door) -> None:
    event, plain = make_event({"A": 9}), make_event({"A": 9})
    rule(event, years=[4])
    (bob,), (charlie,) = make_players(["bob"], year=1), make_players(["charlie"], status="on_leave", year=4)
    by_rule, by_status = door.claim(bob, event.pk, "A"), door.claim(charlie, event.pk, "A")
    assert by_rule.body["detail"] != by_status.body["detail"]
    assert door.claim(charlie, plain.pk, "A").body["detail"] == by_status.body["detail"]


def test_who_has_gone_from_the_roster_meets_no_rule(door: Door) -> None:
    event = make_event({"A": 9})
    (charlie,) = make_players(["charlie"])
    rule(event, student_list=list_of(event, charlie), statuses=["enrolled", "on_leave", "graduated", "left"])
    Student.objects.filter(pk=charlie.student.pk).update(status=StudentStatus.GONE)
    settle()
    assert door.claim(charlie, event.pk, "A").kind == "not_eligible"


def test_a_ticket_that_was_won_stays_when_the_rules_change(door: Door) -> None:
    event = make_event({"A": 9})
    (alice,) = make_players(["alice"])
    code = door.claim(alice, event.pk, "A").body["ticket"]
    rule(event, levels=["graduate"])
    assert door.claim(alice, event.pk, "A").body["ticket"] == code


def test_two_groups_with_two_openings_press_at_once_and_only_the_open_one_gets_places(door: Door) -> None:
    event = make_event({"A": 10, "B": 10}, opens_in=3600, closes_in=9 * 3600)
    rule(event, "A", years=[4], opens_at=timezone.now() - HOUR)
    rule(event, "A", years=[1])
    rule(event, "B", levels=["graduate"])
    early, late = make_players(30, year=4), make_players(30, year=1)

    def press_all() -> list[Any]:
        work = [
            lambda p=player: door.claim(p, event.pk, "B", "A")
            for pair in zip(early, late, strict=True)
            for player in pair
        ]
        return at_once(work)

    first = press_all()
    assert Counter(answer.kind for answer in first[::2]) == {"won": 10, "sold_out": 20}
    assert Counter(answer.kind for answer in first[1::2]) == {"not_open": 30}
    assert_promises_kept(event, first)
    event.zones.filter(name="A").update(capacity=15)
    Event.objects.filter(pk=event.pk).update(opens_at=timezone.now())
    settle()
    second = press_all()
    assert Counter(answer.kind for answer in second)["won"] == 5
    settle()
    held = Ticket.objects.filter(event=event, status="held")
    assert held.count() == 15
    assert set(held.values_list("zone__name", flat=True)) == {"A"}, "nobody was in the group of zone B"


def test_c2_a_quota_for_a_group_is_a_zone_of_its_own(door: Door) -> None:
    """Undergraduates, others and partners stand in the same field; each group has its number and its opening."""
    event = make_event({"학부": 3, "대학원": 2, "협력": 1})
    undergraduates, graduates, partners = make_players(5), make_players(4, level="graduate"), make_players(2)
    rule(event, "학부", levels=["undergraduate"])
    rule(event, "대학원", levels=["graduate"], opens_at=timezone.now() - HOUR)
    rule(event, "협력", student_list=list_of(event, *partners), opens_at=timezone.now() - HOUR)
    crowd = [*undergraduates, *graduates, *partners]
    wanted = ("협력", "대학원", "학부")
    answers = at_once([lambda p=player: door.claim(p, event.pk, *wanted) for player in crowd])  # type: ignore[misc]
    assert_promises_kept(event, answers)
    held = Ticket.objects.filter(event=event, status="held")
    by_zone = {name: list(held.filter(zone__name=name)) for name in wanted}
    assert {name: len(tickets) for name, tickets in by_zone.items()} == {"협력": 1, "대학원": 2, "학부": 3}
    assert {t.student_id for t in by_zone["협력"]} <= {p.student.pk for p in partners}
    assert {t.student_id for t in by_zone["대학원"]} <= {p.student.pk for p in graduates}
    assert {t.student_id for t in by_zone["학부"]} <= {p.student.pk for p in (*undergraduates, *partners)}
