"""The council hands a roster in, looks, and decides; nothing is saved before, and nobody else gets there."""

import csv
import io
import os
import re
import subprocess
import sys
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts import roster_imports, roster_jobs
from accounts.models import RosterBadCell, RosterImport, RosterState, RosterUpload, Student
from tests.accounts.post import work_jobs
from tests.accounts.sheets import TITLES, clean_rows, csv_of, planted, xlsx_of
from tests.admin.desk import desk_of, told
from tests.conftest import ROOT, Live, test_database_url
from tests.unit.test_translations import assert_korean

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("empty_queue"),
]

IMPORT = "/admin/accounts/student/import/"
SOURCE = {"source": "학사지원팀 2026-11-20", "legal_basis": "학생 동의"}


def hand_in(client: Client, content: bytes, name: str = "명단.xlsx", **fields: Any) -> Any:
    """Upload a file by the form."""
    return client.post(IMPORT, {"file": SimpleUploadedFile(name, content), **SOURCE, **fields})


def page_of(client: Client, address: str) -> str:
    page = client.get(address)
    assert page.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page.content.decode())).split())


def test_the_way_from_the_file_to_the_saved_roster() -> None:
    client, kim = desk_of("council")
    assert IMPORT in client.get("/admin/accounts/student/").content.decode()
    rows = list(clean_rows(50))
    answer = hand_in(client, xlsx_of(rows, empty_sheet=True))
    preview = answer["Location"]
    assert 'http-equiv="refresh"' in client.get(preview).content.decode()
    assert not client.post(f"{preview}confirm/").wsgi_request.user.is_anonymous  # too early: nothing happens
    work_jobs()
    text = page_of(client, preview)
    assert "Nothing is saved yet" in text
    assert "Added 50 Changed 0 Unchanged 0 Gone 0" in text
    assert "명단 · only the first sheet with data is read" in text
    assert not Student.objects.exists()

    assert client.post(f"{preview}confirm/").status_code == 302
    work_jobs()
    assert "Saved Added 50" in page_of(client, preview)
    assert Student.objects.count() == 50
    row = RosterImport.objects.get()
    assert (row.state, row.uploaded_by, row.confirmed_by, row.source) == (
        "confirmed",
        kim,
        kim,
        SOURCE["source"],
    )
    assert not RosterUpload.objects.exists()
    assert row.sample == {}
    assert roster_imports.newest_confirmed() == row
    assert SOURCE["source"] in page_of(client, IMPORT)


def test_the_preview_shows_what_changes_and_who_goes() -> None:
    client, kim = desk_of("council")
    Student.objects.create(student_number="2024000000", name="옛이름", department="국어국문학과")
    Student.objects.create(student_number="1999000000", name="최찰리")
    Student.objects.create(student_number="2024000099", name="체험", demo=True)
    content = csv_of(list(clean_rows(3)), "cp949")
    preview = hand_in(client, content, "roster.csv", complete="on")["Location"]
    work_jobs()
    text = page_of(client, preview)
    assert "Added 2 Changed 1 Unchanged 0 Gone 1" in text
    assert "name: 옛이름 → 김가호" in text
    assert "1999000000 최찰리" in text
    assert "roster.csv · CSV, CP949" in text
    client.post(f"{preview}confirm/")
    work_jobs()
    statuses = dict(Student.objects.values_list("student_number", "status"))
    assert statuses["1999000000"] == "gone"
    assert statuses["2024000099"] == "enrolled"
    changes = apps.get_model("accounts", "StudentChange").objects.select_related("pgh_context")
    assert {change.pgh_context.metadata["user"] for change in changes} == {kim.pk}


def test_a_roster_that_moved_since_the_preview_is_shown_once_more() -> None:
    client, _ = desk_of("council")
    preview = hand_in(client, csv_of(list(clean_rows(3))), complete="on")["Location"]
    work_jobs()
    Student.objects.create(student_number="1999000000", name="최찰리")
    client.post(f"{preview}confirm/")
    work_jobs()
    text = page_of(client, preview)
    assert "The roster has changed since this preview was made" in text
    assert "Added 3 Changed 0 Unchanged 0 Gone 1" in text
    assert Student.objects.count() == 1


def test_every_bad_row_is_shown_and_can_be_downloaded_and_nothing_is_saved() -> None:
    client, _ = desk_of("council")
    rows, places = planted(12_000, each=25)
    preview = hand_in(client, xlsx_of(rows))["Location"]
    work_jobs()
    text = page_of(client, preview)
    assert "300 rows are bad: nothing can be saved" in text
    assert "The first 100 are shown here" in text
    file = client.get(f"{preview}bad.csv")
    lines = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert {(int(line), column) for line, column, _ in lines[1:]} == places
    assert len(lines) == 301
    assert not Student.objects.exists()
    assert not RosterUpload.objects.exists()
    client.post(f"{preview}confirm/")
    work_jobs()
    assert not Student.objects.exists()


def test_the_list_of_bad_rows_holds_no_formula() -> None:
    client, _ = desk_of("council")
    title = '=HYPERLINK("http://x")'
    row = RosterImport.objects.create(file_name="x", language="ko", state=RosterState.BAD)
    RosterBadCell.objects.create(roster_import=row, line=2, column=title, reason="＝1+1")
    lines = list(csv.reader(io.StringIO(client.get(f"{IMPORT}{row.pk}/bad.csv").content.decode("utf-8-sig"))))
    assert lines[1] == ["2", f"'{title}", "'＝1+1"]


def test_a_discarded_upload_is_gone_and_stays_undone() -> None:
    client, _ = desk_of("council")
    preview = hand_in(client, csv_of(list(clean_rows(3))))["Location"]
    work_jobs()
    client.post(f"{preview}discard/")
    assert "Discarded: nothing was saved" in page_of(client, preview)
    assert not RosterUpload.objects.exists()
    assert "cannot be confirmed any more" in told(client.post(f"{preview}confirm/", follow=True))
    assert "decided already" in told(client.post(f"{preview}discard/", follow=True))
    work_jobs()
    assert not Student.objects.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7" + bytes(100), "This is a document, a picture or an archive"),
        (csv_of([["2024000001", "900101-1234567"]], titles=TITLES[:2]), "resident registration numbers"),
    ],
)
def test_a_file_that_is_no_roster_is_told_and_not_kept(content: bytes, words: str) -> None:
    client, _ = desk_of("council")
    preview = hand_in(client, content)["Location"]
    work_jobs()
    text = page_of(client, preview)
    assert "This file cannot be imported" in text
    assert words in text
    assert not RosterUpload.objects.exists()


def test_an_upload_asks_for_its_source_and_its_legal_basis() -> None:
    client, _ = desk_of("council")
    page = hand_in(client, csv_of(list(clean_rows(3))), source="", legal_basis=" ")
    assert page.content.decode().count("This field is required.") == 2
    assert not RosterImport.objects.exists()


def test_a_file_of_two_hundred_megabytes_is_told_and_kept_nowhere(live: Live) -> None:
    client, _ = desk_of("council")
    cookies = {"sessionid": client.cookies["sessionid"].value, "csrftoken": "a" * 32, "django_language": "en"}
    with live.client(cookies=cookies, timeout=60) as browser:
        page = browser.post(
            IMPORT,
            data={"csrfmiddlewaretoken": "a" * 32, **SOURCE},
            files={"file": ("roster.csv", io.BytesIO(bytes(200 * 1024 * 1024)))},
        )
        assert page.status_code == 200
        assert "The file is larger than 20 MB: a roster is not." in page.text
        forged = browser.post(IMPORT, data=SOURCE, files={"file": ("roster.csv", b"x")})
        assert forged.status_code == 403
    assert not RosterImport.objects.exists()


def test_a_real_worker_reads_and_saves() -> None:
    client, _ = desk_of("council")
    environment = {**os.environ, "DATABASE_URL": test_database_url(), "FESTIVAL_ROLE": "worker"}
    worker = [sys.executable, "manage.py", "procrastinate", "worker", "--one-shot"]
    preview = hand_in(client, csv_of(list(clean_rows(12_000)), "utf-16"))["Location"]
    subprocess.run(worker, cwd=ROOT, env=environment, check=True, timeout=60, capture_output=True)
    assert RosterImport.objects.get().added == 12_000
    client.post(f"{preview}confirm/")
    subprocess.run(worker, cwd=ROOT, env=environment, check=True, timeout=60, capture_output=True)
    assert RosterImport.objects.get().state == RosterState.CONFIRMED
    assert Student.objects.count() == 12_000


def test_a_job_whose_worker_died_can_be_queued_again_and_saves_once() -> None:
    client, _ = desk_of("council")
    preview = hand_in(client, csv_of(list(clean_rows(3))))["Location"]
    work_jobs()
    client.post(f"{preview}confirm/")
    assert "Try again" not in page_of(client, preview)
    RosterImport.objects.update(started_at=timezone.now() - timedelta(minutes=2))
    page = client.get(preview).content.decode()
    assert "Try again" in page
    assert 'http-equiv="refresh"' not in page
    client.post(f"{preview}again/")
    work_jobs()
    assert Student.objects.count() == 3
    assert RosterImport.objects.get().state == RosterState.CONFIRMED


def test_what_nobody_decides_for_a_day_is_forgotten() -> None:
    client, _ = desk_of("council")
    for _ in range(2):
        hand_in(client, csv_of(list(clean_rows(3))))
    work_jobs()
    old = RosterImport.objects.earliest("pk")
    RosterImport.objects.filter(pk=old.pk).update(uploaded_at=timezone.now() - timedelta(hours=25))
    roster_jobs.forget_old_uploads(timestamp=0)
    old.refresh_from_db()
    assert (old.state, old.sample) == ("discarded", {})
    assert RosterUpload.objects.count() == 1


@pytest.mark.parametrize("role", ["council viewer", "gate", None])
def test_nobody_but_the_council_gets_there(role: str | None) -> None:
    council, _ = desk_of("council", username="lee")
    preview = hand_in(council, csv_of(list(clean_rows(3))))["Location"]
    work_jobs()
    client = desk_of(role)[0] if role else Client()
    for address in (IMPORT, preview, f"{preview}bad.csv"):
        assert client.get(address).status_code == (403 if role else 302)
    for address in (IMPORT, f"{preview}confirm/", f"{preview}discard/", f"{preview}again/"):
        assert client.post(address).status_code == (403 if role else 302)
    work_jobs()
    assert RosterImport.objects.get().state == RosterState.READY
    if role == "council viewer":
        assert IMPORT not in client.get("/admin/accounts/student/").content.decode()


def test_every_page_of_an_import_is_in_korean() -> None:
    client, _ = desk_of("council")
    client.cookies["django_language"] = "ko"
    assert_korean(client.get(IMPORT).content.decode())
    assert_korean(hand_in(client, b"").content.decode())
    rows, _places = planted(300, each=2)
    Student.objects.create(student_number="2024000000", name="옛이름", status="on_leave")
    Student.objects.create(student_number="1999000000", name="최찰리")
    for content in (b"%PDF-1.7", csv_of(rows, "cp949"), csv_of(list(clean_rows(30)), "cp949")):
        preview = hand_in(client, content, "명부.csv", complete="on")["Location"]
        assert_korean(client.get(preview).content.decode())
        work_jobs()
        assert_korean(client.get(preview).content.decode())
    for verb in ("confirm", "discard"):
        assert_korean(client.post(f"{preview}{verb}/", follow=True).content.decode())
    assert_korean(client.get(IMPORT).content.decode())
