"""The report of played sales: one file that needs nothing else, in Korean and English, for a phone and for a wall.

It is made from the documents that `--json` writes, so that whoever keeps those can show it again.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template import loader
from django.utils import formats, timezone, translation
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from loadtest import chart
from loadtest.words import FIGURES, KINDS, PROMISES, REASONS, act_sentence, mode_name, sentence

Document = Mapping[str, Any]
SHARES = ("p50", "p95", "p99")


@cache
def style() -> str:
    """Return the report's style sheet, which stands in the file itself."""
    return Path(__file__).with_name("report.css").read_text(encoding="utf-8")


def style_source() -> str:
    """Return what a content security policy calls that style sheet."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return f"'sha256-{digest}'"


def render(documents: Sequence[Document], language: str | None = None) -> str:
    """Return the report as a page; `language` is the one it opens in."""
    shown = language or settings.LANGUAGE_CODE
    bodies = [(code, body(documents, code)) for code, _name in settings.LANGUAGES]
    facts = {"style": mark_safe(style()), "bodies": bodies, "shown": shown}  # noqa: S308 - our own file
    return loader.render_to_string("loadtest/report.html", facts)


def body(documents: Sequence[Document], language: str) -> SafeString:
    """Return what the report says, in one language."""
    with translation.override(language):
        runs = [run_of(document) for document in documents]
        text = loader.render_to_string("loadtest/report_body.html", {"runs": runs, "whole": whole(documents)})
    return mark_safe(text)  # noqa: S308 - a template has escaped it


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, what it is called, and what it means; `tone` is good, bad or nothing."""

    name: str
    value: str
    means: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture with its title, its explanation, and what its colours mean."""

    title: str
    means: str
    picture: SafeString
    legend: Sequence[tuple[str, str]]


def whole(documents: Sequence[Document]) -> dict[str, str]:
    """Return the one verdict on all that was played."""
    found = {document["verdict"] for document in documents}
    verdict = next(word for word in ("broken", "missing", "kept") if word in found)
    return {"verdict": verdict, "title": REASONS[verdict][0](), "why": REASONS[verdict][1]()}


def run_of(document: Document) -> dict[str, Any]:
    """Return what the template shows of one play."""
    figures = document["figures"]
    event = document["event"]
    name = event["name_en"] if translation.get_language() == "en" else event["name"]
    return {
        "name": name,
        "title": sentence(document),
        "when": formats.date_format(
            timezone.localtime(datetime.fromisoformat(event["opens_at"])), _("F j, Y, H:i:s")
        ),
        "mode": mode_name(event["mode"]),
        "verdict": REASONS[document["verdict"]][0](),
        "tone": document["verdict"],
        "promises": [promise(figures, key) for key in PROMISES],
        "figures": list(key_figures(document)),
        "plots": list(plots(document)),
        "zones": [zone | {"share": share(zone["live"], zone["places"])} for zone in figures["zones"]],
        "waiting": next(iter(document["info"].get("waiting", [])), None) if event["waitlist_size"] else None,
        "acts": [act_sentence(act) for act in document["acts"]],
        "outage": figures["outage"],
        "missing": document["missing"],
        "not_judged": {name: _(why) for name, why in document["not_judged"].items()},
        "broken": [(name, document["faults"][name]["count"]) for name in document["broken"]],
    }


def share(part: int, whole: int) -> int:
    return round(100 * part / whole) if whole else 0


def promise(figures: Mapping[str, Any], key: str) -> Figure:
    """Return one of the promises with the number of times it was broken."""
    count = figures[key]
    name, means = PROMISES[key]
    tone = "" if count is None else "bad" if count else "good"
    return Figure(str(name()), number(count), str(means()), tone)


def number(value: float | None, digits: int = 0) -> str:
    return "?" if value is None else f"{value:,.{digits}f}"


def in_seconds(value: float | None) -> str:
    """Return a duration that is given in milliseconds, in the unit that suits it."""
    if value is None or value < 1000:
        return _("%(number)s ms") % {"number": number(value)}
    return _("%(number)s s") % {"number": number(value / 1000, 2)}


def key_figures(document: Document) -> Iterator[Figure]:
    """Yield the other figures, each with a sentence on what it is."""
    figures = document["figures"]
    for kind in ("won", "waitlisted", "sold_out", "refused", "busy", "error"):
        bad = kind == "error" and figures[kind]
        if figures[kind] or kind in ("won", "sold_out", "busy", "error"):
            yield Figure(KINDS[kind](), number(figures[kind]), FIGURES[kind](), "bad" if bad else "")
    yield Figure(_("answers a second"), number(figures["throughput"]), FIGURES["throughput"]())
    for name, median in (("p50", _("half were answered within")), ("p99", _("99 of 100 within"))):
        yield Figure(median, in_seconds(figures[name]), FIGURES[name]())
    if figures["left"] == 0:
        yield Figure(
            _("last place given after"), in_seconds(figures["sold_out_ms"]), FIGURES["sold_out_ms"]()
        )
    elif figures["left"] is not None:
        yield Figure(_("places left"), number(figures["left"]), FIGURES["left"]())
    yield Figure(_("last row written after"), in_seconds(figures["last_row_ms"]), FIGURES["last_row_ms"]())


def plots(document: Document) -> Iterator[Plot]:
    """Yield the three pictures: answers over time, latency over time, places given in each zone."""
    series, time = document["series"], pgettext("axis", "seconds after the opening")
    step = series["step_ms"] / 1000
    yield answers_plot(series["answers"], step, time, document["figures"])
    yield latency_plot(series["latency"], step, time)
    if series["zones"]:
        yield zones_plot(series["zones"], document["event"]["zones"], time)


def answers_plot(
    moments: Sequence[Mapping[str, int]], step: float, time: str, figures: Mapping[str, Any]
) -> Plot:
    title = _("Answers over time")
    most = max(sum(counts.values()) for counts in moments)
    frame = chart.Frame(len(moments) * step, chart.nice(most), time, pgettext("axis", "answers"), title)
    there = [kind for kind in KINDS if figures[kind]]
    legend = [(f"is-{kind}", f"{KINDS[kind]()} {number(figures[kind])}") for kind in there]
    means = _("Each bar is a moment; its colours say what the students were told in it.")
    return Plot(title, means, chart.stacked(frame, moments, step, there), legend)


def latency_plot(moments: Sequence[Mapping[str, float] | None], step: float, time: str) -> Plot:
    title = _("How long an answer took")
    most = max((found["p99"] for found in moments if found), default=1)
    frame = chart.Frame(len(moments) * step, chart.nice(most), time, pgettext("axis", "ms"), title)
    curves = [
        (name, [((place + 0.5) * step, found[name]) for place, found in enumerate(moments) if found])
        for name in SHARES
    ]
    legend = [("p50", _("half")), ("p95", _("95 of 100")), ("p99", _("99 of 100"))]
    means = _("Counted from the moment when the student meant to press, the wait for a free line included.")
    return Plot(title, means, chart.lines(frame, curves), legend)


def zones_plot(
    zones: Mapping[str, Sequence[Sequence[int]]], capacities: Mapping[str, int], time: str
) -> Plot:
    title = _("Places given in each zone")
    most_x = max(points[-1][0] for points in zones.values()) / 1000
    most_y = max(points[-1][1] for points in zones.values())
    frame = chart.Frame(max(most_x, 0.1), chart.nice(most_y), time, pgettext("axis", "places"), title)
    curves = [
        (f"zone-{place % chart.COLOURS}", [(0.0, 0.0), *((at / 1000, float(count)) for at, count in points)])
        for place, points in enumerate(zones.values())
    ]
    legend = [
        (f"zone-{place % chart.COLOURS}", f"{zone} {points[-1][1]:,}/{capacities.get(zone, 0):,}")
        for place, (zone, points) in enumerate(zones.items())
    ]
    means = _(
        "Each line climbs with every ticket of its zone, by the clock that decides, until the zone is full."
    )
    return Plot(title, means, chart.lines(frame, curves), legend)
