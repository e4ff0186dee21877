"""The power cut: `always` keeps everything, `everysec` does not, and what a trace says of a file is read rightly."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from loadtest.faults.power import ROWS, wrong
from loadtest.faults.synced import NoTrace, Synced, traced
from tests.checks import bare
from tests.conftest import ROOT

AOF = "/d/appendonly.aof.1.incr.aof"


def test_a_power_cut_takes_nothing_with_always_and_something_with_everysec(tmp_path: Path) -> None:
    """The whole tool: three sales, servers of their own, a real trace."""
    file = tmp_path / "power.json"
    command = [sys.executable, "-m", "loadtest.faults.power", "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, env=bare(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    always, everysec, uncut = json.loads(file.read_text())
    assert (always["lost"], always["written"]) == (0, always["synced"])
    assert everysec["lost"] > 0
    assert everysec["written"] > everysec["synced"]
    assert (everysec["recovering"], everysec["restored"] >= everysec["lost"]) == ("yes", True)
    assert (uncut["lost"], uncut["written"] > uncut["synced"]) == (0, True), "kill -9 alone takes nothing"
    assert [row["lost_at_last"] for row in (always, everysec, uncut)] == [0, 0, 0]


def followed(*lines: str) -> tuple[int, int]:
    """Return how many bytes were written and synced, as a trace has it."""
    found = Synced(AOF)
    found.follow([line.replace("AOF", AOF) for line in lines])
    return found.written, found.synced


def test_a_sync_covers_what_was_written_before_it() -> None:
    assert followed(
        '15 1.1 write(9<AOF>, ""..., 51) = 51',
        "15 1.2 fdatasync(9<AOF>) = 0",
        '15 1.3 write(9<AOF>, ""..., 28) = 28',
    ) == (79, 51)


def test_a_sync_of_another_thread_covers_what_was_written_before_it_began() -> None:
    lines = (
        '15 1.1 write(9<AOF>, ""..., 51) = 51',
        "17 1.2 fdatasync(9<AOF> <unfinished ...>",
        '15 1.3 write(9<AOF>, ""..., 28) = 28',
        "17 1.4 <... fdatasync resumed>) = 0",
    )
    assert followed(*lines) == (79, 51)
    assert followed(*lines[:3]) == (79, 0), "it had not come back when the power failed"
    assert followed(*lines[:3], "17 1.4 <... fdatasync resumed>) = -1 EIO (Input/output error)") == (79, 0)


def test_a_write_counts_by_what_it_has_written_when_it_comes_back() -> None:
    assert followed(
        '15 1.1 write(9<AOF>, ""..., 51 <unfinished ...>',
        "17 1.2 fsync(9<AOF>) = 0",
        "15 1.3 <... write resumed>) = 40",
        '15 1.4 write(9<AOF>, ""..., 11) = -1 ENOSPC (No space left on device)',
    ) == (40, 0)


def test_other_files_and_sockets_are_not_this_file() -> None:
    assert followed(
        '15 1.1 write(8<socket:[123]>, ""..., 51) = 51',
        '15 1.1 write(9</d/other.aof>, ""..., 51) = 51',
        "15 1.2 fdatasync(9</d/other.aof>) = 0",
        "strace: Process 18 attached",
    ) == (0, 0)


@pytest.mark.parametrize("call", ["pwrite64", "ftruncate", "sync_file_range"])
def test_what_is_not_understood_is_said(call: str) -> None:
    with pytest.raises(NoTrace, match=call):
        followed(f'15 1.1 {call}(9<AOF>, ""..., 51, 0) = 51')


def test_a_process_that_may_not_be_traced_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoTrace, match="strace: "), traced(2**22 - 1, tmp_path):
        pass


def test_a_row_that_shows_nothing_or_loses_too_much_is_told() -> None:
    good = {"faults": {}, "lost": 0, "lost_at_last": 0}
    assert [must_lose for _policy, _cut, must_lose in ROWS] == [False, True, False]
    assert wrong(good, must_lose=False) == []
    assert wrong(good, must_lose=True) == ["nothing was lost: this shows nothing"]
    assert wrong(good | {"lost": 1}, must_lose=False) == ["acknowledged claims were lost"]
    assert wrong(good | {"lost": 1, "lost_at_last": 1}, must_lose=True) == [
        "receipts did not restore everything"
    ]
    assert wrong(good | {"faults": {"oversold": 1}}, must_lose=False) == ["oversold: 1"]
    assert wrong({"failed": "strace: not permitted"}, must_lose=False) == ["strace: not permitted"]
