"""The fault matrix: `make faults`, or `python -m loadtest.faults [--seeds 2] [--only WORDS] [--short] [--json FILE]`.

Each cell is a sale of 300 students over HTTP in which one thing is killed, on servers of its own, and is judged by what
the students were told. Ends with a failure when a promise was broken or a cell shows nothing.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import IO, Any, cast

from loadtest.faults.faults import EVERY
from loadtest.faults.site import ROOT
from loadtest.faults.template import prepare

SEEDS, FULL_SEEDS = 2, 20
MOST_CELLS = 12  # of one site, whose servers remember every sale
LOSING_SECONDS, USUAL_SECONDS = "12", "1800"  # for how long a receipt restores its claim
# The short form: each fault once where both kinds of servers are concerned most.
SHORT = (
    *(("web-worker", "late", "database"), ("writer-before-commit", "early", "redis")),
    *(
        ("writer-after-commit", "late", "redis"),
        ("redis", "late", "redis"),
        ("postgresql", "early", "database"),
    ),
    *(("postgresql-away", "early", "redis"), ("postgresql-restored", "late", "database")),
    *(("cluster-master", "early", "redis"), ("redis-emptied", "late", "redis")),
)
COLUMNS = {
    "fault": 21,
    "moment": 7,
    "mode": 9,
    "seed": 5,
    "acknowledged": 13,
    "found": 6,
    "expected": 9,
    "lost": 5,
    "doubled": 8,
    "oversold": 9,
    "order": 6,
    "in_flight": 10,
    "unwritten": 10,
    "restored": 9,
    "failed": 7,
    "recovery_s": 11,
    "rows_s": 7,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to play."""

    seeds: int
    only: str
    short: bool
    json: Path | None


def arguments(words: Sequence[str]) -> Wanted:
    parser = argparse.ArgumentParser(prog="python -m loadtest.faults", description=__doc__)
    full = os.environ.get("FULL", "").lower() in ("1", "yes", "true")
    parser.add_argument("--seeds", type=int, default=FULL_SEEDS if full else SEEDS)
    parser.add_argument("--only", default="", help="cells whose name (fault moment mode) has these words")
    parser.add_argument("--short", action="store_true", help="nine cells, one seed")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(words)
    if given.seeds < 1:
        parser.error("at least one seed")
    return Wanted(given.seeds, given.only, given.short, given.json)


def cells(wanted: Wanted) -> list[dict[str, Any]]:
    """Return the cells to play, those of one site beside each other."""
    every = [
        {"fault": name, "moment": moment, "mode": mode}
        for name, fault in EVERY.items()
        for mode in fault.modes
        for moment in fault.moments
    ]
    chosen = [
        cell
        for cell in every
        if all(word in " ".join(cell.values()) for word in wanted.only.split())
        and (not wanted.short or tuple(cell.values()) in SHORT)
    ]
    seeds = 1 if wanted.short else wanted.seeds
    return [cell | {"seed": seed} for cell in chosen for seed in range(1, seeds + 1)]


def sites(chosen: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Deal the cells out to sites: one for each cell after which a site is of no use, else several to one."""

    def same(cell: dict[str, Any]) -> str:
        return "" if not EVERY[cell["fault"]].once else json.dumps(cell)

    for _key, group in groupby(chosen, key=same):
        together = list(group)
        yield from (together[at : at + MOST_CELLS] for at in range(0, len(together), MOST_CELLS))


def play(
    together: Sequence[dict[str, Any]], folder: Path, template: Path, *, short: bool
) -> Iterator[dict[str, Any]]:
    """Play cells on one site, and those after a failure on another; yield what each has shown."""
    left, fault = list(together), EVERY[together[0]["fault"]]
    number = 0
    while left:
        number += 1
        loses = together[0]["mode"] in fault.loses or fault.clustered
        settings = {"FESTIVAL_RECEIPT_SECONDS": LOSING_SECONDS if loses else USUAL_SECONDS}
        if fault.clustered:
            settings["FESTIVAL_REDIS_WAIT"] = "replica"
        plan = {
            "folder": str(folder / f"site-{number}"),
            "template": str(template),
            "clustered": fault.clustered,
            "settings": settings,
            "cells": left,
            "short": short,
        }
        command = [sys.executable, "-m", "loadtest.faults.player"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        ) as player:
            shown = 0
            try:
                with cast(IO[str], player.stdin) as theirs:
                    json.dump(plan, theirs)
                player.stdin = None
                for line in cast(IO[str], player.stdout):
                    shown += 1
                    yield json.loads(line)
            except BaseException:
                player.terminate()
                raise
        if player.returncode and not shown:
            yield {"cell": left[0], "failed": f"its site ended with exit code {player.returncode}"}
            shown = 1
        left = left[shown:]


def row(values: Sequence[Any]) -> str:
    return "".join(f"{value!s:<{width}}" for value, width in zip(values, COLUMNS.values(), strict=True))


def tell(shown: dict[str, Any]) -> None:
    """Print a cell's line, and what is wrong with it."""
    cell, figures = shown["cell"], shown.get("figures", {})
    say(row([cell.get(name, figures.get(name, "-")) for name in COLUMNS]))
    for name, value in figures.get("faults", {}).items():
        say(f"    BROKEN {name}: {value}")
    if "failed" in shown:
        say(f"    FAILED {shown['failed']}")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(words: Sequence[str]) -> int:
    """Play every cell, tell what it has shown, and return 1 when a promise was broken or a cell has failed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended from outside: end the player too
    wanted = arguments(words)
    chosen = cells(wanted)
    if not chosen:
        say(f"no cell has the words {wanted.only!r}")
        return 2
    began, every = time.monotonic(), []
    folder = Path(tempfile.mkdtemp(prefix="daedong-faults-"))
    folder.chmod(0o711)
    try:
        template = prepare(folder / "template")
        say(row(list(COLUMNS)))
        for number, together in enumerate(sites(chosen)):
            place = folder / str(number)
            place.mkdir(mode=0o711)
            for shown in play(together, place, template, short=wanted.short):
                every.append(shown)
                tell(shown)
            if not any(bad(shown) for shown in every[-len(together) :]):
                shutil.rmtree(place)
    finally:
        if any(map(bad, every)):
            say(f"logs of the sites that failed: {folder}")
        else:
            shutil.rmtree(folder)
    if wanted.json:
        wanted.json.write_text(json.dumps(every, ensure_ascii=False, indent=1) + "\n")
    wrong = sum(map(bad, every))
    minutes = (time.monotonic() - began) / 60
    say(f"{len(every)} cells in {minutes:.1f} min: {len(every) - wrong} as promised, {wrong} not")
    return 1 if wrong else 0


def bad(shown: dict[str, Any]) -> bool:
    """Tell whether a cell has broken a promise, or shows nothing."""
    return "failed" in shown or bool(shown["figures"]["faults"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
