"""Rosters in every kind of file: planted mistakes are all named, and what is no roster is told in one sentence."""

import io
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from accounts.models import RosterImport, Student
from accounts.roster_file import RosterRefused, read
from accounts.roster_imports import newest_confirmed
from tests.accounts.sheets import ENCODINGS, TITLES, Row, clean_rows, csv_of, planted, xlsx_of

pytestmark = [pytest.mark.servers, pytest.mark.django_db]

ALICE = ["2024000001", "김앨리스", "국어국문학과", "2", "재학", "학사", "서울", "alice@univ.example"]
type_of_import = Callable[..., tuple[str, list[str]]]


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Let sentences be told in English."""
    with translation.override("en"):
        yield


@pytest.fixture
def run(tmp_path: Path) -> type_of_import:
    """Run the command on a file; return what it printed and what it complained about."""

    def import_it(content: bytes, *options: str) -> tuple[str, list[str]]:
        file, out, err = tmp_path / "roster", io.StringIO(), io.StringIO()
        file.write_bytes(content)
        try:
            call_command("import_roster", str(file), *options, stdout=out, stderr=err)
        except CommandError as error:
            return out.getvalue(), [*err.getvalue().splitlines(), str(error)]
        return out.getvalue(), err.getvalue().splitlines()

    return import_it


@pytest.mark.parametrize("kind", [*ENCODINGS, "xlsx"])
def test_three_hundred_mistakes_of_twelve_kinds_are_all_named(run: type_of_import, kind: str) -> None:
    rows, places = planted(12_000, each=25)
    assert len(places) == 300
    out, complaints = run(xlsx_of(rows) if kind == "xlsx" else csv_of(rows, kind))
    assert (out, complaints[-1]) == ("", "300 bad rows. Nothing was saved.")
    wanted = {f"line {line}, {column}" for line, column in places}
    assert {line.split(":")[0] for line in complaints[:-1]} == wanted
    assert len(complaints) == 301
    assert not Student.objects.exists()
    assert not RosterImport.objects.exists()


@pytest.mark.parametrize("kind", [*ENCODINGS, "xlsx"])
def test_twelve_thousand_clean_rows_come_in(run: type_of_import, kind: str) -> None:
    rows = list(clean_rows(12_000))
    out, complaints = run(xlsx_of(rows) if kind == "xlsx" else csv_of(rows, kind))
    assert (out, complaints) == ("added 12000, changed 0, unchanged 0, gone 0\n", [])
    assert Student.objects.count() == 12_000


def test_numbers_of_a_spreadsheet_are_read_as_they_look(run: type_of_import) -> None:
    rows: list[Row] = [[2024000001, "김앨리스", "", 2.0], ["2024000002", "박밥", "", "3"], ["", "", "", ""]]
    out, complaints = run(xlsx_of(rows, TITLES[:4], empty_sheet=True))
    assert (out[:7], complaints) == ("added 2", [])
    assert list(Student.objects.values_list("student_number", "year")) == [
        ("2024000001", 2),
        ("2024000002", 3),
    ]


@pytest.mark.parametrize("number", [2.02e20, 2024000001.5, "2.02E+09", "2,02E+09", "2E+09"])
def test_a_number_that_lost_its_digits_is_refused(run: type_of_import, number: object) -> None:
    _, complaints = run(xlsx_of([[number, "김앨리스"], ["2024000002", "박밥"]], TITLES[:2]))
    assert [line.split(":")[0] for line in complaints[:-1]] == ["line 2, 학번"]


def test_lost_leading_zeros_are_refused_by_the_rosters_own_length_unless_lengths_differ(
    run: type_of_import,
) -> None:
    rows = [["0912345", "김앨리스"], *([f"20123{n:02}", f"박{n}"] for n in range(8)), ["912346", "최찰리"]]
    _, complaints = run(csv_of(rows, titles=TITLES[:2]))
    assert complaints[0].startswith("line 11, 학번: has fewer digits than the others (7)")
    out, _ = run(csv_of(rows, titles=TITLES[:2]), "--mixed-lengths")
    assert out == "added 10, changed 0, unchanged 0, gone 0\n"
    assert Student.objects.filter(student_number="0912345").exists()


@pytest.mark.parametrize("content", [csv_of, xlsx_of])
@pytest.mark.parametrize(
    ("title", "cell"),
    [
        ("주민번호", "1"),
        ("주민등록번호", ""),
        ("메모", "900101-1234567"),
        ("메모", "９００１０１－１２３４５６７"),
    ],
)
def test_resident_registration_numbers_are_refused_by_title_and_by_form(
    run: type_of_import, content: Callable[..., bytes], title: str, cell: str
) -> None:
    rows = [*([f"20240000{n:02}", "김앨리스", ""] for n in range(20)), ["2024000099", "박밥", cell]]
    _, complaints = run(content(rows, titles=["학번", "이름", title]))
    assert len(complaints) == 1
    assert "resident registration numbers" in complaints[0]
    assert not Student.objects.exists()


def archive(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return file.getvalue()


def bomb() -> bytes:
    return archive({"xl/workbook.xml": b"<a/>", "xl/worksheets/sheet1.xml": bytes(201 * 1024 * 1024)})


def lying_bomb() -> bytes:
    """Return a spreadsheet that says of its largest part that it is short."""
    data = bytearray(archive({"xl/workbook.xml": b"<a/>", "xl/worksheets/sheet1.xml": bytes(10_000_000)}))
    size = (10_000_000).to_bytes(4, "little")
    return bytes(data.replace(size, (1000).to_bytes(4, "little")))


def wide_sheet() -> bytes:
    """Return a small spreadsheet with one cell in its last corner: laid out whole it has seventeen thousand million."""
    source = zipfile.ZipFile(io.BytesIO(xlsx_of([["2024000001", "김앨리스"]], TITLES[:2])))
    parts = {name: source.read(name) for name in source.namelist()}
    name = "xl/worksheets/sheet1.xml"
    cell = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    parts[name] = parts[name].replace(b"</sheetData>", cell)
    return archive(parts)


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
NO_ROSTERS = {
    "password": (OLE + "EncryptedPackage".encode("utf-16-le") + bytes(100), "password"),
    "old spreadsheet": (OLE + "Workbook".encode("utf-16-le"), "XLS"),
    "PDF": (b"%PDF-1.7\n" + bytes(100), "picture"),
    "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(100), "picture"),
    "JPEG": (b"\xff\xd8\xff\xe0" + bytes(100), "picture"),
    "web page": (b"<html><table><tr><td>\xed\x95\x99", "web page"),
    "document": (archive({"word/document.xml": b"<a/>"}), "another kind of document"),
    "cut off": (xlsx_of([ALICE])[:-200], "damaged"),
    "garbled": (xlsx_of([ALICE]).replace(b"PK\x01\x02", b"PK\x01\x03"), "damaged"),
    "bomb": (bomb(), "far larger"),
    "lying bomb": (lying_bomb(), "damaged"),
    "one far cell": (wide_sheet(), "far larger"),
    "no data": (xlsx_of([], []), "no sheet with data"),
    "21 MB": (bytes(21 * 1024 * 1024), "20 MB"),
}


@pytest.mark.parametrize("name", NO_ROSTERS)
def test_what_is_no_roster_is_told_in_one_sentence_and_little_memory(name: str) -> None:
    content, word = NO_ROSTERS[name]
    tracemalloc.start()
    with pytest.raises(RosterRefused) as refused:
        list(read(content).rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert word in str(refused.value.detail)
    assert str(refused.value.detail).rstrip().count(". ") == 0
    assert peak < 50 * 1024 * 1024


def test_the_newest_confirmed_roster_says_where_it_comes_from(run: type_of_import) -> None:
    assert newest_confirmed() is None
    run(csv_of([ALICE]), "--source", "학사지원팀", "--legal-basis", "학생 동의")
    run(csv_of([ALICE]))
    newest = newest_confirmed()
    assert newest is not None
    assert (newest.source, newest.legal_basis, newest.added) == ("학사지원팀", "학생 동의", 1)
