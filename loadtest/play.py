"""Plays a sale: every student presses once, at a time fixed beforehand, whatever the server does meanwhile.

    .venv/bin/python -m loadtest.play --sessions s.tsv --event ID --log answers.jsonl --within 20

An open loop: the schedule does not wait for answers, and latency counts from the scheduled time, so that a server that
stalls is not spared the presses it held up. Nothing is tried again. The log is the client's own: one line for each
student, with what was asked and everything that was answered; `loadtest.verdict` holds it against the database.
"""

import argparse
import asyncio
import json
import math
import ssl
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from loadtest.crowd import Login, PlayError, Press, read_logins, schedule, weights_of
from loadtest.wire import Answer, BrokenAnswer, Connection, Target

FORMAT = 1
CLOCK_LOOKS = 5
ROUNDING_MS = 1


@dataclass(frozen=True, slots=True)
class Sale:
    """What the player needs to know about the event."""

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
    connections: int
    timeout_s: float
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


def write_log(target: TextIO, sale: Sale, presses: Sequence[Press], played: Played) -> None:
    """Write head, records and end; a log without its end was cut short and is worth no verdict."""
    head = {
        "kind": "play",
        "format": FORMAT,
        "event": sale.event,
        "students": len(presses),
        "began_ms": played.began_ms,
        "opens_at_ms": sale.opens_at_ms,
    }
    lines = [head, *({"kind": "answer"} | asdict(record) for record in played.records)]
    for entry in [*lines, {"kind": "end", "answers": len(played.records)}]:
        target.write(json.dumps(entry, ensure_ascii=False) + "\n")


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(share * 100) // 100) - 1)]


def summary(played: Played) -> list[tuple[str, str]]:
    """Return what happened, a name and a figure each; errors and refusals by code stand apart."""
    records = played.records
    answers = Counter(record.outcome or record.error or "nothing" for record in records)
    got = [record.latency_ms for record in records if record.status is not None]
    seconds = (max(record.answered_ms for record in records) - min(r.sent_ms for r in records)) / 1000
    lines = [
        ("presses", str(len(records))),
        *((f"  {name}", str(count)) for name, count in answers.most_common()),
    ]
    lines += [("answers a second", f"{len(got) / seconds:.0f}"), ("seconds in all", f"{seconds:.1f}")]
    if got:
        shares = " / ".join(f"{percentile(got, share):.0f}" for share in (0.5, 0.95, 0.99, 1.0))
        lines.append(("latency p50 / p95 / p99 / longest, ms", shares))
    busy = [record.answered_ms for record in records if record.status == 503]
    lines.append(("503", f"{len(busy)} over {(max(busy) - min(busy)) / 1000 if busy else 0:.1f} s"))
    lost = [record.elapsed_ms for record in records if record.outcome == "sold_out" and record.elapsed_ms]
    lines.append(("first told sold out, ms after the opening", str(min(lost)) if lost else "nobody"))
    return lines


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="loadtest.play", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--sessions", type=Path, required=True, help="what manage.py rush_sessions wrote")
    parser.add_argument("--event", required=True, help="id of the event")
    parser.add_argument("--log", type=Path, required=True, help="where the client's log of answers goes")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="the server (http://127.0.0.1:8000)")
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument("--within", type=float, help="seconds in which all students press (20)")
    pace.add_argument("--rate", type=float, help="presses a second instead")
    parser.add_argument("--connections", type=int, default=256, help="kept-alive connections (256)")
    parser.add_argument(
        "--timeout", type=float, default=30, help="seconds until a press counts as unanswered (30)"
    )
    parser.add_argument("--early", type=float, default=0, help="begin so many seconds before the opening (0)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another crowd (1)")
    parser.add_argument(
        "--weight", action="append", default=[], metavar="ZONE=N", help="how wanted a zone is (1)"
    )
    return parser.parse_args(arguments)


async def run(options: argparse.Namespace) -> int:
    """Play a sale as asked, write the log, tell the summary; 0 when every press got an HTTP answer."""
    logins = read_logins(options.sessions)
    target = Target.parse(options.url)
    sale = await look_up(target, options.event)
    within = len(logins) / options.rate if options.rate else (options.within or 20.0)
    presses = schedule(logins, weights_of(sale.zones, options.weight), within_s=within, seed=options.seed)
    how = Options(target, options.connections, options.timeout, options.early)
    wait = max(0.0, sale.opens_at_ms / 1000 - time.time())
    sys.stderr.write(f"{len(presses)} students press within {within:.0f} s, {wait:.0f} s from now\n")
    played = await play(sale, presses, how)
    with options.log.open("w", encoding="utf-8") as log:
        write_log(log, sale, presses, played)
    for name, figure in summary(played):
        sys.stdout.write(f"{name:44} {figure}\n")
    return 0 if all(record.status is not None for record in played.records) else 1


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        return asyncio.run(run(read_options(arguments)))
    except (PlayError, OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
