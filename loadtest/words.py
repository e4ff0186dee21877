"""What the report calls its figures, in a student's words."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ticketing.models import Mode

Words = Callable[[], str]

KINDS: Mapping[str, Words] = {
    "won": lambda: pgettext("report", "won"),
    "waitlisted": lambda: pgettext("report", "on the waiting list"),
    "sold_out": lambda: pgettext("report", "sold out"),
    "refused": lambda: pgettext("report", "refused by rule"),
    "busy": lambda: pgettext("report", "asked to come again (503)"),
    "error": lambda: pgettext("report", "errors"),
}
FIGURES: Mapping[str, Words] = {
    "won": lambda: _("have a ticket with a place of their own."),
    "waitlisted": lambda: _("wait in the order in which they came."),
    "sold_out": lambda: _("came when every place they wanted was gone, and were told so at once."),
    "refused": lambda: _("were refused with a reason: too early, paused, too many tries."),
    "busy": lambda: _("could not be served in that moment, and were told when to come again."),
    "error": lambda: _("got no answer that makes sense. This should be 0."),
    "throughput": lambda: _("final answers: nobody had to ask twice to learn the result."),
    "p50": lambda: _("of pressing. Half of all students waited less."),
    "p99": lambda: _("of pressing. One in a hundred waited longer."),
    "sold_out_ms": lambda: _("the opening, by the clock that decides."),
    "left": lambda: _("are free to this day."),
    "last_row_ms": lambda: _("the opening, every ticket stood in the database."),
}
PROMISES: Mapping[str, tuple[Words, Words]] = {
    "oversold": (
        lambda: pgettext("promise", "sold too many"),
        lambda: _("Never more tickets than places, and no place twice."),
    ),
    "duplicates": (
        lambda: pgettext("promise", "got two"),
        lambda: _("One ticket for each student, one number for each arrival."),
    ),
    "lost": (
        lambda: pgettext("promise", "lost"),
        lambda: _("Whoever was told “won” has exactly that ticket."),
    ),
    "order_violations": (
        lambda: pgettext("promise", "overtaken"),
        lambda: _("Who came first was served first: all presses were replayed in their order."),
    ),
    "other_faults": (
        lambda: pgettext("promise", "other differences"),
        lambda: _("What students were told, the database and Redis say the same; every answer was clear."),
    ),
}
REASONS: Mapping[str, tuple[Words, Words]] = {
    "kept": (
        lambda: _("Every promise was kept."),
        lambda: _("Not judged by what the server says of itself: every answer was held against the tickets."),
    ),
    "broken": (
        lambda: _("A promise was broken."),
        lambda: _("Some answers and tickets do not fit together. The faults stand below."),
    ),
    "missing": (
        lambda: _("There is no verdict."),
        lambda: _("A figure is missing, and without it nothing is proved. Below stands which, and why."),
    ),
}


def act_sentence(act: Mapping[str, Any]) -> str:
    """Return what the council did, in a sentence."""
    facts = {"at": f"{act['at_s']:g}", "zone": act["zone"], "places": f"{act['places']:,}"}
    if act["kind"] == "switch":
        return _("%(at)s s: switched to the mode “%(mode)s”") % {**facts, "mode": mode_name(act["mode"])}
    if act["kind"] == "capacity":
        return _("%(at)s s: zone %(zone)s has %(places)s places from now on") % facts
    return (_("%(at)s s: paused") if act["kind"] == "pause" else _("%(at)s s: going on")) % facts


def mode_name(mode: str) -> str:
    """Return what the council calls a mode."""
    return str(Mode(mode).label)


def sentence(document: Mapping[str, Any]) -> str:
    """Return what was played, in a sentence."""
    facts = {
        "students": f"{document['played']['students']:,}",
        "places": f"{sum(document['event']['zones'].values()):,}",
        "seconds": f"{document['played']['within_s']:g}",
    }
    return _("%(students)s students pressed for %(places)s places within %(seconds)s seconds") % facts
