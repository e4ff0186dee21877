"""C5: lists leave as files that Excel opens, with what was filtered, safe against formulas, and recorded."""

import csv
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from accounts.models import Student, User
from tests.admin.desk import DESK, desk_of, errors, told
from tests.admin.test_lists import fill
from tests.factories import make_event
from tests.gate.cast import make_ticket
from ticketing.exports import taking
from ticketing.exports.cells import harmless
from ticketing.models import ListExport, Scan, WaitingEntry

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
LISTS = ("ticket", "claim", "waitingentry", "scan", "bar")
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1")


@pytest.fixture
def council() -> tuple[Client, User]:
    return desk_of("council")


def export(client: Client, name: str, query: str = "", **sent: str) -> Any:
    return client.post(f"{DESK}{name}/export/{query}", {"file_format": "csv", "reason": "정산"} | sent)


def rows_of(answer: Any) -> list[list[str]]:
    """Return the rows of a CSV file, the heads first, as Excel reads it: by its byte order mark."""
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(answer.content.decode("utf-8-sig").splitlines()))


def sheet_of(answer: Any) -> list[tuple[Any, ...]]:
    return list(load_workbook(BytesIO(answer.content)).active.values)


def test_a_list_leaves_as_it_is_filtered_and_that_is_recorded(council: tuple[Client, User]) -> None:
    client, user = council
    event, other = make_event({"A": 3}, name="첫째 밤"), make_event({"A": 2}, name="둘째 밤")
    fill(event, 3)
    fill(other, 2)
    heads, *rows = rows_of(export(client, "ticket", f"?event__id__exact={event.pk}"))
    assert heads[:5] == ["event", "zone", "number", "student number", "name"]
    assert [row[0] for row in rows] == ["첫째 밤"] * 3
    record = ListExport.objects.get()
    assert (record.by, record.listed, record.rows) == (user, "ticket", 3)
    assert (record.file_format, record.reason) == ("csv", "정산")
    assert "첫째 밤" in record.chosen
    student = Student.objects.latest("pk")
    assert len(rows_of(export(client, "claim", f"?q={student.student_number}"))) == 2
    assert student.student_number in ListExport.objects.latest("pk").chosen


def test_tickets_given_by_hand_are_a_list_of_their_own(council: tuple[Client, User]) -> None:
    event = make_event({"A": 3})
    fill(event, 2)
    make_ticket(event, guest_name="손님", grant_reason="초대")
    for side, number in (("yes", 1), ("no", 2)):
        assert len(rows_of(export(council[0], "ticket", f"?given={side}"))) == number + 1


@pytest.mark.parametrize("name", LISTS)
def test_every_list_leaves_in_both_formats_alike(council: tuple[Client, User], name: str) -> None:
    event = make_event({"A": 3})
    fill(event, 3)
    wait(event)
    heads, *rows = rows_of(export(council[0], name))
    answer = export(council[0], name, file_format="xlsx")
    assert ".xlsx" in answer.headers["Content-Disposition"]
    first, *others = sheet_of(answer)
    assert list(first) == heads
    assert [["" if cell is None else str(cell) for cell in row] for row in others] == rows
    assert len(rows) == 3


def wait(event: Any) -> None:
    """Let everybody wait who has a ticket."""
    for claim in event.claims.all():
        WaitingEntry.objects.create(
            **{"claim_id": claim.pk, "event": event, "student": claim.student, "arrival": claim.arrival},
            **{"zones": [event.zones.get().pk], "elapsed_ms": 7, "since": claim.decided_at},
        )


@pytest.mark.parametrize("typed", FORMULAS, ids=repr)
def test_nothing_that_somebody_typed_is_a_formula(council: tuple[Client, User], typed: str) -> None:
    make_ticket(make_event({"A": 1}), guest_name=f"{typed}x", grant_reason=typed)
    for row in rows_of(export(council[0], "ticket"))[1:2]:
        assert any(cell.startswith("'") for cell in row)
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@", "＝")) for cell in row)
    workbook = load_workbook(BytesIO(export(council[0], "ticket", file_format="xlsx").content))
    cells = [cell for row in workbook.active.iter_rows(min_row=2) for cell in row]
    assert not any(cell.data_type == "f" for cell in cells)
    assert any(str(cell.value).startswith("'") for cell in cells)


def test_harmless_words_stay_as_they_are() -> None:
    for text in ("홍길동", "2026-01-02", "a=b", "", "'", "0012"):
        assert harmless(text) == text
    assert harmless("\x00\x1f=1") == "'=1"
    assert harmless("a\x0bb") == "ab"


def test_control_without_care_a_formula_would_be_one(
    council: tuple[Client, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticketing.exports.cells.harmless", lambda text: text)
    make_ticket(make_event({"A": 1}), guest_name="=1+1")
    workbook = load_workbook(BytesIO(export(council[0], "ticket", file_format="xlsx").content))
    assert any(cell.data_type == "f" for row in workbook.active.iter_rows() for cell in row)


def test_without_a_reason_nothing_leaves(council: tuple[Client, User]) -> None:
    make_ticket()
    for sent in ({"reason": ""}, {"reason": "  "}, {"file_format": "html"}):
        answer = export(council[0], "ticket", **sent)
        assert errors(answer)
        assert "앨리스" not in answer.content.decode()
    assert not ListExport.objects.exists()


def test_who_only_looks_takes_nothing_away() -> None:
    make_ticket()
    client, _user = desk_of("council viewer")
    assert export(client, "ticket").status_code == 403
    assert "/ticket/export/" not in client.get(f"{DESK}ticket/").content.decode()
    assert not ListExport.objects.exists()


def test_the_list_leads_to_the_export_of_what_it_shows(council: tuple[Client, User]) -> None:
    client, _user = council
    make_ticket()
    shown = client.get(f"{DESK}ticket/?given=yes").content.decode()
    assert f'href="{DESK}ticket/export/?given=yes"' in shown
    page = client.get(f"{DESK}ticket/export/?given=yes").content.decode()
    assert "1 row" in page
    assert "given by hand" in page


def test_a_list_that_is_too_long_says_so(
    council: tuple[Client, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "MOST_ROWS", 1)
    fill(make_event({"A": 2}), 2)
    assert "choose a filter" in told(export(council[0], "ticket"))
    assert not ListExport.objects.exists()


def test_f5_an_export_costs_the_same_for_ten_rows_and_for_twenty(council: tuple[Client, User]) -> None:
    event = make_event({"A": 100})
    found = []
    for _ in range(2):
        fill(event, 10)
        counts = {}
        for name in LISTS:
            with CaptureQueriesContext(connection) as seen:
                export(council[0], name)
            counts[name] = len(seen)
        found.append(counts)
    assert found[0] == found[1]
    assert max(found[1].values()) <= 20, found


def test_five_thousand_tickets_leave_whole(council: tuple[Client, User]) -> None:
    event = make_event({"A": 5000})
    fill(event, 5000)
    assert len(rows_of(export(council[0], "ticket"))) == 5001
    assert len(sheet_of(export(council[0], "scan", file_format="xlsx"))) == 5001
    assert Scan.objects.count() == 5000
