"""What a gate shows beside its verdicts: its counts, who is in by zone, its last scans."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.factories import make_event, make_student
from tests.gate.cast import code_of, make_device, make_staff, make_ticket, scan, scan_of, staff_client
from ticketing.gate import admit, undo
from ticketing.gate_standing import LAST_SCANS, began

pytestmark = [pytest.mark.django_db, pytest.mark.servers]
STANDING = "/api/gate/standing/"


@pytest.fixture
def staff() -> Client:
    return staff_client(make_staff("gate"))


def standing(client: Client, gate: str = "A1", **fields: Any) -> Any:
    return client.get(STANDING, {"gate": gate} | fields).json()


def test_a_gate_counts_its_own_scans_and_who_is_in_by_zone(staff: Client) -> None:
    event = make_event({"A": 2, "B": 2})
    first, second, waiting = (make_ticket(event, student=make_student(name)) for name in "가나다")
    scan(code_of(first), gate="A1", event=event.pk)
    scan(code_of(first), gate="A1", event=event.pk)
    taken_back = scan_of(code_of(second), gate="A1", event=event.pk)
    admit(taken_back)
    undo(taken_back.scan_id, reason="다른 사람")
    scan("hello", gate="B1", event=event.pk)
    shown = standing(staff, event=str(event.pk))
    assert shown["gate"] == {"admitted": 1, "refused": 1}
    tickets = Counter(ticket.zone.name for ticket in (first, second, waiting))
    assert shown["zones"] == [
        {"zone": zone, "entered": int(zone == first.zone.name), "tickets": tickets[zone]} for zone in "AB"
    ]
    assert [(row["name"], row["verdict"], row["undone"], row["undoable"]) for row in shown["scans"]] == [
        ("나", "admit", True, False),
        ("가", "refuse", False, False),
        ("가", "admit", False, True),
    ]


def test_without_an_event_there_are_no_zones(staff: Client) -> None:
    scan(code_of(make_ticket()))
    shown = standing(staff)
    assert (shown["gate"], shown["zones"]) == ({"admitted": 1, "refused": 0}, [])


def test_a_device_sees_its_own_scans_only() -> None:
    device, header = make_device()
    scan(code_of(make_ticket()), gate="A1")
    scan("hello", gate="A1", device=device)
    shown = Client().get(STANDING, {"gate": "A1"}, headers=header).json()
    assert [row["name"] for row in shown["scans"]] == [""]


def test_the_list_of_last_scans_is_short_and_costs_one_query(
    staff: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    event = make_event({"A": 12})
    for _number in range(12):
        scan(code_of(make_ticket(event, student=make_student())), event=event.pk)
    # Session, user, second factor, permissions (2); counts, zones, scans.
    with django_assert_max_num_queries(9):
        shown = standing(staff, event=str(event.pk))
    assert len(shown["scans"]) == LAST_SCANS
    with django_assert_max_num_queries(7):  # the figures are kept for two seconds
        standing(staff, event=str(event.pk))


@pytest.mark.parametrize("wrong", [{}, {"gate": "x" * 41}, {"gate": "A1", "event": "x"}])
def test_a_question_that_cannot_be_read_is_malformed(staff: Client, wrong: dict[str, str]) -> None:
    assert staff.get(STANDING, wrong).json()["code"] == "malformed"


def test_an_evening_ends_at_five_in_the_morning() -> None:
    after_midnight = datetime(2026, 5, 20, 17, 30, tzinfo=UTC)  # 02:30 in Seoul
    assert began(after_midnight) == datetime(2026, 5, 19, 20, tzinfo=UTC)
    assert began(after_midnight + timedelta(hours=3)) == datetime(2026, 5, 20, 20, tzinfo=UTC)
