"""How long rosters take and how much memory: `python -m loadtest.rosters [ROWS …]` beside a running demo, undone after.

Each file is read in a process of its own, so that its peak is its own.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

SIZES = (12_000, 100_000)
TITLES = ("학번", "이름", "학과", "학년", "학적상태", "과정", "캠퍼스", "이메일")


def rows(count: int) -> Iterator[tuple[str, ...]]:
    """Yield the titles and invented students, whose numbers no university gives."""
    yield TITLES
    for n in range(count):
        yield (
            f"X{n:09}",
            f"김가{n % 97}",
            "국어국문학과",
            str(n % 4 + 1),
            "재학",
            "학사",
            "서울",
            f"x{n}@univ.example",
        )


def write_csv(file: Path, count: int) -> None:
    """Write a roster as Korean Excel saves it."""
    with file.open("w", encoding="cp949", newline="") as out:
        out.writelines(",".join(row) + "\r\n" for row in rows(count))


def write_xlsx(file: Path, count: int) -> None:
    """Write a roster as a spreadsheet."""
    from xlsxwriter import Workbook  # the child process needs it not

    book = Workbook(str(file), {"constant_memory": True})
    sheet = book.add_worksheet()
    for line, row in enumerate(rows(count)):
        sheet.write_row(line, 0, row)
    book.close()


def measure(file: Path) -> None:
    """Import a file three times over, undo it all, and print the seconds of each and the peak."""
    import django

    django.setup()
    from django.db import transaction

    from accounts.roster import Options, compare, import_file
    from accounts.roster_file import read

    before = peak()
    data, times = file.read_bytes(), []
    with transaction.atomic():
        for step in (
            lambda: compare(read(data), Options(), on_bad=refuse),
            lambda: import_file(data),
            lambda: import_file(data),
        ):
            began = time.monotonic()
            step()
            times.append(time.monotonic() - began)
        transaction.set_rollback(True)
    preview, new, same = times
    sys.stdout.write(f"preview {preview:5.1f} s  all new {new:5.1f} s  unchanged {same:5.1f} s  ")
    sys.stdout.write(f"peak {peak():4.0f} MB, {before:.0f} MB of them before the file\n")


def refuse(bad: object) -> None:
    """Stop: no row of ours is bad."""
    raise AssertionError(bad)


def peak() -> float:
    """Return the most memory that this process has held, in MB."""
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def main(sizes: list[int]) -> None:
    """Write the files and measure each."""
    with tempfile.TemporaryDirectory() as folder:
        for count in sizes or SIZES:
            for write in (write_csv, write_xlsx):
                file = Path(folder) / f"{count}.{write.__name__.removeprefix('write_')}"
                write(file, count)
                size = file.stat().st_size / 1024 / 1024
                sys.stdout.write(f"{count:7,} rows, {file.suffix[1:]:4} {size:4.1f} MB: ")
                sys.stdout.flush()
                subprocess.run([sys.executable, "-m", "loadtest.rosters", str(file)], check=True)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "festival.settings")
    if len(sys.argv) == 2 and Path(sys.argv[1]).is_file():
        measure(Path(sys.argv[1]))
    else:
        main([int(word) for word in sys.argv[1:]])
