"""A whole play, step by step: stage, wait for the opening, press, wait for the rows, judge, tell."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
from django.db import connection, transaction

from festival.redis import sale as redis_client
from loadtest import result, staging
from loadtest.acts import Act, Done, changes, do_all
from loadtest.crowd import Login, schedule, weights_of
from loadtest.log import Log, NoVerdict, read_log, write_log
from loadtest.play import Options, Played, Sale, look_up, play
from loadtest.redis_keys import Kept, last_entry, read_kept
from loadtest.verdict import Verdict, judge
from loadtest.wire import Target
from loadtest.written import wait_for_rows
from ticketing.models import Event, Mode

CLOCKS_APART_MS = 60_000  # the opening of an event of our own moves by hours


@dataclass(frozen=True, slots=True)
class Plan:
    """How a sale is played; times in seconds."""

    target: Target
    students: int
    within: float
    seed: int
    weights: Sequence[str] = ()
    connections: int = 256
    timeout: float = 30.0
    early: float = 0.0
    opens_in: float = 5.0
    rows_within: float = 60.0
    acts: Sequence[Act] = ()
    log: Path | None = None
    visitors: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a play has left: the sale as it began, the client's log, the council's acts."""

    sale: Sale
    log: Log
    done: Sequence[Done]


Say = Callable[[str], None]


def rush(event: Event, plan: Plan, say: Say, *, opens_itself: bool) -> result.Result:
    """Play a sale and judge it; an event of our own is opened when the crowd is ready."""
    say(f"{plan.students} students log in")
    logins = staging.make_sessions(event, plan.students)
    staging.wait_for_places(event)
    if not opens_itself:
        staging.open_in(event, plan.opens_in)
    played = asyncio.run(press(event, plan, logins, say))
    say("everybody is answered; waiting for the rows")
    return judged(event, plan, played)


async def press(event: Event, plan: Plan, logins: Sequence[Login], say: Say) -> Outcome:
    """Let the crowd press, and the council act meanwhile; return what the client wrote down."""
    sale = await until_known(event, plan)
    presses = schedule(logins, weights_of(sale.zones, plan.weights), within_s=plan.within, seed=plan.seed)
    options = Options(plan.target, plan.connections, plan.timeout, plan.early)
    say(
        f"they press within {plan.within:g} s, {max(0.0, sale.opens_at_ms / 1000 - time.time()):.0f} s from now"
    )
    played, done = await asyncio.gather(play(sale, presses, options), do_all(plan.acts, sale))
    return Outcome(sale, keep(plan, sale, played), done)


async def until_known(event: Event, plan: Plan) -> Sale:
    """Ask for the event until the server says the opening that we want: what it tells may be a second old."""
    wanted = event.opens_at.timestamp() * 1000
    while abs((sale := await look_up(plan.target, str(event.pk))).opens_at_ms - wanted) > CLOCKS_APART_MS:
        await asyncio.sleep(0.2)
    return sale


def keep(plan: Plan, sale: Sale, played: Played) -> Log:
    """Write the log and read it again: what is judged is what the client has on disk."""
    with tempfile.TemporaryDirectory(prefix="rush-") as folder:
        file = plan.log or Path(folder) / "answers.jsonl"
        with file.open("w", encoding="utf-8") as target:
            write_log(target, sale, plan.students, played)
        with file.open(encoding="utf-8") as lines:
            return read_log(lines)


def judged(event: Event, plan: Plan, played: Outcome) -> result.Result:
    """Wait for the rows and hold the log against them; what cannot be had is named as missing.

    Rows that do not follow in time are no proof of anything: then nothing is judged by them.
    """
    made = result.Result(event, plan.students, plan.within, plan.seed, played.sale, played.log, played.done)
    here, client = staging.where(event), redis_client()
    by_redis = staging.authority(event) == Mode.REDIS
    try:
        made.last_row_at = wait_for_rows(
            played.log, here, lambda: last_entry(client, here) if by_redis else 0, plan.rows_within
        )
        made.verdict = ask_database(plan, played, read_kept(client, here) if by_redis else None)
    except (NoVerdict, redis.RedisError) as error:
        made.verdict.missing["rows"] = str(error)
    made.finish()
    return made


def ask_database(plan: Plan, played: Outcome, kept: Kept | None) -> Verdict:
    """Judge at one moment of the database; what was made in it goes with it."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        inner: Any = connection.connection
        verdict = judge(
            inner,
            played.log,
            zones=played.sale.zones,
            kept=kept,
            changes=changes(played.done),
            visitors=plan.visitors,
        )
        transaction.set_rollback(True)
    return verdict
