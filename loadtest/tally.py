"""What the crowd was told, counted from the client's log: answers, refusals by code, outages, times, plots."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from loadtest.log import Row

WON = ("won", "already_won")
COUNTED = (*WON, "waitlisted", "sold_out")  # these take an arrival
BUSY = 503
MOMENTS = 60  # of a plot over time
SHORTEST_MOMENT_MS = 50
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(share * 100) // 100) - 1)]


def kind_of(answer: Row) -> str:
    """Return the answer in one word: won, waitlisted, sold_out, refused (by intent), busy (503), error."""
    if answer["outcome"] in WON:
        return "won"
    if answer["outcome"] in COUNTED:
        return str(answer["outcome"])
    if answer["status"] == BUSY:
        return "busy"
    by_intent = answer["outcome"] and answer["status"] is not None and 400 <= answer["status"] < 500
    return "refused" if by_intent else "error"


def tally(answers: Sequence[Row], opens_at_ms: float) -> dict[str, Any]:
    """Return the figures of the log; one that cannot be had is None."""
    kinds = Counter(map(kind_of, answers))
    told = [answer for answer in answers if answer["status"] is not None]
    latencies = [answer["latency_ms"] for answer in told]
    refused = [answer for answer in answers if kind_of(answer) == "refused"]
    return {
        "presses": len(answers),
        "answered": len(told),
        **{kind: kinds[kind] for kind in ("won", "waitlisted", "sold_out", "refused", "busy", "error")},
        "refused_by_code": dict(Counter(answer["outcome"] for answer in refused).most_common()),
        "errors": dict(Counter(map(error_of, (a for a in answers if kind_of(a) == "error"))).most_common()),
        "outage": outage(answers, opens_at_ms),
        "seconds": seconds(answers),
        "throughput": len(told) / seconds(answers) if told else None,
        **{name: percentile(latencies, share) if told else None for name, share in SHARES.items()},
        "longest": max(latencies) if told else None,
    }


def error_of(answer: Row) -> str:
    """Return what went wrong with a press that got no answer that the contract knows."""
    if answer["status"] is None:
        return str(answer["error"] or "no answer").partition(":")[0]
    return f"HTTP {answer['status']} {answer['outcome'] or ''}".strip()


def seconds(answers: Sequence[Row]) -> float:
    """Return how long it took from the first press to the last answer."""
    first, last = min(answer["sent_ms"] for answer in answers), max(a["answered_ms"] for a in answers)
    return float(max(1.0, last - first)) / 1000


def outage(answers: Sequence[Row], opens_at_ms: float) -> dict[str, Any] | None:
    """Return how many 503 there were, by code, and from when to when after the opening; None without any."""
    busy = [answer for answer in answers if answer["status"] == BUSY]
    if not busy:
        return None
    first, last = min(answer["answered_ms"] for answer in busy), max(a["answered_ms"] for a in busy)
    served = (answer for answer in answers if answer["status"] not in (None, BUSY))
    ended = any(answer["answered_ms"] > last for answer in served)
    return {
        "count": len(busy),
        "by_code": dict(Counter(str(answer["outcome"]) for answer in busy).most_common()),
        "first_s": (first - opens_at_ms) / 1000,
        "last_s": (last - opens_at_ms) / 1000,
        "seconds": (last - first) / 1000,
        "ended": ended,
    }


def series(answers: Sequence[Row], opens_at_ms: float) -> dict[str, Any]:
    """Return what the plots show: answers and latencies in moments of time, places given over time for each zone."""
    ends = [answer["answered_ms"] - opens_at_ms for answer in answers]
    step = max(SHORTEST_MOMENT_MS, max(ends) / MOMENTS)
    return {
        "step_ms": step,
        "answers": [dict(Counter(map(kind_of, some))) for some in moments(answers, opens_at_ms, step)],
        "latency": [spread(some) for some in moments(answers, opens_at_ms, step, by="scheduled_ms")],
        "zones": {zone: curve(given) for zone, given in winners(answers).items()},
    }


def moments(
    answers: Sequence[Row], opens_at_ms: float, step: float, by: str = "answered_ms"
) -> list[list[Row]]:
    """Sort answers into moments after the opening; what came before it is in the first."""
    place: Callable[[Row], int] = lambda answer: max(0, int((answer[by] - opens_at_ms) // step))  # noqa: E731
    found: list[list[Row]] = [[] for _ in range(max(map(place, answers)) + 1)]
    for answer in answers:
        found[place(answer)].append(answer)
    return found


def spread(answers: Sequence[Row]) -> dict[str, float] | None:
    """Return the percentiles of the latencies of some answers, None when there are none."""
    latencies = [answer["latency_ms"] for answer in answers if answer["status"] is not None]
    return {name: percentile(latencies, share) for name, share in SHARES.items()} if latencies else None


def winners(answers: Sequence[Row]) -> Mapping[str, list[int]]:
    """Return for each zone when its places were given, by the deciding clock, in order."""
    zones: dict[str, list[int]] = {}
    for answer in answers:
        if answer["outcome"] in WON and answer["elapsed_ms"] is not None:
            zones.setdefault(answer["zone"], []).append(answer["elapsed_ms"])
    return {zone: sorted(zones[zone]) for zone in sorted(zones)}


def curve(given: Sequence[int]) -> list[tuple[int, int]]:
    """Return a rising line as a few points: milliseconds, places given until then."""
    every = max(1, len(given) // MOMENTS)
    points = [(at, count) for count, at in enumerate(given, 1)]
    return [*points[::every], points[-1]]
