"""Lists of students as the council has them: pasted numbers or a CSV file, all of them on the roster or nothing."""

import csv
import re
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Student
from accounts.text import tidy_number
from ticketing.models import StudentList, StudentListEntry

TITLES = {"학번", "학생번호", "STUDENTNUMBER", "STUDENTNO", "STUDENTID"}
BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
SEPARATORS = re.compile(r"[,;\t]")


def decode(content: bytes) -> str:
    """Return the text of a file as spreadsheets save it; raises ValidationError when it is none."""
    marked = next((encoding for bom, encoding in BOMS if content.startswith(bom)), None)
    for encoding in (marked,) if marked else ("utf-8", "cp949"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ValidationError(_("This is not a text file: save the sheet as CSV and try again."))


def numbers_in(text: str) -> list[str]:
    """Return the student numbers of a text, each once: its column of that title, or everything when there is none."""
    rows = [[plain(cell) for cell in row] for row in csv.reader(in_cells(text))]
    rows = [row for row in rows if any(row)]
    column = next((place for place, title in enumerate(rows[0]) if title in TITLES), None) if rows else None
    if column is None:
        found = [cell for row in rows for cell in row]
    else:
        found = [row[column] for row in rows[1:] if column < len(row)]
    return list(dict.fromkeys(filter(None, found)))


def in_cells(text: str) -> Iterable[str]:
    """Yield the lines with a comma between cells, whichever of the usual signs stood there."""
    return (SEPARATORS.sub(",", line) for line in text.splitlines())


def plain(cell: str) -> str:
    """Return a number in plain signs; Excel writes ="2024…" to keep it a text."""
    return tidy_number(cell).removeprefix("=").strip('"')


def students_of(numbers: list[str]) -> list[int]:
    """Return the students of these numbers by key; raises ValidationError naming every number not on the roster."""
    if not numbers:
        raise ValidationError(_("There is no student number in it."))
    known = dict(Student.objects.filter(student_number__in=numbers).values_list("student_number", "pk"))
    unknown = [number for number in numbers if number not in known]
    if unknown:
        words = ngettext(
            "%(count)d number is not on the roster, so nothing was saved: %(numbers)s",
            "%(count)d numbers are not on the roster, so nothing was saved: %(numbers)s",
            len(unknown),
        )
        raise ValidationError(words % {"count": len(unknown), "numbers": ", ".join(unknown)})
    return list(known.values())


def replace_members(student_list: StudentList, students: Iterable[int]) -> None:
    """Make these students the members of a list; only who comes and who goes is written, and so recorded."""
    wanted = set(students)
    with transaction.atomic():
        StudentList.objects.select_for_update(of=("self",), no_key=True).get(pk=student_list.pk)
        present = set(student_list.entries.values_list("student_id", flat=True))
        student_list.entries.filter(student_id__in=present - wanted).delete()
        StudentListEntry.objects.bulk_create(
            [StudentListEntry(student_list=student_list, student_id=key) for key in sorted(wanted - present)],
            batch_size=5000,
        )
