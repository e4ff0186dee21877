"""Tells what waiting viewers were answered and what they cost, and holds it against what is promised."""

import math
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from loadtest.gauges import Spent
from loadtest.viewing import STUDENT

GOOD = {"200", "304"}
THREADS = 8  # of the web, as WEB_OPTIONS start it
MEBIBYTE = 1024 * 1024

Seen = Mapping[str, Any]


def merged(seen: Sequence[Seen]) -> dict[str, dict[str, Any]]:
    """Return what all players saw, by kind of request."""
    kinds: dict[str, dict[str, Any]] = {}
    for one in seen:
        for kind, told in one["kinds"].items():
            into = kinds.setdefault(
                kind, {"statuses": Counter(), "seconds": Counter(), "latencies_ms": [], "bytes": 0}
            )
            into["statuses"].update(told["statuses"])
            into["seconds"].update({int(second): number for second, number in told["seconds"].items()})
            into["latencies_ms"].extend(told["latencies_ms"])
            into["bytes"] += told["bytes"]
    return kinds


def told(seen: Sequence[Seen], spent: Sequence[Spent], idle: Spent, starts: float) -> list[str]:
    """Print everything; return the promises that were broken."""
    kinds = merged(seen)
    for line in (*asked(kinds, seen), *costs(kinds, spent, idle, starts), *statements(spent)):
        say(line)
    broken = refused(kinds, seen) + dear(kinds, spent, starts)
    for line in broken:
        say(f"BROKEN {line}")
    if not broken:
        say(
            "kept: everybody was answered, and what all share was refreshed once a second in each thread at most"
        )
    return broken


def asked(kinds: Mapping[str, Any], seen: Sequence[Seen]) -> list[str]:
    """Say what was asked and answered, by kind."""
    lines = ["", "requests"]
    for kind, one in sorted(kinds.items()):
        statuses = ", ".join(f"{number} × {status}" for status, number in sorted(one["statuses"].items()))
        latencies, peak = sorted(one["latencies_ms"]), max(one["seconds"].values())
        lines.append(
            f"  {kind}: {statuses}; p50 {part(latencies, 0.5):.0f} ms, p99 {part(latencies, 0.99):.0f} ms; "
            f"{one['bytes'] / MEBIBYTE:.1f} MiB; {peak} in the busiest second"
        )
    opened, most = (sum(one[name] for one in seen) for name in ("opened", "most_open"))
    return [*lines, f"  connections: {opened} opened, at most {most} open at once"]


def part(ordered: Sequence[float], share: float) -> float:
    """Return a quantile of ordered figures."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)] if ordered else math.nan


def count(told: Mapping[str, Any], begins: float, ends: float) -> int:
    """Count the requests of one kind in a time, in seconds after the start; whole seconds, both ends included."""
    return sum(number for second, number in told["seconds"].items() if math.floor(begins) <= second <= ends)


def costs(kinds: Mapping[str, Any], spent: Sequence[Spent], idle: Spent, starts: float) -> list[str]:
    """Say for each part of the time what a second of it cost."""
    lines = ["", "a second of each part of the time"]
    for one in (idle, *spent):
        begins = one.begins - starts
        requests = (
            sum(count(told, begins, begins + one.seconds) for told in kinds.values())
            if one is not idle
            else 0
        )
        cpu = ", ".join(f"{kind} {100 * seconds / one.seconds:.0f} %" for kind, seconds in one.cpu.items())
        redis = ", ".join(f"{role} {each.total() / one.seconds:.0f}" for role, each in one.commands.items())
        lines.append(
            f"  {one.name} ({one.seconds:.0f} s): {requests / one.seconds:.0f} requests; "
            f"{one.statements.total() / one.seconds:.1f} statements of the web; Redis commands: {redis}; "
            f"CPU of one core: {cpu}; memory of the web {one.memory / MEBIBYTE:.0f} MiB"
        )
    return lines


def statements(spent: Sequence[Spent]) -> list[str]:
    """Say which statements the web has sent, how often in each part of the time."""
    every = sorted({text for one in spent for text, number in one.statements.items() if number})
    lines = ["", "statements of the web: " + ", ".join(one.name for one in spent)]
    for text in every:
        numbers = ", ".join(str(one.statements[text]) for one in spent)
        lines.append(f"  {numbers}: {' '.join(text.split())[:110]}")
    return lines


def refused(kinds: Mapping[str, Any], seen: Sequence[Seen]) -> list[str]:
    """Return what was answered otherwise than with what was asked for."""
    bad = [
        f"{kind}: {number} × {status}"
        for kind, one in sorted(kinds.items())
        for status, number in sorted(one["statuses"].items())
        if status not in GOOD
    ]
    return bad + [fault for one in seen for fault in one["faults"]]


def dear(kinds: Mapping[str, Any], spent: Sequence[Spent], starts: float) -> list[str]:
    """Return the statements that until some moment were sent more often than what is kept for a second allows.

    Each thread of the web that finds it old asks once a second; a page of a student sends each statement once more.
    """
    pages, sent, bad = kinds.get(STUDENT, {"seconds": {}}), Counter[str](), []
    for one in spent:
        until = one.ends - starts
        allowed = THREADS * (math.floor(until) + 2) + count(pages, 0, until)
        sent += one.statements
        bad += [
            f"until the end of “{one.name}”: {number} times, {allowed} allowed: {' '.join(text.split())[:160]}"
            for text, number in sent.items()
            if number > allowed
        ]
    return bad


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
