"""The roster comes in as spreadsheets save it: all of it, or nothing and every bad row by its line."""

import codecs
import csv
import unicodedata
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import Student, StudentStatus
from accounts.sessions import open_many

pytestmark = [pytest.mark.servers, pytest.mark.django_db]

type_of_import = Callable[..., tuple[int, str, str]]
TITLES = "학번,이름,학과,학년,학적상태,과정,캠퍼스,이메일"
ENCODINGS = ["cp949", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]
ALICE = "2024000001,김앨리스,국어국문학과,2,재학,학사,서울,alice@univ.example"
BOB = "2024000002,박밥,기계공학부,,휴학,석사과정,서울,bob@univ.example"


@pytest.fixture
def run(tmp_path: Path) -> type_of_import:
    """Run the command on a text or bytes; return exit code, stdout, stderr."""

    def import_it(content: str | bytes, *options: str, encoding: str = "utf-8") -> tuple[int, str, str]:
        file, out, err = tmp_path / "roster.csv", StringIO(), StringIO()
        file.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
        try:
            call_command("import_roster", str(file), *options, stdout=out, stderr=err)
        except CommandError as error:
            return error.returncode, out.getvalue(), f"{err.getvalue()}{error}"
        return 0, out.getvalue(), err.getvalue()

    return import_it


def lines(*rows: str, titles: str = TITLES) -> str:
    return "\r\n".join([titles, *rows]) + "\r\n"


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_every_way_to_save_a_csv_is_read(run: type_of_import, encoding: str, delimiter: str) -> None:
    text = lines(
        *(f'{ALICE[:9]}{n},"김, {n};	호",학과,{n},재학,학사,서울,a{n}@univ.example' for n in range(1, 7))
    )
    table = "\r\n".join(
        delimiter.join(f'"{cell}"' for cell in row) for row in [TITLES.split(","), *cells_of(text)]
    )
    code, out, err = run(table, encoding=encoding)
    assert (code, out, err) == (0, "added 6, changed 0, unchanged 0, gone 0\n", "")
    alice = Student.objects.get(student_number="2024000003")
    assert (alice.name, alice.year, alice.level, alice.status) == (
        "김, 3; 호",
        3,
        "undergraduate",
        "enrolled",
    )


def cells_of(text: str) -> list[list[str]]:
    return list(csv.reader(text.splitlines()))[1:]


def test_titles_are_known_in_any_order_and_language(run: type_of_import) -> None:
    titles = "E-mail,Year,성명,학생번호(Student ID),메모"
    assert run(lines("a@univ.example,,김앨리스,2024000001,x", titles=titles))[0] == 0
    assert run(lines("재학,박밥,2024000002", titles="재적상태,이름,Student Number"))[0] == 0
    assert set(Student.objects.values_list("student_number", "name", "email")) == {
        ("2024000001", "김앨리스", "a@univ.example"),
        ("2024000002", "박밥", ""),
    }


def test_excels_ways_are_repaired_where_that_is_safe(run: type_of_import) -> None:
    nfd = unicodedata.normalize("NFD", "김앨리스")
    assert nfd != "김앨리스"
    alice, bob = f"２０２４-000 001, {nfd} ,,３학년,재학,학사,,", '"=""2024000002""",박밥,,,재학,학사,,'
    code, _, err = run(lines(alice, bob, ",,,,,,,"))
    assert (code, err) == (0, "")
    assert list(Student.objects.values_list("student_number", "name", "name_key", "year")) == [
        ("2024000001", "김앨리스", "김앨리스", 3),
        ("2024000002", "박밥", "박밥", None),
    ]


MISTAKES = [
    (",김앨리스,,1,재학,학사,,", "학번"),
    ("2024000009,,,1,재학,학사,,", "이름"),
    ("2024000009,   ,,1,재학,학사,,", "이름"),
    ("=1+1,김앨리스,,1,재학,학사,,", "학번"),
    ('2024000009,"=HYPERLINK(""http://x"")",,1,재학,학사,,', "이름"),
    ("2024000009,김앨리스,+82,1,재학,학사,,", "학과"),
    ("2024000009,김앨리스,@SUM(A1),1,재학,학사,,", "학과"),
    ("2024000009,김앨리스,,1,재학,학사,-1,", "캠퍼스"),
    ("2024000009,김앨리스,＝1,1,재학,학사,,", "학과"),
    ("2.02E+09,김앨리스,,1,재학,학사,,", "학번"),
    ("2024000009,김앨리스,,13,재학,학사,,", "학년"),
    ("2024000009,김앨리스,,첫째,재학,학사,,", "학년"),
    ("2024000009,김앨리스,,1,재휵,학사,,", "학적상태"),
    ("2024000009,김앨리스,,1,,학사,,", "학적상태"),
    ("2024000009,김앨리스,,1,재학,유치원,,", "과정"),
    ("2024000009,김앨리스,,1,재학,학사,,alice@", "이메일"),
    (f"{'2' * 21},김앨리스,,1,재학,학사,,", "학번"),
    (f"2024000009,{'김' * 101},,1,재학,학사,,", "이름"),
    ("2024000009,김\0앨리스,,1,재학,학사,,", "이름"),
    ("2024000001,이름이같다,,1,재학,학사,,", "학번"),
    ("2024000009,김앨리스,,1,재학,학사,,,넘침", ""),
    ('2024000009,"김"앨리스,,1,재학,학사,,', ""),
]


@pytest.mark.parametrize(("row", "column"), MISTAKES)
def test_a_bad_row_is_named_and_nothing_is_saved(run: type_of_import, row: str, column: str) -> None:
    code, out, err = run(lines(ALICE, row, BOB))
    assert (code, out) == (1, "")
    where = f"line 3, {column}: " if column else "line 3: "
    assert err.startswith(where), err
    assert err.endswith("1 bad rows. Nothing was saved.")
    assert not Student.objects.exists()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_planted_mistake_is_named_in_each_encoding(run: type_of_import, encoding: str) -> None:
    encodable = [(row, column) for row, column in MISTAKES if not row.startswith(("2024000001",))]
    rows = [ALICE]
    for number, (row, _column) in enumerate(encodable):
        rows.append(f"30000000{number:02},박{number},,1,재학,학사,,")
        rows.append(row.replace("2024000009", f"20241000{number:02}"))
    code, _, err = run(lines(*rows), encoding=encoding)
    told = [line.split(":")[0] for line in err.splitlines()[:-1]]
    places = [(2 * number + 4, column) for number, (_row, column) in enumerate(encodable)]
    assert told == [f"line {line}, {column}" if column else f"line {line}" for line, column in places]
    assert code == 1
    assert not Student.objects.exists()


@pytest.mark.parametrize(
    "content",
    [
        lines("2024000001,2", titles="학번,학년"),
        lines("김앨리스", titles="이름"),
        lines("2024000001,김앨리스,9", titles="학번,이름,주민등록번호"),
        lines("2024000001,김앨리스,9", titles="학번,이름,이름"),
        "",
        "\r\n\r\n",
        b"PK\x03\x04" + bytes(100),
        codecs.BOM_UTF8 + lines(ALICE).encode("cp949"),
        lines(ALICE).encode("shift_jis", "replace") + b"\x80\xff",
        codecs.BOM_UTF16_LE + b"\x00",
        bytes(range(256)) * 10,
    ],
)
def test_what_is_no_roster_is_told_in_one_sentence(run: type_of_import, content: str | bytes) -> None:
    code, out, err = run(content)
    assert (code, out) == (1, "")
    assert err.endswith("Nothing was saved.")
    assert "\n" not in err
    assert not Student.objects.exists()


def test_a_missing_file_is_told(run: type_of_import) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_roster", "/nowhere/roster.csv")


def test_an_import_changes_what_changed_and_keeps_what_the_file_does_not_say(run: type_of_import) -> None:
    run(lines(ALICE, BOB))
    changes = Student.objects.get(student_number="2024000002").pk
    code, out, _ = run(lines("2024000001,김앨리스", "2024000002,박봅", titles="학번,이름"))
    assert (code, out) == (0, "added 0, changed 1, unchanged 1, gone 0\n")
    bob = Student.objects.get(student_number="2024000002")
    assert (bob.pk, bob.name, bob.name_key, bob.status, bob.level) == (
        changes,
        "박봅",
        "박봅",
        "on_leave",
        "graduate",
    )
    assert (bob.generation, bob.email) == (1, "bob@univ.example")


def test_a_complete_roster_loses_the_missing_and_their_logins_but_no_demo_student(
    run: type_of_import,
) -> None:
    run(lines(ALICE, BOB))
    demo = Student.objects.create(student_number="D1", name="체험", demo=True)
    bob = Student.objects.get(student_number="2024000002")
    open_many([bob, demo], timezone.now() + timedelta(hours=1))
    assert run(lines(ALICE))[1] == "added 0, changed 0, unchanged 1, gone 0\n"
    assert run(lines(ALICE), "--complete")[1] == "added 0, changed 0, unchanged 1, gone 1\n"
    bob.refresh_from_db()
    demo.refresh_from_db()
    assert (bob.status, bob.generation, bob.sessions.get().ended_at is None) == ("gone", 2, False)
    assert (demo.status, demo.generation, demo.sessions.get().ended_at) == ("enrolled", 1, None)
    assert run(lines(ALICE), "--complete")[1] == "added 0, changed 0, unchanged 1, gone 0\n"  # once is enough


def test_a_student_who_comes_back_is_enrolled_again(run: type_of_import) -> None:
    run(lines(ALICE, BOB))
    run(lines(BOB), "--complete")
    assert run(lines("2024000001,김앨리스", titles="학번,이름"))[1].startswith("added 0, changed 1")
    alice = Student.objects.get(student_number="2024000001")
    assert (alice.status, alice.generation) == (StudentStatus.ENROLLED, 2)


def test_twelve_thousand_rows_of_cp949_come_in_and_change(run: type_of_import) -> None:
    row = "{},김{},국어국문학과,{},재학,학사,서울,s{}@univ.example"
    rows = [
        row.format(2_024_000_000 + n, "가나다라마바사아자차"[n % 10] * 2, n % 4 + 1, n) for n in range(12_000)
    ]
    assert run(lines(*rows), encoding="cp949")[:2] == (0, "added 12000, changed 0, unchanged 0, gone 0\n")
    changed = [text.replace("국어국문학과", "국문과") for text in rows]
    assert run(lines(*changed), encoding="cp949")[1] == "added 0, changed 12000, unchanged 0, gone 0\n"
    assert Student.objects.filter(department="국문과").count() == 12_000
