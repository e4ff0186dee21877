"""Who is eligible, counted: by the same rule that decides claims."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from accounts.models import Student
from tests.admin.desk import press
from tests.eligibility.rules import make_list, make_rule
from tests.factories import log_in, make_event, make_student
from ticketing.allocation import Decision
from ticketing.eligibility import Count, count, eligible_students
from ticketing.models import Exclusion

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
HOUR = timedelta(hours=1)


def make_roster() -> list[Student]:
    """Make students of several kinds, one of them gone."""
    return [
        *(make_student(f"신입생 {n}", year=1, department="수학과") for n in range(4)),
        *(make_student(f"졸업반 {n}", year=4, department="법학과") for n in range(3)),
        *(make_student(f"대학원생 {n}", year=1, level="graduate", department="법학과") for n in range(2)),
        make_student("휴학생", year=4, department="수학과", status="on_leave"),
        make_student("제적", year=4, department="수학과", status="gone"),
    ]


def test_without_rules_every_enrolled_student_counts_in_every_zone() -> None:
    make_roster()
    event = make_event({"A": 1, "B": 1})
    assert count(event.pk) == [Count("A", event.opens_at, 9), Count("B", event.opens_at, 9)]


def test_each_zone_counts_by_its_rules_and_each_opening_by_itself() -> None:
    make_roster()
    event = make_event({"A": 1, "B": 1, "C": 1})
    early = event.opens_at - HOUR
    make_rule(event, "A", levels=["graduate"], opens_at=early)
    make_rule(event, "A", departments=["법학과"], statuses=["enrolled", "on_leave"])
    make_rule(event, "B", levels=["graduate"], years=[4])
    assert count(event.pk) == [
        Count("A", early, 2),
        Count("A", event.opens_at, 3),
        Count("B", None, 0),
        Count("C", event.opens_at, 9),
    ]


def test_who_is_excluded_does_not_count() -> None:
    student, *_others = make_roster()
    event = make_event({"A": 1})
    Exclusion.objects.create(event=event, student_list=make_list(event, student), reason="단체 관람권")
    assert count(event.pk) == [Count("A", event.opens_at, 8)]


def test_the_count_is_the_number_of_those_who_win_or_lose() -> None:
    """Every student of the roster presses: exactly the counted ones are let into the sale."""
    students = make_roster()
    event = make_event({"A": 4, "B": 1})
    make_rule(event, "A", years=[1, 4], departments=["법학과"])
    make_rule(event, "B", student_list=make_list(event, *students[:2], name="봉사자"))
    Exclusion.objects.create(event=event, student_list=make_list(event, students[4]), reason="단체 관람권")
    decided = {player.student.pk: press(player, event).decision for player in log_in(*students)}
    let_in = {key for key, decision in decided.items() if decision in (Decision.WON, Decision.SOLD_OUT)}
    assert let_in == set(Student.objects.filter(pk__in=eligible_students(event)).values_list("pk", flat=True))
    assert [row.students for row in count(event.pk)] == [4, 2]
    assert len(let_in) == 6


def test_twelve_thousand_students_and_five_zones_are_counted() -> None:
    event = make_event(dict.fromkeys("ABCDE", 1))
    Student.objects.bulk_create(
        Student(student_number=f"2025{n:06}", name=f"학생 {n}", name_key=f"학생{n}", year=n % 4 + 1)
        for n in range(12_000)
    )
    for year in range(1, 5):
        make_rule(event, years=[year], opens_at=event.opens_at + year * HOUR)
    assert [row.students for row in count(event.pk)] == [3000] * 20


def test_rush_sessions_takes_those_who_may_press_and_no_others(settings: Settings, tmp_path: Path) -> None:
    settings.ALLOW_LOADTEST = True
    Student.objects.filter(pk__in=[student.pk for student in make_roster()]).update(demo=True)
    event = make_event({"A": 1})
    make_rule(event, years=[4], statuses=["enrolled", "on_leave"])
    out = tmp_path / "s.tsv"

    def run(students: int) -> None:
        words = ("--event", str(event.pk), "--students", str(students), "--out", str(out))
        call_command("rush_sessions", *words, stdout=StringIO())

    with pytest.raises(CommandError, match="Only 4 "):
        run(5)
    run(4)
    numbers = [line.split("\t")[0] for line in out.read_text(encoding="utf-8").splitlines()]
    names = Student.objects.filter(student_number__in=numbers)
    assert {name.split()[0] for name in names.values_list("name", flat=True)} == {"졸업반", "휴학생"}
