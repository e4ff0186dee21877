"""Rosters as spreadsheets write them, clean and with planted mistakes."""

from collections.abc import Callable, Iterator, Sequence
from io import BytesIO

from xlsxwriter import Workbook

TITLES = ["학번", "이름", "학과", "학년", "학적상태", "과정", "캠퍼스", "이메일"]
ENCODINGS = ["cp949", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]
Cells = list[str]
Row = Sequence[object]


def clean_rows(count: int, *, first: int = 2_024_000_000) -> Iterator[Cells]:
    """Yield students as a university's system writes them."""
    for n in range(count):
        name = "김이박최정강조윤장임"[n % 10] + "가나다라마바사아자차"[n // 10 % 10] + "호"
        yield [
            str(first + n),
            name,
            "국어국문학과",
            str(n % 4 + 1),
            "재학",
            "학사",
            "서울",
            f"s{n}@univ.example",
        ]


def put(place: int, value: str) -> Callable[[Cells], Cells]:
    """Return what writes a value into a cell."""
    return lambda cells: [*cells[:place], value, *cells[place + 1 :]]


# Twelve kinds: what each does to a row, and the column that must be named.
MISTAKES: dict[str, tuple[Callable[[Cells], Cells], str]] = {
    "no number": (put(0, ""), "학번"),
    "scientific notation": (put(0, "2.02E+09"), "학번"),
    "lost leading zero": (lambda cells: [cells[0][1:], *cells[1:]], "학번"),
    "signs in the number": (lambda cells: [f"{cells[0]}_1", *cells[1:]], "학번"),
    "number twice": (put(0, "2024000000"), "학번"),
    "no name": (put(1, "  "), "이름"),
    "formula for a name": (put(1, "@SUM(A1)"), "이름"),
    "department too long": (put(2, "학" * 101), "학과"),
    "impossible year": (put(3, "13학년"), "학년"),
    "unknown status": (put(4, "재휵"), "학적상태"),
    "unknown level": (put(5, "유치원"), "과정"),
    "broken address": (put(7, "alice@"), "이메일"),
}


def planted(count: int, each: int) -> tuple[list[Cells], set[tuple[int, str]]]:
    """Return that many rows in which every mistake stands `each` times, and where: line of the file and column."""
    rows, places = list(clean_rows(count)), set()
    step = (count - 1) // (len(MISTAKES) * each)
    for n in range(each):
        for kind, (spoil, column) in enumerate(MISTAKES.values()):
            place = 1 + (n * len(MISTAKES) + kind) * step
            rows[place] = spoil(rows[place])
            places.add((place + 2, column))
    return rows, places


def csv_of(rows: Sequence[Row], encoding: str = "utf-8", titles: Sequence[str] = TITLES) -> bytes:
    """Return rows as a CSV."""
    return "".join(",".join(map(str, row)) + "\r\n" for row in [titles, *rows]).encode(encoding)


def xlsx_of(rows: Sequence[Row], titles: Sequence[str] = TITLES, *, empty_sheet: bool = False) -> bytes:
    """Return rows as a spreadsheet; text stays text and numbers are numbers."""
    file = BytesIO()
    book = Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    if empty_sheet:
        book.add_worksheet("안내")
    sheet = book.add_worksheet("명단")
    for line, row in enumerate([titles, *rows]):
        sheet.write_row(line, 0, row)
    book.close()
    return file.getvalue()
