"""The geometry of plots: numbers become shapes in a box of 600 by 100, which the page stretches as it likes.

The words of a plot stand beside the shapes in HTML, so that they keep their size on a phone and on a projector.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.template.defaultfilters import date
from django.utils.timezone import localtime
from django.utils.translation import pgettext

from ticketing.figures import grouped
from ticketing.live.board import NOTHING, named
from ticketing.live.series import DAY, REFUSED

WIDTH, HEIGHT = 600.0, 100.0
GAP = 0.18  # of a column's room
LABELS = 4


@dataclass(frozen=True, slots=True)
class Column:
    """A part of a column: which line of the legend it belongs to, and its rectangle."""

    kind: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True)
class Legend:
    """What a colour stands for, with its number beside it; `points` where it is a line."""

    kind: str
    words: str
    number: str
    points: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot, and the same numbers as a table."""

    name: str
    title: str
    legend: Sequence[Legend]
    top: str
    times: Sequence[str]
    heads: Sequence[str]
    table: Sequence[Sequence[str]]
    columns: Sequence[Column] = ()
    is_empty: bool = False


def plots_of(series: dict[str, Any]) -> list[Plot]:
    """Return the plots of an event."""
    return [answers(series), places(series), entries(series["entered"])]


def answers(series: dict[str, Any]) -> Plot:
    """Return the answers over time as columns, one part on the other."""
    words = {
        "won": pgettext("answer to a press", "Got a ticket"),
        "waitlisted": pgettext("answer to a press", "Waiting list"),
        "sold_out": pgettext("answer to a press", "Sold out"),
        REFUSED: pgettext("answer to a press", "Refused otherwise (about)"),
    }
    each = {kind: series["answers"][kind] or [] for kind in words}
    totals = {
        kind: NOTHING if series["answers"][kind] is None else grouped(sum(each[kind])) for kind in words
    }
    length = len(each["won"])
    stacks = [
        [(kind, numbers[place] if numbers else 0) for kind, numbers in each.items()]
        for place in range(length)
    ]
    most = max((sum(number for _kind, number in stack) for stack in stacks), default=0)
    shown = [stack for stack in stacks if any(number for _kind, number in stack)]
    times = times_of(series["begin"], series["step"], length)
    return Plot(
        name="answers",
        title=pgettext("plot", "Answers over time"),
        legend=[Legend(kind, words[kind], totals[kind]) for kind in words],
        top=grouped(nice(most)),
        times=labels(times),
        heads=list(words.values()),
        table=[
            [time, *(grouped(number) for _kind, number in stack)]
            for time, stack in zip(times, stacks, strict=True)
            if any(number for _kind, number in stack)
        ],
        columns=columns(stacks, nice(most)),
        is_empty=not shown,
    )


def places(series: dict[str, Any]) -> Plot:
    """Return the places given of each zone as lines."""
    zones = series["zones"]
    length = len(zones[0]["given"]) if zones else 0
    now = min(length, max(1, (series["until"] - series["begin"]) // series["step"] + 1))
    most = nice(max((zone["capacity"] for zone in zones), default=0))
    times = times_of(series["begin"], series["step"], length)
    return Plot(
        name="places",
        title=pgettext("plot", "Places given, by zone"),
        legend=[
            Legend(
                f"zone{place % 6}",
                named(zone),
                f"{grouped(zone['given'][now - 1])} / {grouped(zone['capacity'])}",
                line(zone["given"][:now], length, most),
            )
            for place, zone in enumerate(zones)
        ],
        top=grouped(most),
        times=labels(times),
        heads=[named(zone) for zone in zones],
        table=changed_only(
            [[times[place], *(grouped(zone["given"][place]) for zone in zones)] for place in range(now)]
        )
        if zones
        else [],
        is_empty=not any(zone["given"][now - 1] for zone in zones),
    )


def entries(entered: dict[str, Any]) -> Plot:
    """Return the entries at the gates by minute as columns."""
    each = entered["each"]
    most = nice(max(each, default=0))
    times = times_of(entered["begin"], entered["step"], len(each))
    return Plot(
        name="entries",
        title=pgettext("plot", "Entries at the gates, by minute"),
        legend=[
            Legend("entered", pgettext("plot", "In this hour"), grouped(sum(each))),
            Legend("", pgettext("plot", "Most in a minute"), grouped(max(each, default=0))),
        ],
        top=grouped(most),
        times=labels(times),
        heads=[pgettext("plot", "Entries")],
        table=[[time, grouped(number)] for time, number in zip(times, each, strict=True) if number],
        columns=columns([[("entered", number)] for number in each], most),
        is_empty=not any(each),
    )


def nice(most: int) -> int:
    """Return the end of the scale: 1, 2 or 5 times a power of ten, or what is half of that, not below the most."""
    scale = 1
    while True:
        for step in (1, 2, 4, 5, 6, 8):
            if most <= step * scale:
                return step * scale
        scale *= 10


def columns(stacks: Sequence[Sequence[tuple[str, int]]], most: int) -> list[Column]:
    """Return the rectangles of columns, from the ground up."""
    found = []
    room = WIDTH / max(len(stacks), 1)
    for place, stack in enumerate(stacks):
        ground = HEIGHT
        for kind, number in stack:
            height = HEIGHT * number / most
            ground -= height
            if number:
                x, width = room * (place + GAP / 2), room * (1 - GAP)
                found.append(Column(kind, f"{x:.1f}", f"{ground:.2f}", f"{width:.1f}", f"{height:.2f}"))
    return found


def line(numbers: Sequence[int], length: int, most: int) -> str:
    """Return the points of a line of steps: a number stands until the next one."""
    room, points = WIDTH / max(length, 1), []
    for place, number in enumerate(numbers):
        y = f"{HEIGHT - HEIGHT * number / most:.2f}"
        points += [f"{room * place:.1f},{y}", f"{room * (place + 1):.1f},{y}"]
    return " ".join(points)


def times_of(begin: int, step: int, length: int) -> list[str]:
    """Return when each step begins: with seconds where they matter, with the day where there are several."""
    form = "H:i" if step >= 60 else "H:i:s"
    if step * length > DAY:
        form = pgettext("date format: day and minute, short", "n/j H:i")
    moments = (datetime.fromtimestamp(begin + step * place, UTC) for place in range(length))
    return [date(localtime(moment), form) for moment in moments]


def labels(times: Sequence[str]) -> list[str]:
    """Return some of the times at equal distances, the first of them at the beginning."""
    return list(times[:: max(1, len(times) // LABELS)])[:LABELS]


def changed_only(table: Sequence[list[str]]) -> list[list[str]]:
    """Leave out the lines that say what the one before them says."""
    return [row for place, row in enumerate(table) if place == 0 or row[1:] != table[place - 1][1:]]
