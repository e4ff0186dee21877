"""Lists of the desk cost the same whatever their length, and thousands of rows are answered at once."""

from itertools import count
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Student
from tests.admin.desk import DESK, change, desk_of
from tests.factories import make_event
from ticketing.models import (
    Bar,
    Claim,
    Event,
    Festival,
    GateDevice,
    LimitGroup,
    Place,
    RefusedReceipt,
    Repair,
    Scan,
    Ticket,
)
from ticketing.models.authority import Answer
from ticketing.models.gate import Verdict
from ticketing.signing import new_ticket_code

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
numbers = count(1)


def fill(event: Event, rows: int) -> None:
    """Give that many students a used ticket with its claim, scan, device and lifted bar."""
    places = list(Place.objects.filter(zone__event=event, free=True).order_by("number")[:rows])
    students = Student.objects.bulk_create(
        Student(student_number=f"2026{next(numbers):06}", name="김대동", name_key="김대동") for _ in places
    )
    now = timezone.now()
    claims = Claim.objects.bulk_create(
        Claim(
            **{"event": event, "group": event.group_key, "student": student, "arrival": next(numbers)},
            **{"decided_at": now, "elapsed_ms": 7, "answer": Answer.WON, "zones": ["A"]},
        )
        for student in students
    )
    devices = GateDevice.objects.bulk_create(
        GateDevice(name=f"device {next(numbers)}", token_digest=uuid4().hex) for _ in places[:60]
    )
    tickets = Ticket.objects.bulk_create(
        Ticket(
            **{
                "claim_id": claim.pk,
                "event": event,
                "limit_group": event.group_key,
                "zone_id": place.zone_id,
            },
            **{"place": place, "number": place.number, "generation": 1, "student": claim.student},
            **{"code": new_ticket_code(), "status": "used", "arrival": claim.arrival, "used_at": now},
        )
        for claim, place in zip(claims, places, strict=True)
    )
    Place.objects.filter(pk__in=[place.pk for place in places]).update(free=False)
    Scan.objects.bulk_create(
        Scan(
            **{
                "scan_id": uuid4(),
                "ticket": ticket,
                "code_digest": "0" * 64,
                "gate": "A1",
                "scanned_at": now,
            },
            **{"verdict": Verdict.ADMIT, "device": devices[place % len(devices)]},
        )
        for place, ticket in enumerate(tickets)
    )
    RefusedReceipt.objects.bulk_create(
        RefusedReceipt(event=event, student=student, digest=uuid4().hex, code="foreign_receipt")
        for student in students
    )
    Repair.objects.bulk_create(
        Repair(group=event.pk, kind="ticket_status", about=str(ticket.claim_id)) for ticket in tickets
    )
    Bar.objects.bulk_create(
        Bar(event=event, student=student, reason="왜", lifted_at=now) for student in students
    )


# How the site looks: asked once a second, for whoever comes first.
LOOK = 'ORDER BY "ticketing_festival"."created_at" DESC, "ticketing_festival"."id" ASC LIMIT 1'


def queries(client: object, address: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200  # type: ignore[attr-defined]  # a test client
    return sum(LOOK not in query["sql"] for query in asked)


def test_every_list_costs_the_same_for_thirty_rows_and_for_sixty() -> None:
    client, _user = desk_of("council")
    event = make_event({"A": 100})
    models = ["ticket", "claim", "scan", "bar", "gatedevice", "event", "festival", "limitgroup"]
    models += ["streamposition", "refusedreceipt", "repair"]
    for address in (f"event/{event.pk}/history/", "streamposition/"):
        client.get(f"{DESK}{address}")  # a process reads the kinds of its rows once
    found = []
    for _ in range(2):
        fill(event, 30)
        for _more in range(30):
            make_event({"A": 1}, primed=False)
            LimitGroup.objects.create(name="이틀")
            Festival.objects.create(name="축제")
        found.append({model: queries(client, f"{DESK}{model}/") for model in models})
        found[-1]["history"] = queries(client, f"{DESK}event/{event.pk}/history/")
    assert found[0] == found[1]
    assert max(found[1].values()) <= 12, found[1]


def test_the_form_of_an_event_costs_the_same_for_many_zones() -> None:
    client, _user = desk_of("council")
    few, many = make_event({"A": 1}), make_event({f"구역 {n}": 1 for n in range(20)})
    assert queries(client, change(few)) == queries(client, change(many))


def test_five_thousand_tickets_are_listed() -> None:
    client, _user = desk_of("council")
    event = make_event({"A": 5000})
    fill(event, 5000)
    student = Student.objects.order_by("student_number")[2500]
    addresses = [f"{DESK}{model}/" for model in ("ticket", "claim", "scan", "event")]
    for address in (*addresses, f"{DESK}ticket/?p=50", f"{DESK}ticket/?q={student.student_number}"):
        page = client.get(address)
        assert page.status_code == 200, address
    assert [ticket.student for ticket in page.context["cl"].result_list] == [student]
