"""A small sale played in process, and the log that a client would have written of it."""

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection

from loadtest.log import Log
from loadtest.verdict import Verdict, judge
from tests.factories import Player, make_event, make_players
from ticketing.allocation import Outcome
from ticketing.api.answers import document
from ticketing.claims import claim
from ticketing.models import Event

ZONES = {"A": 4, "B": 3}
STATUS = {"won": 201, "already_won": 200, "waitlisted": 202, "sold_out": 409}


def entry(player: Player, zones: Sequence[str], outcome: Outcome) -> dict[str, Any]:
    """Return the line of the log for a press and its answer."""
    said = json.loads(json.dumps(document(outcome), default=str))
    name = said.get("outcome") or said["code"]
    facts = {key: said.get(key) for key in ("ticket", "zone", "number", "arrival", "elapsed_ms", "position")}
    number = player.student.student_number
    return {"kind": "answer", "student_number": number, "zones": list(zones)} | {
        "status": STATUS[name],
        "outcome": name,
        **facts,
    }


def play_here(count: int = 12, zones: Mapping[str, int] = ZONES, **fields: Any) -> tuple[Event, Log]:
    """Let `count` students press one after the other; return the event and the log."""
    event, luck = make_event(zones, **fields), random.Random(7)
    answers = []
    for player in make_players(count):
        wish = luck.sample(sorted(zones), luck.randint(1, len(zones)))
        answers.append(entry(player, wish, claim(event_id=event.pk, zones=wish, claimant=player.claimant)))
    return event, Log(event.pk, answers)


def lines(log: Log) -> list[str]:
    """Return a log as it stands in its file."""
    head = {"kind": "play", "format": 1, "event": str(log.event), "students": len(log.answers)}
    end = {"kind": "end", "answers": len(log.answers)}
    return [json.dumps(line, ensure_ascii=False) for line in (head, *log.answers, end)]


def database() -> "psycopg.Connection[Any]":
    """Return psycopg's own connection of the test's transaction."""
    connection.ensure_connection()
    found = connection.connection
    assert isinstance(found, psycopg.Connection)
    return found


def judged(log: Log, **more: Any) -> Verdict:
    """Judge a sale of ZONES by the test's own connection."""
    return judge(database(), log, **{"zones": ZONES} | more)


def without_last_word(*names: str) -> None:
    """Drop unique constraints of the ledger until the test's transaction ends, so that a fault can be planted."""
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    for name in names:
        execute(f"ALTER TABLE ticketing_claim DROP CONSTRAINT IF EXISTS {name}")
        execute(f"DROP INDEX IF EXISTS {name}")


def execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
