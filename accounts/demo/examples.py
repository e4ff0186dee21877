"""What the components on the page of the look are filled with: an invented sale, its answers and its tickets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import get_language, gettext_lazy, pgettext
from django.utils.translation import gettext as _

from accounts.demo import roster, sales
from festival.errors import problem_document
from ticketing.qr import svg

NO_EVENT = UUID(int=0)
NO_TICKET = "EXAMPLE"
LEFT = (210, 807, 0)
STATES = ("scheduled", "open", "paused", "sold_out", "closed", "recovering")
STATUSES = ("held", "used", "cancelled", "void")
# Codes that a press may be answered with; those in one line look alike.
ANSWERS = (
    "won",
    "already_won",
    "waitlisted",
    "waitlisted offer",
    "sold_out",
    "not_open",
    "paused",
    "closed",
    "offer_expired",
    "no_offer",
    "limit_reached",
    "not_eligible",
    "barred",
    "too_many_requests",
    "login_required",
    "csrf_failed unknown_zone malformed unknown_event",
    "recovering",
    "unavailable",
    "not_known",
    "network",
    "other",
)


@dataclass(frozen=True, slots=True)
class Result:
    """An answer to a press: the codes that it stands for, and its document."""

    codes: list[str]
    answer: Mapping[str, Any]
    last_tickets: list[dict[str, Any]] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """The first of its codes, by which the template chooses."""
        return self.codes[0]


class NumberForm(forms.Form):
    """A field as students meet it; whatever is typed is wrong."""

    number = forms.CharField(label=gettext_lazy("Student number"))

    def clean_number(self) -> str:
        """Refuse."""
        raise forms.ValidationError(_("You are not in the roster."))


def named(thing: sales.Part) -> str:
    return thing.name_en if get_language() == "en" else thing.name


def event_name() -> str:
    return sales.FIRST_NIGHT_EN if get_language() == "en" else sales.FIRST_NIGHT


def event(now: datetime) -> dict[str, Any]:
    """Return a sale as the templates of students read it."""
    zones = [
        {"name": part.name, "display_name": named(part), "capacity": part.fifths * 1000, "left": left}
        for part, left in zip(sales.PARTS, LEFT, strict=True)
    ]
    return {
        "id": NO_EVENT,
        "display_name": event_name(),
        "state": "open",
        "opens_at": now + timedelta(days=2),
        "closes_at": now - timedelta(minutes=5),
        "resumes_at": now + timedelta(minutes=9),
        "pause_reason": _("The stage is being repaired."),
        "not_for_me": "",
        "zones": zones,
    }


def results(now: datetime) -> list[Result]:
    """Return every answer that a press may get."""
    return [result(words, now) for words in ANSWERS]


def result(words: str, now: datetime) -> Result:
    codes = words.split()
    behind = {"arrival": 2000, "seconds": "3.871", "presses": 341, "later": "0.624"}
    lost = [{"zone": named(sales.PARTS[0]), "last": behind}] if codes == ["sold_out"] else []
    return Result(codes, answer(codes, now), lost)


def answer(codes: list[str], now: datetime) -> dict[str, Any]:
    """Return a document that fits every code; what only one of them has is added to it."""
    arrived = {"zone": sales.PARTS[0].name, "number": 17, "arrival": 2341, "elapsed_ms": 4495, "position": 12}
    opens = {"early_ms": 2750, "opens_at": now + timedelta(days=2)}
    document = arrived | opens | {"ticket": NO_TICKET, "detail": ""}
    if codes[-1] == "offer":
        until = now + timedelta(minutes=28)
        document["offer"] = {
            "zone": sales.PARTS[0].name,
            "number": 17,
            "until": until,
            "left_ms": 28 * 60_000,
        }
    if codes[0] in ("limit_reached", "not_eligible", "barred"):
        document["detail"] = problem_document(codes[0])["title"]
    return document


def ticket(status: str, now: datetime) -> dict[str, Any]:
    """Return a ticket as its page and the list of tickets read it."""
    return {
        "code": NO_TICKET,
        "number": 17,
        "status": status,
        "issued_at": now,
        "used_at": now,
        "reason": "",
        "event": {"display_name": event_name()},
        "zone": {"display_name": named(sales.PARTS[0])},
    }


def fill(now: datetime) -> dict[str, Any]:
    """Return what the templates of students' pages are rendered with."""
    return {
        "event": event(now),
        "banner": {"banner": _("Rain: doors open 30 minutes later.")},
        "waiting_list": {"size": 100},
        "states": STATES,
        "results": results(now),
        "tickets": [ticket(status, now) for status in STATUSES],
        "holder": {
            "name": roster.WELL_KNOWN[0],
            "department": pgettext("department", "Computer Science"),
            "student_number_end": "0001",
        },
        "qr_svg": svg("THIS IS AN EXAMPLE. IT OPENS NO GATE AND BELONGS TO NOBODY."),
        "countdown": {"days": 2, "hours": "07", "minutes": "04", "seconds": "59"},
        "form": NumberForm(auto_id="plain-%s"),
        "wrong_form": NumberForm({"number": "2023"}, auto_id="wrong-%s"),
    }
