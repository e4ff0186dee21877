"""Judges a played sale: the client's log of answers, joined both ways with PostgreSQL's rows and Redis' own keys.

The queries stand in the files verdict*.sql. Beside them a simple model replays all presses in the order of their
arrivals and compares every answer and place number. None of it shares code with what it judges.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from django.utils.translation import gettext_noop
from psycopg.rows import dict_row

from loadtest.log import Log, NoVerdict, Row
from loadtest.redis_keys import Kept
from loadtest.replay import Change, Model, replay

HERE = Path(__file__).parent
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
    "position",
)
# Figures that mean something only in a sale in which nothing was given back.
ORDER = ("overtaken", "sent_away_too_soon", "replay_differs", "press_not_told")
# With a capacity that changes, the replay alone knows who could have what; once entries have been promoted, places
# went to others than those who pressed, and the model does not know when.
BY_CAPACITY = ("overtaken", "sent_away_too_soon")
BY_PROMOTION = ("overtaken", "sent_away_too_soon", "replay_differs", "list_not_full", "wrong_position")


@dataclass(slots=True)
class Verdict:
    """Every figure with the rows behind it; faults are wanted to be empty. What cannot be judged says why."""

    faults: dict[str, list[Row]] = field(default_factory=dict)
    info: dict[str, list[Row]] = field(default_factory=dict)
    not_judged: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def broken(self) -> list[str]:
        """The figures that tell of a broken promise."""
        return [name for name, rows in self.faults.items() if rows and name not in self.not_judged]

    @property
    def exit_code(self) -> int:
        """0 kept, 1 broken, 2 a figure is missing; what is broken for sure outweighs what is missing."""
        return 1 if self.broken else 2 if self.missing else 0

    def leave_out(self, names: Iterable[str], why: str) -> None:
        """Do not judge by these figures; each keeps its first reason."""
        self.not_judged = dict.fromkeys(names, why) | self.not_judged


def read_queries(name: str) -> dict[str, str]:
    """Return the statements of an SQL file by their names."""
    parts = (HERE / name).read_text(encoding="utf-8").split("-- name: ")[1:]
    return {part.partition("\n")[0].strip(): part.partition("\n")[2] for part in parts}


def judge(
    connection: "psycopg.Connection[Any]",
    log: Log,
    *,
    zones: Mapping[str, int],
    kept: Kept | None = None,
    changes: Sequence[Change] = (),
    visitors: bool = False,
) -> Verdict:
    """Return all figures of a sale that began with these zones; writes nothing but temporary tables.

    With `kept`, what Redis holds is judged too. `changes` are what the council did to capacities meanwhile.
    With `visitors`, students beside the crowd may have pressed too.
    """
    verdict = Verdict()
    with connection.cursor(row_factory=dict_row) as cursor:
        size = load(cursor, log, capacity_changed=bool(changes), visitors=visitors)
        answer(cursor, verdict, read_queries("verdict.sql"))
        waiting = read_queries("verdict_waiting.sql")
        cursor.execute(waiting["tables"].encode())
        answer(cursor, verdict, waiting)
        if kept is not None:
            queries = read_queries("verdict_redis.sql")
            cursor.execute(queries.pop("tables").encode())
            copy_kept(cursor, kept)
            answer(cursor, verdict, queries)
    presses = verdict.info.pop("presses")
    verdict.faults["replay_differs"] = list(replay(Model.of(zones, size), presses, changes))
    limit(verdict, changes)
    return verdict


def load(
    cursor: "psycopg.Cursor[dict[str, Any]]", log: Log, *, capacity_changed: bool, visitors: bool
) -> int:
    """Make the temporary tables and copy the log into them; return the size of the waiting list."""
    found = cursor.execute(
        "SELECT coalesce(limit_group_id, id) AS key, waitlist_size FROM ticketing_event WHERE id = %s",
        [log.event],
    ).fetchone()
    if found is None:
        raise NoVerdict(f"the database has no event {log.event}")
    cursor.execute(read_queries("verdict.sql")["tables"].encode())
    cursor.execute(
        "INSERT INTO played VALUES (%s, %s, %s, %s)", [log.event, found["key"], capacity_changed, visitors]
    )
    copy_rows(cursor, "told", COLUMNS, ([answer.get(name) for name in COLUMNS] for answer in log.answers))
    return int(found["waitlist_size"])


def copy_kept(cursor: "psycopg.Cursor[dict[str, Any]]", kept: Kept) -> None:
    """Copy what Redis holds into the temporary tables."""
    ticket = ("code", "holder", "status", "event", "zone", "number", "arrival", "elapsed_ms")
    copy_rows(cursor, "kept_ticket", ticket, kept.tickets)
    copy_rows(cursor, "kept_live", ("holder", "code"), kept.live)
    copy_rows(cursor, "kept_first", ("student", "arrival", "elapsed_ms", "answer"), kept.first)
    copy_rows(cursor, "kept_zone", ("zone", "top", "next", "freed", "removed"), kept.zones)
    copy_rows(cursor, "kept_entry", ("claim", "student", "status", "arrival", "elapsed_ms"), kept.entries)
    copy_rows(cursor, "kept_waiting", ("student", "arrival"), kept.waiting)
    copy_rows(cursor, "kept_group", ("arrival",), [[kept.arrival]])


def copy_rows(
    cursor: "psycopg.Cursor[dict[str, Any]]",
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> None:
    """Fill a temporary table."""
    with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    cursor.execute(f"ANALYZE {table}")


def answer(cursor: "psycopg.Cursor[dict[str, Any]]", verdict: Verdict, queries: Mapping[str, str]) -> None:
    """Ask every query; an `info:` is for the reader, everything else is a fault."""
    for name, query in queries.items():
        if name == "tables":
            continue
        kind, _, rest = name.partition(":")
        rows: list[Row] = list(cursor.execute(query.encode()).fetchall())
        (verdict.info if rest else verdict.faults)[rest or kind] = rows


def limit(verdict: Verdict, changes: Sequence[Change]) -> None:
    """Say which figures this sale cannot be judged by, and which are missing because of it."""
    if changes:
        why = gettext_noop("A capacity changed meanwhile: the replay of all presses judges the order.")
        verdict.leave_out(BY_CAPACITY, why)
    if verdict.info["waiting"][0]["promoted"]:
        why = gettext_noop(
            "Places went to students who waited: the order of the rest is judged without a replay."
        )
        verdict.leave_out(BY_PROMOTION, why)
    if verdict.faults.pop("not_fresh"):
        why = gettext_noop("Tickets were given back, or students had pressed before.")
        verdict.leave_out(ORDER, why)
        verdict.missing["order"] = why
