"""What the council's figures on the page of the look are filled with: the sale of examples.py, nearly sold out."""

from datetime import datetime
from typing import Any

from django.template.defaultfilters import date
from django.utils.timezone import localtime

from accounts.demo import sales
from accounts.demo.examples import LEFT, named
from ticketing.figures import grouped
from ticketing.live import plots
from ticketing.live.board import percent

# Places given in each zone, second by second; with those that are left they make its capacity.
GIVEN = (
    (150, 590, 930, 1210, 1440, 1610, 1715, 1790),
    (100, 390, 620, 800, 960, 1070, 1148, 1193),
    (90, 340, 530, 710, 840, 943, 980, 1000),
)
OFFERED = 120  # of each zone


def bar(given: int, offered: int, places: int) -> list[dict[str, Any]]:
    """Return the parts of a bar of the council, in hundredths of its places."""
    whole = places / 100
    parts = (("given", 0.0, given / whole), ("offered", given / whole, offered / whole))
    return [
        {"kind": kind, "key": f"example.{kind}", "begin": f"{begin:.2f}", "width": f"{width:.2f}"}
        for kind, begin, width in parts
    ]


def council(now: datetime) -> dict[str, Any]:
    """Return the same sale as the council sees it: some places are offered to those who wait."""
    zones = [
        {
            "name": named(part),
            "given": grouped(given[-1] - OFFERED),
            "offered": grouped(OFFERED),
            "left": grouped(left),
            "places": grouped(part.fifths * 1000),
            "entered": grouped(0),
            "parts": bar(given[-1] - OFFERED, OFFERED, part.fifths * 1000),
        }
        for part, given, left in zip(sales.PARTS, GIVEN, LEFT, strict=True)
    ]
    offered = OFFERED * len(zones)
    given = sum(each[-1] for each in GIVEN) - offered
    return {
        "given": grouped(given),
        "places": grouped(sales.PLACES),
        "share": percent(given, sales.PLACES),
        "parts": bar(given, offered, sales.PLACES),
        "left": grouped(sum(LEFT)),
        "waiting": grouped(210),
        "offered": grouped(offered),
        "entered": grouped(0),
        "no_shows": grouped(given),
        "presses": {
            "a_second": grouped(0),
            "peak": grouped(1000),
            "peak_at": date(localtime(now), "H:i:s"),
        },
        "by_hand": grouped(12),
        "zones": zones,
    }


def plotted(now: datetime) -> list[plots.Plot]:
    """Return the council's plots of answers and of places given."""
    begin = int(now.timestamp())
    zones = [
        {"name": part.name, "name_en": part.name_en, "capacity": part.fifths * 1000, "given": given}
        for part, given in zip(sales.PARTS, GIVEN, strict=True)
    ]
    counted = {
        "won": (340, 980, 760, 640, 520, 383, 220, 140),
        "waitlisted": (0, 0, 0, 0, 40, 90, 60, 20),
        "sold_out": (0, 0, 0, 0, 0, 30, 110, 160),
        "refused": (60, 20, 10, 10, 5, 5, 0, 0),
    }
    series = {"begin": begin, "step": 1, "until": begin + len(GIVEN[0]), "zones": zones, "answers": counted}
    return [plots.answers(series), plots.places(series)]


def fill(now: datetime) -> dict[str, Any]:
    """Return what the templates of the council's pages are rendered with."""
    return {"council": council(now), "plots": plotted(now)}
