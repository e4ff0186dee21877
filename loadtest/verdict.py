"""Judges a played sale: the client's log of answers, joined both ways with the live tickets in PostgreSQL.

    .venv/bin/python -m loadtest.verdict answers.jsonl

The queries stand in loadtest/verdict.sql. Beside them a simple model replays all presses in the order of their
arrivals and compares every answer and place number. Exit code 0: every figure is there and every promise kept;
1: a promise is broken; 2: a figure is missing, so there is no verdict.
"""

import argparse
import heapq
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from festival.env import with_demo_defaults

BASE = Path(__file__).resolve().parent.parent
QUERIES = Path(__file__).with_name("verdict.sql")
COLUMNS = (
    "student_number",
    "zones",
    "status",
    "outcome",
    "ticket",
    "zone",
    "number",
    "arrival",
    "elapsed_ms",
)
SHOWN = 5
NO_VERDICT = {"not_fresh"}

Row = Mapping[str, Any]


class NoVerdict(Exception):
    """A figure is missing: the log or the database does not tell enough."""


@dataclass(frozen=True, slots=True)
class Log:
    """What the client wrote down."""

    event: UUID
    answers: Sequence[Row]


@dataclass(slots=True)
class Verdict:
    """Every figure with the rows behind it; faults are wanted to be empty."""

    faults: dict[str, list[Row]] = field(default_factory=dict)
    info: dict[str, list[Row]] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 kept, 1 broken, 2 not to be judged; what is broken for sure outweighs what cannot be judged."""
        broken = {name for name, rows in self.faults.items() if rows}
        certain = broken - NO_VERDICT - (ORDER if broken & NO_VERDICT else set())
        if certain:
            return 1
        return 2 if broken & NO_VERDICT else 0


# Figures that mean something only in a sale in which nothing was given back.
ORDER = {"overtaken", "sent_away_too_soon", "replay_differs", "press_not_told"}


def read_log(lines: Iterable[str]) -> Log:
    """Read the log of loadtest.play; raise NoVerdict when it is cut short or counts wrongly."""
    entries = [json.loads(line) for line in lines if line.strip()]
    if not entries or entries[0].get("kind") != "play" or entries[-1].get("kind") != "end":
        raise NoVerdict("the log has no head or no end: the play was cut short")
    answers = [entry for entry in entries if entry["kind"] == "answer"]
    if not len(answers) == entries[0]["students"] == entries[-1]["answers"] > 0:
        raise NoVerdict(f"{entries[0]['students']} students pressed, the log has {len(answers)} answers")
    return Log(UUID(entries[0]["event"]), answers)


def read_queries(text: str) -> dict[str, str]:
    """Return the statements of the SQL file by their names."""
    parts = text.split("-- name: ")[1:]
    return {part.partition("\n")[0].strip(): part.partition("\n")[2] for part in parts}


def judge(connection: psycopg.Connection[Any], log: Log) -> Verdict:
    """Return all figures; changes nothing but temporary tables of this connection."""
    queries = read_queries(QUERIES.read_text(encoding="utf-8"))
    with connection.cursor(row_factory=dict_row) as cursor:
        load(cursor, queries.pop("tables"), log)
        rows = {name: cursor.execute(query.encode()).fetchall() for name, query in queries.items()}
    verdict = Verdict()
    for name, found in rows.items():
        kind, _, rest = name.partition(":")
        if kind == "info":
            verdict.info[rest] = list(found)
        elif kind != "replay":
            verdict.faults[name] = list(found)
    verdict.faults["replay_differs"] = list(replay(rows["replay:places"], rows["replay:presses"]))
    return verdict


def load(cursor: "psycopg.Cursor[dict[str, Any]]", tables: str, log: Log) -> None:
    """Make the temporary tables and copy the log into them."""
    group = cursor.execute(
        "SELECT coalesce(limit_group_id, id) AS key FROM ticketing_event WHERE id = %s", [log.event]
    ).fetchone()
    if group is None:
        raise NoVerdict(f"the database has no event {log.event}")
    cursor.execute(tables.encode())
    cursor.execute("INSERT INTO played VALUES (%s, %s)", [log.event, group["key"]])
    with cursor.copy(f"COPY told ({', '.join(COLUMNS)}) FROM STDIN") as copy:
        for answer in log.answers:
            copy.write_row([answer.get(name) for name in COLUMNS])
    cursor.execute("ANALYZE told")


def replay(places: Iterable[Row], presses: Iterable[Row]) -> Iterable[Row]:
    """Yield every press that a first come, first served sale would have answered otherwise.

    The model: in the order of arrivals, the lowest free number of the first wanted zone that has one, else sold out.
    After a difference it goes on from what was really given, so that one fault is not counted again in all that follow.
    """
    free: dict[str, list[int]] = {}
    for place in places:
        free.setdefault(place["name"], []).append(place["number"])
    for numbers in free.values():
        heapq.heapify(numbers)
    for press in presses:
        zone = next((name for name in press["zones"] if free.get(name)), None)
        expected = (zone, free[zone][0]) if zone else (None, None)
        given = (press["zone"], press["number"])
        if given != expected:
            yield {**press, "model_zone": expected[0], "model_number": expected[1]}
        take(free, *given)


def take(free: Mapping[str, list[int]], zone: str | None, number: int | None) -> None:
    """Take a place from the model, if it is free there."""
    numbers = free.get(zone, []) if zone else []
    if numbers and numbers[0] == number:
        heapq.heappop(numbers)
    elif number in numbers:
        numbers.remove(number)
        heapq.heapify(numbers)


def tell(verdict: Verdict) -> str:
    """Return every figure in words, with some rows behind each fault."""
    lines = []
    for name, rows in verdict.info.items():
        lines.append(f"{name}:")
        lines += ["    " + "  ".join(f"{key} {value}" for key, value in row.items()) for row in rows]
    lines.append("faults:")
    for name, rows in verdict.faults.items():
        lines.append(f"    {name:22} {len(rows)}")
        lines += [f"        {dict(row)}" for row in rows[:SHOWN]]
    words = ("every promise kept", "A PROMISE IS BROKEN", "NO VERDICT: this sale cannot be judged")
    return "\n".join([*lines, words[verdict.exit_code]])


def database_url() -> str:
    """Return the address of the database: of the environment, or of the demo that runs in this clone."""
    url = with_demo_defaults(os.environ, BASE).get("DATABASE_URL")
    if not url:
        raise NoVerdict("DATABASE_URL is not set and no demo runs here")
    return url


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="loadtest.verdict", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("log", type=Path, help="what loadtest.play wrote")
    options = parser.parse_args(arguments)
    try:
        with options.log.open(encoding="utf-8") as lines:
            log = read_log(lines)
        with psycopg.connect(database_url()) as connection:
            # One moment of the database for all figures; what was made in it goes with it.
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            verdict = judge(connection, log)
            connection.rollback()
    except (NoVerdict, OSError, ValueError, KeyError, psycopg.Error) as error:
        sys.stderr.write(f"no verdict: {error}\n")
        return 2
    sys.stdout.write(tell(verdict) + "\n")
    return verdict.exit_code


if __name__ == "__main__":
    sys.exit(main())
