"""An event as one student sees it: the zones that are for them, and when these open."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.models import Student
from ticketing import eligibility
from ticketing.api.answers import why_not
from ticketing.eligibility import Standing
from ticketing.events import state_for


def for_student(shown: dict[str, Any], student: Student, event_id: UUID) -> dict[str, Any]:
    """Return an event's page document for a student, with `offered`, the zones that are for them.

    Where none is, `not_for_me` says why. `opens_at` and `state` are the student's own; `opens_for_all_at` is there
    when the sale opens for others at another time.
    """
    standing = eligibility.standing_of(student_id=student.pk, event_id=event_id)
    if standing is None:
        return shown | {"offered": shown["zones"]}
    zones = [zone | own_opening(standing.openings.get(zone["name"])) for zone in shown["zones"]]
    offered = [zone for zone in zones if zone["opens_at"] is not None]
    marked = shown | {"zones": zones, "offered": offered, "marked": True}
    if standing.opening is None:
        cause = eligibility.why_not(standing, event_id=event_id, status=student.status)
        words = why_not(cause, status=student.status, exclusion=standing.exclusion or "")
        return marked | {"not_for_me": words}
    return marked | own_times(shown, standing, offered)


def own_times(shown: dict[str, Any], standing: Standing, offered: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what differs for a student: the latched opening of the event counts where it is theirs too."""
    opening, common = standing.opening or shown["opens_at"], shown["opens_at"]
    if opening == common and shown["state"] not in ("open", "sold_out"):
        return {}
    began = opening if opening != common else standing.now
    state = state_for(shown, offered, opening=began, now=standing.now, paused=standing.paused)
    times = {"opens_at": opening, "opens_at_ms": in_ms(opening), "opens_for_all_at": common}
    return {"state": state} | (times if opening != common else {})


def own_opening(opening: datetime | None) -> dict[str, Any]:
    return {"opens_at": opening, "opens_at_ms": in_ms(opening) if opening else None}


def in_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
