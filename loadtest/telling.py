"""The result of a play as lines of text."""

from collections.abc import Iterator, Mapping
from typing import Any

WORDS = {
    "kept": "EVERY PROMISE KEPT",
    "broken": "A PROMISE IS BROKEN",
    "missing": "NO VERDICT: a figure is missing",
}
HEADLINES = ("oversold", "duplicates", "lost", "order_violations", "other_faults")
ROWS_SHOWN = 5


def tell(document: Mapping[str, Any]) -> str:
    """Return every figure in words, and some rows behind each fault."""
    return "\n".join(
        [*about(document), *answers(document), *times(document), *rows(document), *verdict(document)]
    )


def line(name: str, value: object) -> str:
    return f"{name:38} {value}"


def number(value: float | None, unit: str = "", digits: int = 0) -> str:
    return "MISSING" if value is None else f"{value:,.{digits}f}{unit}"


def about(document: Mapping[str, Any]) -> Iterator[str]:
    event, played = document["event"], document["played"]
    places = ", ".join(f"{name}={count}" for name, count in event["zones"].items())
    yield f"== {event['name']} ({event['id']})"
    yield line("mode", event["mode"])
    yield line("places", f"{places}; waiting list {event['waitlist_size']}")
    yield line("students", f"{played['students']:,} within {played['within_s']:g} s, seed {played['seed']}")


def answers(document: Mapping[str, Any]) -> Iterator[str]:
    figures = document["figures"]
    for name in ("presses", "answered", "won", "waitlisted", "sold_out"):
        yield line(name, number(figures[name]))
    yield line("refused by intent, other codes", number(figures["refused"]))
    yield from (line(f"    {code}", f"{count:,}") for code, count in figures["refused_by_code"].items())
    yield line("503", number(figures["busy"]))
    if outage := figures["outage"]:
        yield line("    from, to, s after the opening", f"{outage['first_s']:.2f} to {outage['last_s']:.2f}")
        yield line("    for", f"{outage['seconds']:.2f} s: {outage['by_code']}")
    yield line("errors", number(figures["error"]))
    yield from (line(f"    {what}", f"{count:,}") for what, count in figures["errors"].items())


def times(document: Mapping[str, Any]) -> Iterator[str]:
    figures = document["figures"]
    yield line("answers a second", number(figures["throughput"]))
    shares = " / ".join(number(figures[name]) for name in ("p50", "p95", "p99", "longest"))
    yield line("latency p50 / p95 / p99 / longest, ms", shares)
    left = figures["left"]
    gone = number(figures["sold_out_ms"], " ms") if left == 0 else f"not sold out, {number(left)} left"
    yield line("last place given, after the opening", gone)
    yield line("last row written, after the opening", number(figures["last_row_ms"], " ms"))
    yield line("rows behind the last answer", number(figures["rows_behind_ms"], " ms"))
    for act in document["acts"]:
        seen = "not seen in force" if act["seen_ms"] is None else f"in force by {act['seen_ms'] / 1000:.2f} s"
        yield line(f"council: {act['act']}", f"saved at {act['saved_ms'] / 1000:.2f} s, {seen}")


def rows(document: Mapping[str, Any]) -> Iterator[str]:
    yield line("live tickets in PostgreSQL", number(document["figures"]["live"]))
    for name, found in document["info"].items():
        for row in found:
            yield f"    {name}: " + ", ".join(f"{key} {value}" for key, value in row.items())


def verdict(document: Mapping[str, Any]) -> Iterator[str]:
    for name in HEADLINES:
        yield line(name.replace("_", " "), number(document["figures"][name]))
    for name, fault in document["faults"].items():
        if fault["count"] and name not in document["not_judged"]:
            yield f"    {name}: {fault['count']}"
            yield from (f"        {row}" for row in fault["rows"][:ROWS_SHOWN])
    yield from (f"not judged: {name} ({why})" for name, why in document["not_judged"].items())
    yield from (f"missing: {name} ({why})" for name, why in document["missing"].items())
    yield WORDS[document["verdict"]]
