"""The figures in the reader's words: what a page shows at first, and what its script puts there a second later.

Both come from one place: each thing that changes has a key, the page marks its element with it, and the document that
the page asks for names the same keys.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.template.defaultfilters import date
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from ticketing.figures import grouped, places_of
from ticketing.live.shared import Made

NOTHING = "–"
OLD_SECONDS = 5
SECOND = "H:i:s"


@dataclass(slots=True)
class Board:
    """What a page shows that may change every second, by key."""

    texts: dict[str, str] = field(default_factory=dict)
    bars: dict[str, list[float]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    shown: dict[str, bool] = field(default_factory=dict)

    def text(self, key: str, words: str) -> SafeString:
        self.texts[key] = words
        return format_html('<span data-text="{}">{}</span>', key, words)

    def number(self, key: str, number: int | None) -> SafeString:
        return self.text(key, NOTHING if number is None else grouped(number))

    def bar(self, key: str, begin: float, width: float) -> dict[str, Any]:
        self.bars[key] = [round(begin, 2), round(width, 2)]
        return {"key": key, "begin": f"{begin:.2f}", "width": f"{width:.2f}"}

    def state(self, key: str, state: str) -> SafeString:
        self.states[key] = state
        words = self.text(f"{key}.word", str(state_words()[state]))
        return format_html('<span class="badge" data-state="{}" data-key="{}">{}</span>', state, key, words)

    def when(self, key: str, shown: bool) -> dict[str, Any]:
        """Return what an element says that stands there only sometimes."""
        self.shown[key] = shown
        return {"key": key, "shown": shown}

    def document(self, made: Made) -> dict[str, Any]:
        """Return what the page's script asks for; `shape` changes when there is something else to show."""
        return {
            "as_of": second(made.at),
            "age_ms": round((time.time() - made.at) * 1000),
            "shape": self.shape,
            "texts": self.texts,
            "bars": self.bars,
            "states": self.states,
            "shown": self.shown,
        }

    @property
    def shape(self) -> str:
        return f"{len(self.texts)}-{hash_of(' '.join(self.texts))}"


def hash_of(text: str) -> str:
    """Return a short text that is the same in every process."""
    total = 0
    for sign in text.encode():
        total = (total * 131 + sign) % 2**32
    return f"{total:x}"


def second(at: float) -> str:
    return date(localtime(datetime.fromtimestamp(at, UTC)), SECOND)


def day_and_second(at: float) -> str:
    moment = localtime(datetime.fromtimestamp(at, UTC))
    return date(moment, pgettext("date format: day and second", "F j, H:i:s"))


def named(thing: Mapping[str, Any]) -> str:
    """Return the name of something in the reader's language."""
    return str((get_language() == "en" and thing["name_en"]) or thing["name"])


def state_words() -> dict[str, str]:
    return {
        "scheduled": pgettext("state of a sale", "Opens soon"),
        "open": pgettext("state of a sale", "On sale"),
        "paused": pgettext("state of a sale", "Paused"),
        "sold_out": pgettext("state of a sale", "Sold out"),
        "closed": pgettext("state of a sale", "Closed"),
        "recovering": pgettext("state of a sale", "Being restored"),
    }


def answer_words() -> dict[str, str]:
    """Return what the answers to presses are called, in the order in which the council looks for them."""
    return {
        "won": pgettext("answer to a press", "Got a ticket"),
        "waitlisted": pgettext("answer to a press", "Waiting list"),
        "sold_out": pgettext("answer to a press", "Sold out"),
        "already_won": pgettext("answer to a press", "Has the ticket already"),
        "not_open": pgettext("answer to a press", "Not open yet"),
        "paused": pgettext("answer to a press", "Paused"),
        "closed": pgettext("answer to a press", "Closed"),
        "not_eligible": pgettext("answer to a press", "Not for this student"),
        "limit_reached": pgettext("answer to a press", "Has a ticket that counts too"),
        "barred": pgettext("answer to a press", "Shut out by the council"),
        "too_many_requests": pgettext("answer to a press", "Pressed too often"),
        "session_ended": pgettext("answer to a press", "Login has ended"),
        "unknown_zone": pgettext("answer to a press", "No such zone"),
        "unavailable": pgettext("answer to a press", "Busy, asked to try again"),
        "recovering": pgettext("answer to a press", "Sale being restored"),
        "error": pgettext("answer to a press", "Fault on our side"),
    }


def board_of(figures: dict[str, Any]) -> tuple[Board, list[dict[str, Any]]]:
    """Return the board of all events, and the events as the page of all shows them."""
    board = Board()
    return board, [shown_event(board, event) for event in figures["events"]]


def board_of_one(event: dict[str, Any]) -> tuple[Board, dict[str, Any]]:
    """Return the board of one event, and the event as its own page shows it: with gates, and answers by code."""
    board = Board()
    shown = shown_event(board, event)
    gates = [shown_gate(board, f"gate{place}", gate) for place, gate in enumerate(event["gates"])]
    return board, shown | {"gates": gates, "codes": codes(board, event)}


def shown_event(board: Board, event: dict[str, Any]) -> dict[str, Any]:
    """Return an event with its zones, its figures put on the board."""
    key = event["id"][:8]
    numbers = ("given", "left", "waiting", "offered", "entered", "no_shows", "by_hand")
    return {
        "id": event["id"],
        "name": named(event),
        "rehearsal": event["rehearsal"],
        "opens_at": event["opens_at"],
        "closes_at": event["closes_at"],
        "rush": event["rush"],
        "state": board.state(f"{key}.state", event["state"]),
        **{name: board.number(f"{key}.{name}", event[name]) for name in numbers},
        "places": board.text(f"{key}.places", places_of(event["places"], event["capacity"])),
        "parts": bars(board, key, event),
        "share": board.text(f"{key}.share", percent(event["given"], event["places"])),
        "lag": lag(board, key, event),
        "presses": presses(board, key, event),
        "zones": [shown_zone(board, f"{key}.{zone['id'][:8]}", zone) for zone in event["zones"]],
    }


def percent(part: int, whole: int) -> str:
    share = number_format(100 * part / whole, decimal_pos=1, use_l10n=True) if whole else NOTHING
    return _("%(share)s %%") % {"share": share} if whole else NOTHING


def bars(board: Board, key: str, counted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the parts of a bar of all places: given, then held back."""
    whole = counted["places"] or 1
    given, offered = (min(100.0, 100 * counted[name] / whole) for name in ("given", "offered"))
    return [
        board.bar(f"{key}.bar.given", 0, given) | {"kind": "given"},
        board.bar(f"{key}.bar.offered", given, min(offered, 100 - given)) | {"kind": "offered"},
    ]


def shown_zone(board: Board, key: str, zone: dict[str, Any]) -> dict[str, Any]:
    numbers = ("given", "left", "offered", "entered")
    return {
        "name": named(zone),
        **{name: board.number(f"{key}.{name}", zone[name]) for name in numbers},
        "places": board.text(f"{key}.places", places_of(zone["places"], zone["capacity"])),
        "parts": bars(board, key, zone),
    }


def shown_gate(board: Board, key: str, gate: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": gate["name"],
        "entered": board.number(f"{key}.entered", gate.get("admit", 0)),
        "refused": board.number(f"{key}.refused", gate.get("refuse", 0)),
    }


def lag(board: Board, key: str, event: dict[str, Any]) -> dict[str, Any]:
    """Return what is to be said about how far the lists are behind the sale."""
    behind = event["lag"] or {"entries": 0, "seconds": 0, "stopped": False}
    entries = behind["entries"]
    words = _("Every decision is in the lists.")
    if entries:
        words = ngettext(
            "The lists are %(count)s decision behind, about %(seconds)s s.",
            "The lists are %(count)s decisions behind, about %(seconds)s s.",
            entries,
        ) % {"count": grouped(entries), "seconds": round(behind["seconds"])}
    return {
        "words": board.text(f"{key}.lag", words),
        "here": board.when(f"{key}.lag.here", event["rush"] and event["asked"] and not behind["stopped"]),
        "stopped": board.when(f"{key}.lag.stopped", behind["stopped"]),
        "away": board.when(f"{key}.lag.away", not event["asked"]),
        "preparing": board.when(f"{key}.preparing", not event["prepared"]),
    }


def presses(board: Board, key: str, event: dict[str, Any]) -> dict[str, Any]:
    """Return how often is pressed, and was at most."""
    told = event["answers"] or {"a_second": 0.0, "peak": None, "peak_at": None}
    peak_at = second(told["peak_at"]) if told["peak_at"] else ""
    return {
        "a_second": board.text(f"{key}.rate", number_format(told["a_second"], decimal_pos=1, use_l10n=True)),
        "peak": board.number(f"{key}.peak", told["peak"]),
        "peak_at": board.text(f"{key}.peak_at", peak_at),
    }


def codes(board: Board, event: dict[str, Any]) -> dict[str, Any]:
    """Return what all presses for an event were answered, by code, and since when they are counted."""
    told = event["answers"]
    by_code: Mapping[str, int] = told["by_code"] if told else {}
    return {
        "since": board.text("since", day_and_second(told["since"]) if told else NOTHING),
        "away": board.when("codes.away", not event["answers_asked"]),
        "none": board.when("codes.none", event["answers_asked"] and not by_code),
        "some": board.when("codes.some", bool(by_code)),
        "each": [
            {
                "code": code,
                "words": words,
                "number": board.number(f"code.{code}", by_code.get(code, 0)),
                "seen": board.when(f"code.{code}.seen", bool(by_code.get(code))),
            }
            for code, words in answer_words().items()
        ],
    }
