"""Lists of students: pasted or as files of every kind; all of them on the roster, or nothing is saved."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Student
from tests.admin.desk import DESK, desk_of, errors
from tests.factories import make_student
from ticketing.models import Festival, StudentList, StudentListEntry
from ticketing.student_lists import numbers_in

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
LISTS = f"{DESK}studentlist/"


@pytest.fixture
def council() -> Client:
    return desk_of("council")[0]


@pytest.fixture
def students() -> list[Student]:
    return [make_student(name) for name in ("가람", "나래", "다솜")]


def sent(**fields: Any) -> dict[str, Any]:
    festival = Festival.objects.get()
    return {"festival": festival.pk, "name": "단체 관람", "numbers": ""} | fields


def numbers(*students: Student) -> list[str]:
    return [student.student_number for student in students]


def members() -> set[Student]:
    return {entry.student for entry in StudentListEntry.objects.select_related("student")}


@pytest.mark.parametrize("between", ["\n", ", ", ";", "\t", "\r\n\r\n"])
def test_pasted_numbers_become_a_list(council: Client, students: list[Student], between: str) -> None:
    page = council.post(f"{LISTS}add/", sent(numbers=between.join(numbers(*students))))
    assert page.status_code == 302, errors(page)
    assert members() == set(students)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_file_is_read_by_its_column_of_numbers(
    council: Client, students: list[Student], encoding: str, separator: str
) -> None:
    rows = [["이름", "학번", "비고"], *([s.name, s.student_number, "1234"] for s in students)]
    content = "\r\n".join(separator.join(row) for row in rows).encode(encoding)
    page = council.post(f"{LISTS}add/", sent(file=SimpleUploadedFile("명단.csv", content)))
    assert page.status_code == 302, errors(page)
    assert members() == set(students)


def test_numbers_are_read_as_excel_and_full_width_keys_write_them() -> None:
    assert numbers_in('="20260001"\n２０２６０００２\n 2026-0003 ,20260001\n"20260004"') == [
        "20260001",
        "20260002",
        "20260003",
        "20260004",
    ]


def test_every_unknown_number_is_named_and_nothing_is_saved(council: Client, students: list[Student]) -> None:
    wrong = [f"9999{n:04}" for n in range(300)]
    page = council.post(f"{LISTS}add/", sent(numbers="\n".join([*numbers(*students), *wrong])))
    [complaint] = errors(page)
    assert complaint.startswith("300 numbers are not on the roster, so nothing was saved: ")
    assert all(number in complaint for number in wrong)
    assert not any(number in complaint for number in numbers(*students))
    assert not StudentList.objects.exists()


def test_new_members_take_the_place_of_the_old_ones_and_the_record_says_so(
    council: Client, students: list[Student]
) -> None:
    first, second, third = students
    council.post(f"{LISTS}add/", sent(numbers="\n".join(numbers(first, second))))
    address = f"{LISTS}{StudentList.objects.get().pk}/"
    kept = StudentListEntry.objects.get(student=second).pk
    assert council.post(f"{address}change/", sent(name="새 이름")).status_code == 302
    assert members() == {first, second}, "a form without numbers changes the name only"
    council.post(f"{address}change/", sent(numbers="\n".join(numbers(second, third))))
    assert members() == {second, third}
    assert StudentListEntry.objects.get(student=second).pk == kept
    council.post(f"{address}change/", sent(numbers="1"))
    assert members() == {second, third}
    history = council.get(f"{address}history/").content.decode()
    assert all(str(student) in history for student in students)
    assert "deleted" in history


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "There is no student number in it."),
        ({"numbers": " ,\n"}, "There is no student number in it."),
        ({"file": b"\x00\xff\xfe\x80PK"}, "This is not a text file: save the sheet as CSV and try again."),
        ({"file": b"1", "numbers": "1"}, "Give either numbers or a file, not both."),
        ({"file": b"1\n" * 3_000_000}, "This file is too large for a list of student numbers."),
    ],
    ids=["nothing", "only commas", "no text", "both", "too large"],
)
def test_what_is_no_list_is_told_in_a_sentence(
    council: Client, fields: dict[str, Any], expected: str
) -> None:
    given = {
        key: SimpleUploadedFile("명단.csv", value) if key == "file" else value
        for key, value in fields.items()
    }
    page = council.post(f"{LISTS}add/", sent(**given))
    assert expected in errors(page)
    assert not StudentList.objects.exists()
