"""The council says who may press: on the event's form, with the number of students before anything is saved."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from tests.admin.desk import DESK, EVENTS, change, desk_of, errors, form, form_of, moment, press
from tests.eligibility.rules import form_with, make_list, make_rule
from tests.factories import make_event, make_players, make_student
from ticketing.allocation import Decision
from ticketing.models import EligibilityRule, Event, Exclusion, Festival

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
HOUR = timedelta(hours=1)
COUNT = {"_count": "1"}


@pytest.fixture
def council() -> tuple[Client, User]:
    return desk_of("council")


def counted(page: Any) -> list[tuple[str, str]]:
    """Return the zones and numbers that a form shows."""
    found = re.search(r'<section class="module eligible">(.*?)</section>', page.content.decode(), re.DOTALL)
    rows = re.findall(r'<th scope="row">(.*?)</th><td class="number">(.*?)</td>', found[1]) if found else []
    return [(unescape(zone), number) for zone, number in rows]


def test_a_rule_from_the_form_decides_the_next_press(council: tuple[Client, User]) -> None:
    client, _user = council
    event = make_event({"A": 2, "B": 2})
    (alice,), (charlie,) = (
        make_players(["alice"], year=4, department="법학과"),
        make_players(["charlie"], year=1),
    )
    sent = form_with(event, {"statuses": ["enrolled"], "years": ["4"], "departments": ["법학과"]})
    page = client.post(change(event), sent)
    assert page.status_code == 302, errors(page)
    rule = EligibilityRule.objects.get()
    assert (rule.zone, rule.years, rule.departments, rule.levels) == (None, [4], ["법학과"], [])
    assert [press(player, event).decision for player in (alice, charlie)] == [
        Decision.WON,
        Decision.NOT_ELIGIBLE,
    ]


def test_counting_shows_the_number_for_each_zone_and_saves_nothing(council: tuple[Client, User]) -> None:
    client, _user = council
    for year in (1, 4, 4):
        make_student(year=year)
    event = make_event({"A": 1, "B": 1}, closes_in=9 * 3600)
    zone = str(event.zones.get(name="A").pk)
    opens_at = timezone.now().replace(microsecond=0) + 5 * HOUR
    sent = form_with(
        event,
        {"zone": zone, "statuses": ["enrolled"], "years": ["4"]} | moment("opens_at", opens_at),
        name="다른 이름",
    )
    page = client.post(change(event), sent | COUNT)
    words = page.content.decode()
    assert page.status_code == 200
    assert counted(page) == [("A", "2"), ("B", "3")]
    assert "Nothing is saved yet" in words
    assert 'value="다른 이름"' in words
    assert re.search(r'name="rules-0-years" value="4"[^>]* checked', words)
    assert errors(page) == []
    event.refresh_from_db()
    assert event.name == "첫째 밤"
    assert not EligibilityRule.objects.exists()


def test_a_rule_that_says_only_enrolled_is_saved_too(council: tuple[Client, User]) -> None:
    client, _user = council
    event = make_event()
    assert client.post(change(event), form_with(event, {"statuses": ["enrolled"]})).status_code == 302
    assert EligibilityRule.objects.get().statuses == ["enrolled"]


def test_counting_a_new_event_makes_none(council: tuple[Client, User]) -> None:
    client, _user = council
    make_student()
    now = timezone.now()
    sent = form(("새 구역", 1), opens_at=now, closes_at=now + HOUR) | COUNT
    page = client.post(f"{EVENTS}add/", sent)
    assert counted(page) == [("새 구역", "1")]
    assert not Event.objects.exists()
    assert client.post(f"{EVENTS}add/", {k: v for k, v in sent.items() if k != "_count"}).status_code == 302
    assert Event.objects.count() == 1


def test_counting_a_wrong_form_tells_what_is_wrong(council: tuple[Client, User]) -> None:
    client, _user = council
    event = make_event()
    page = client.post(change(event), form_with(event, {"statuses": ["enrolled"], "years": ["99"]}) | COUNT)
    assert errors(page)
    assert counted(page) == []


def test_the_saved_rules_are_counted_on_the_form(council: tuple[Client, User]) -> None:
    client, _user = council
    make_student(year=1)
    make_student(year=4)
    event = make_event({"A": 1})
    make_rule(event, years=[4])
    assert counted(client.get(change(event))) == [("A", "1")]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"statuses": []}, "This field is required."),
        ({"statuses": ["gone"]}, "Select a valid choice. gone is not one of the available choices."),
        ({"zone": "other"}, "Select a valid choice. That choice is not one of the available choices."),
        (
            {"student_list": "other"},
            "Select a valid choice. That choice is not one of the available choices.",
        ),
        ({"late": True}, "The sale must close after it opens."),
    ],
)
def test_a_rule_that_cannot_be_is_refused(
    council: tuple[Client, User], rule: dict[str, Any], expected: str
) -> None:
    client, _user = council
    event, other = make_event(), make_event(festival=Festival.objects.create(name="작년"))
    values = {"zone": str(other.zones.get().pk), "student_list": make_list(other).pk}
    row = {key: values.get(key, value) if value == "other" else value for key, value in rule.items()}
    if row.pop("late", False):
        row |= moment("opens_at", event.closes_at + HOUR)
    page = client.post(change(event), form_with(event, {"statuses": ["enrolled"]} | row))
    assert errors(page) == [expected]
    assert not EligibilityRule.objects.exists()


def test_a_form_that_says_nothing_of_rules_leaves_them_alone(council: tuple[Client, User]) -> None:
    client, _user = council
    event = make_event()
    make_rule(event, years=[4])
    assert client.post(change(event), form_of(event, name="둘째 밤")).status_code == 302
    event.refresh_from_db()
    assert (event.name, EligibilityRule.objects.count()) == ("둘째 밤", 1)


def test_an_exclusion_from_the_form_is_kept_in_the_history_with_its_rules(
    council: tuple[Client, User],
) -> None:
    client, _user = council
    event = make_event()
    (charlie,) = make_players(["charlie"])
    students = make_list(event, charlie.student, name="단체 관람")
    sent = form_with(
        event,
        {"statuses": ["enrolled", "on_leave"]},
        exclusions=[{"student_list": students.pk, "reason": "이미 단체 표가 있음"}],
    )
    assert client.post(change(event), sent).status_code == 302
    assert press(charlie, event).exclusion_reason == "이미 단체 표가 있음"
    history = client.get(f"{EVENTS}{event.pk}/history/").content.decode()
    assert "이미 단체 표가 있음" in history
    assert "단체 관람" in history
    assert "enrolled, on leave" in history
    Exclusion.objects.all().delete()
    assert "deleted" in client.get(f"{EVENTS}{event.pk}/history/").content.decode()


def test_a_time_that_nobody_touched_keeps_its_microseconds(council: tuple[Client, User]) -> None:
    client, _user = council
    event = make_event()
    rule = make_rule(event, opens_at=event.opens_at + timedelta(microseconds=123_456))
    row = {"id": rule.pk, "statuses": ["enrolled"], "years": []} | moment("opens_at", rule.opens_at)  # type: ignore[arg-type]  # it has one
    make_student(year=3)
    sent = form_with(event, row | {"years": ["3"]}) | {"rules-INITIAL_FORMS": 1}
    assert client.post(change(event), sent).status_code == 302
    assert EligibilityRule.objects.get().opens_at == rule.opens_at
    assert EligibilityRule.objects.get().years == [3]


@pytest.mark.parametrize("address", ["studentlist/", "studentlist/add/"])
def test_a_viewer_sees_rules_and_lists_and_changes_none(address: str) -> None:
    client, _user = desk_of("council viewer")
    event = make_event({"A": 1})
    make_rule(event)
    make_student()
    page = client.get(change(event))
    assert counted(page) == [("A", "1")]
    assert "_count" not in page.content.decode()
    assert client.post(change(event), form_with(event, {"statuses": ["enrolled"]}) | COUNT).status_code == 403
    assert client.get(f"{DESK}{address}").status_code == (200 if address == "studentlist/" else 403)


def test_counting_asks_the_same_right_as_saving() -> None:
    client, _user = desk_of("gate")
    event = make_event()
    assert client.post(change(event), form_with(event) | COUNT).status_code in (302, 403)
