"""Breaks the product one line at a time and shows that a test of the guarantee turns red: `make mutations`.

The rows stand in the files beside this one, each with the need that it guards. The tree is copied first; the checkout
is never touched. A row whose line is gone, whose tests stay green or do not end in time, has survived.
"""

import enum
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from festival import processes
from tests.checks import bare, say
from tests.mutations import MUTATIONS
from tests.mutations.row import Mutation

ROOT = Path(__file__).resolve().parent.parent.parent
LEFT_OUT = shutil.ignore_patterns(".git", ".data", ".venv", "__pycache__", ".*_cache", "node_modules")
PYTEST = (sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider")
LONGEST_SECONDS = 300
TESTS_FAILED = 1


class Ending(enum.Enum):
    """What became of the tests of a broken guarantee; only failing tests prove anything."""

    RED = "red"
    SURVIVED = "SURVIVED"
    HUNG = f"SURVIVED (hung for {LONGEST_SECONDS} s)"


def plant(mutation: Mutation, tree: Path) -> None:
    """Put one fault into a copy of the tree."""
    file = tree / mutation.file
    text = file.read_text(encoding="utf-8")
    if text.count(mutation.before) != 1:
        times = text.count(mutation.before)
        raise SystemExit(f"{name_of(mutation)}: its line stands {times} times in {mutation.file}")
    file.write_text(text.replace(mutation.before, mutation.after), encoding="utf-8")


def name_of(mutation: Mutation) -> str:
    return f"{mutation.need}: {mutation.guarantee}"


def run_broken(mutation: Mutation) -> Ending:
    """Run the tests of a guarantee on a copy of the tree in which it is broken."""
    with tempfile.TemporaryDirectory(prefix="daedong-mutation-") as folder:
        tree, log = Path(folder) / "tree", Path(folder) / "log"
        shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
        (tree / "node_modules").symlink_to(ROOT / "node_modules")  # large, and only read
        plant(mutation, tree)
        code = run_tests(mutation.tests.split(), tree, log)
        if code != TESTS_FAILED:
            say(processes.last_lines(log, 30))
    if code is None:
        return Ending.HUNG
    return Ending.RED if code == TESTS_FAILED else Ending.SURVIVED


def run_tests(tests: Sequence[str], tree: Path, log: Path) -> int | None:
    """Return how pytest ended, None when it did not in time; its servers end with it."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*PYTEST, *tests],
            cwd=tree,
            env=bare(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        return process.wait(timeout=LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        return None
    finally:
        processes.end(process, end_signal=signal.SIGTERM, seconds=20)


def main(words: Sequence[str]) -> int:
    """Run the mutations whose need or guarantee holds one of the words, or all; return how many survived."""
    chosen = [m for m in MUTATIONS if not words or any(word in name_of(m) for word in words)]
    if not chosen:
        raise SystemExit("No row has any of these words.")
    survived = 0
    for mutation in chosen:
        ending = run_broken(mutation)
        survived += ending is not Ending.RED
        say(f"{ending.value}  {name_of(mutation)}  ({mutation.file})")
    say(f"{len(chosen) - survived} red, {survived} survived")
    return survived


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 100))
