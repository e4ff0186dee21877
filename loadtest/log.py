"""The client's own log of a play: JSON lines, a head, one line for each student, an end."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TextIO
from uuid import UUID

from loadtest.play import Played, Sale

FORMAT = 1

Row = Mapping[str, Any]


class NoVerdict(Exception):
    """A figure is missing: the log, the database or Redis does not tell enough."""


@dataclass(frozen=True, slots=True)
class Log:
    """What the client wrote down."""

    event: UUID
    answers: Sequence[Row]


def log_of(sale: Sale, played: Played) -> Log:
    """Return what a play has left as a log."""
    return Log(UUID(sale.event), [asdict(record) for record in played.records])


def write_log(target: TextIO, sale: Sale, students: int, played: Played) -> None:
    """Write head, records and end; a log without its end was cut short and is worth no verdict."""
    head = {
        "kind": "play",
        "format": FORMAT,
        "event": sale.event,
        "students": students,
        "began_ms": played.began_ms,
        "opens_at_ms": sale.opens_at_ms,
    }
    lines = [head, *({"kind": "answer"} | asdict(record) for record in played.records)]
    for entry in [*lines, {"kind": "end", "answers": len(played.records)}]:
        target.write(json.dumps(entry, ensure_ascii=False) + "\n")


def read_log(lines: Iterable[str]) -> Log:
    """Read a log; raise NoVerdict when it is cut short or counts wrongly."""
    entries = [json.loads(line) for line in lines if line.strip()]
    if not entries or entries[0].get("kind") != "play" or entries[-1].get("kind") != "end":
        raise NoVerdict("the log has no head or no end: the play was cut short")
    answers = [entry for entry in entries if entry["kind"] == "answer"]
    if not len(answers) == entries[0]["students"] == entries[-1]["answers"] > 0:
        raise NoVerdict(f"{entries[0]['students']} students pressed, the log has {len(answers)} answers")
    return Log(UUID(entries[0]["event"]), answers)
