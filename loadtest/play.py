"""Plays a sale: every student presses once, at a time fixed beforehand, whatever the server does meanwhile.

An open loop: the schedule does not wait for answers, and latency counts from the scheduled time, so that a server that
stalls is not spared the presses it held up. Nothing is tried again. What every student was answered is kept.
"""

import asyncio
import json
import math
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from loadtest.crowd import Login, PlayError, Press
from loadtest.wire import Answer, BrokenAnswer, Connection, Target

CLOCK_LOOKS = 5
ROUNDING_MS = 1


@dataclass(frozen=True, slots=True)
class Sale:
    """What the player needs to know about the event; `opens_at_ms` is by this machine's clock, never too early."""

    event: str
    opens_at_ms: int
    zones: Mapping[str, int]


@dataclass(slots=True)
class Record:
    """A line of the log; times in milliseconds by this machine's clock, latency from the scheduled time."""

    student_number: str
    zones: list[str]
    scheduled_ms: float
    sent_ms: float = 0.0
    answered_ms: float = 0.0
    latency_ms: float = 0.0
    status: int | None = None
    outcome: str | None = None
    ticket: str | None = None
    zone: str | None = None
    number: int | None = None
    arrival: int | None = None
    elapsed_ms: int | None = None
    position: int | None = None
    receipt: str | None = None
    retry_after: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """How a sale is played."""

    target: Target
    connections: int = 256
    timeout_s: float = 30.0
    early_s: float = 0.0


@dataclass(slots=True)
class Played:
    """What a play left behind: its records and when it began, by the wall clock."""

    began_ms: float
    records: list[Record] = field(default_factory=list)


def parse_answer(record: Record, answer: Answer) -> None:
    """Note in the record what an answer says; a body that is no document is noted as an error."""
    record.status, record.retry_after = answer.status, answer.headers.get("retry-after")
    try:
        document = json.loads(answer.body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        record.error = f"no document in the answer: {answer.body[:80]!r}"
        return
    record.outcome = document.get("outcome") or document.get("code")
    for name in ("ticket", "zone", "number", "arrival", "elapsed_ms", "position", "receipt"):
        setattr(record, name, document.get(name))


async def get(target: Target, path: str) -> dict[str, Any]:
    """Return a public document; raise PlayError when there is none."""
    connection = Connection(target)
    try:
        answer = await connection.ask("GET", path, {"Accept": "application/json"})
    except (OSError, BrokenAnswer) as error:
        raise PlayError(f"{target.origin} does not answer: {error}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise PlayError(f"{path} answers {answer.status}: {answer.body[:200]!r}")
    document: dict[str, Any] = json.loads(answer.body)
    return document


async def clock_behind_ms(target: Target, event: str) -> float:
    """Return by how much our clock may be ahead of the deciding one, at the most, from the quickest of a few looks."""
    looks = []
    connection = Connection(target)
    for _ in range(CLOCK_LOOKS):
        asked = time.time() * 1000
        answer = await connection.ask("GET", f"/api/clock/?event={event}", {})
        back = time.time() * 1000
        looks.append((back - asked, back - json.loads(answer.body)["now_ms"]))
    connection.close()
    return float(min(looks)[1])


async def look_up(target: Target, event: str) -> Sale:
    """Ask for the event: its zones, and when it is open for sure by our own clock."""
    document = await get(target, f"/api/events/{event}/")
    zones = {zone["name"]: zone["capacity"] for zone in document["zones"]}
    if not zones:
        raise PlayError("the event has no zones")
    opens_at_ms = datetime.fromisoformat(document["opens_at"]).timestamp() * 1000
    return Sale(event, math.ceil(opens_at_ms + await clock_behind_ms(target, event)) + ROUNDING_MS, zones)


async def play(sale: Sale, presses: Sequence[Press], options: Options) -> Played:
    """Send every press at its time; return when each has its answer or its error."""
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for connection in [Connection(options.target) for _ in range(options.connections)]:
        await connection.open()
        free.put_nowait(connection)
    start_ms = max(time.time() * 1000, sale.opens_at_ms - options.early_s * 1000)
    played = Played(start_ms)
    offset = time.perf_counter() - time.time()  # schedule by a clock that is never set back
    tasks = []
    for one in presses:
        moment = start_ms / 1000 + one.after_s
        await sleep_until(moment + offset)
        record = Record(one.login.student_number, list(one.zones), moment * 1000)
        played.records.append(record)
        tasks.append(asyncio.create_task(press(one, record, sale.event, free, options)))
    await asyncio.gather(*tasks)
    while not free.empty():
        free.get_nowait().close()
    return played


async def sleep_until(moment: float) -> None:
    """Sleep until a moment of the performance counter."""
    while (left := moment - time.perf_counter()) > 0:
        await asyncio.sleep(left)


async def press(
    one: Press, record: Record, event: str, free: "asyncio.Queue[Connection]", options: Options
) -> None:
    """Send one press on a free connection and fill its record; without a free one it waits, and that counts."""
    connection = await free.get()
    record.sent_ms = time.time() * 1000
    try:
        async with asyncio.timeout(options.timeout_s):
            answer = await connection.ask(
                "POST", f"/api/events/{event}/claims/", headers_of(one.login, options.target), body_of(one)
            )
        parse_answer(record, answer)
    except (OSError, BrokenAnswer, TimeoutError, ssl.SSLError) as error:
        record.error = f"{type(error).__name__}: {error}"
    finally:
        record.answered_ms = time.time() * 1000
        record.latency_ms = record.answered_ms - record.scheduled_ms
        free.put_nowait(connection)


def headers_of(login: Login, target: Target) -> dict[str, str]:
    """Return the headers that a browser of this student sends."""
    return {
        "Cookie": login.cookies,
        "X-CSRFToken": login.csrf,
        "Origin": target.origin,
        "Referer": f"{target.origin}/",
        "Content-Type": "application/json",
        "Accept": "application/json",
    }


def body_of(one: Press) -> bytes:
    return json.dumps({"zones": list(one.zones)}, ensure_ascii=False).encode()
