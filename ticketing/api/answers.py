"""Outcomes as documents: one table for the API, the pages and the reload."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import StudentStatus
from festival.errors import problem, problem_document
from ticketing import receipts
from ticketing.allocation import Decision, Ineligible, Outcome, Waits

STATUS: Mapping[Decision, int] = {Decision.WON: 201, Decision.ALREADY_WON: 200, Decision.WAITLISTED: 202}
CODES: Mapping[Decision, str] = {Decision.SESSION_ENDED: "login_required"}


def claim_answer(outcome: Outcome) -> HttpResponse:
    """Return the HTTP answer to a press."""
    if outcome.decision in STATUS:
        return JsonResponse(
            document(outcome), status=STATUS[outcome.decision], headers={"Cache-Control": "no-store"}
        )
    code, detail, extra = refusal(outcome)
    return problem(code, detail=detail, retry_after=outcome.retry_after, extra=extra)


def accept_answer(outcome: Outcome) -> HttpResponse:
    """Return the HTTP answer to an accepted offer: a win is nothing new, it was the student's already."""
    if outcome.ticket is None:
        return claim_answer(outcome)
    return JsonResponse(won(outcome), headers={"Cache-Control": "no-store"})


def document(outcome: Outcome) -> dict[str, Any]:
    """Return the document of an answer by itself, as a reload shows it."""
    if outcome.ticket is not None:
        return won(outcome)
    if outcome.waits is not None:
        return waitlisted(outcome, outcome.waits)
    code, detail, extra = refusal(outcome)
    return problem_document(code, detail=detail, extra=extra)


def won(outcome: Outcome) -> dict[str, Any]:
    held = outcome.ticket
    if held is None:
        raise ValueError("only a win names a ticket")
    return {
        "outcome": outcome.decision.value,
        "ticket": held.code,
        "zone": held.zone,
        "number": held.number,
        "arrival": outcome.arrival,
        "elapsed_ms": outcome.elapsed_ms,
        "receipt": receipts.sign(outcome),
    }


def waitlisted(outcome: Outcome, waits: Waits) -> dict[str, Any]:
    """Return an entry of the waiting list; with an offer, which place is held back until when."""
    offer = waits.offer
    told = {
        "outcome": outcome.decision.value,
        "position": waits.position,
        "arrival": outcome.arrival,
        "elapsed_ms": outcome.elapsed_ms,
        "receipt": receipts.sign(outcome),
    }
    if offer is None:
        return told
    until = timezone.localtime(offer.until).isoformat()
    return told | {"offer": {"zone": offer.zone, "number": offer.number, "until": until}}


def refusal(outcome: Outcome) -> tuple[str, str, dict[str, Any]]:
    """Return the code of a refusal, a sentence about it, and its facts."""
    code = CODES.get(outcome.decision, outcome.decision.value)
    match outcome.decision:
        case Decision.SOLD_OUT:
            return code, "", {"arrival": outcome.arrival, "elapsed_ms": outcome.elapsed_ms}
        case Decision.NOT_ELIGIBLE:
            return (
                code,
                why_not(
                    outcome.ineligible, status=outcome.student_status, exclusion=outcome.exclusion_reason
                ),
                {},
            )
        case Decision.NOT_OPEN:
            return code, "", not_open(outcome)
        case Decision.PAUSED:
            resumes_at = timezone.localtime(outcome.resumes_at).isoformat() if outcome.resumes_at else None
            return code, outcome.pause_reason, {"reason": outcome.pause_reason, "resumes_at": resumes_at}
        case Decision.LIMIT_REACHED:
            event = {"id": str(outcome.other_event_id), "name": outcome.other_event_name}
            return (
                code,
                _("Your ticket for %(event)s counts for this one too.") % {"event": event["name"]},
                {"event": event},
            )
        case Decision.SESSION_ENDED:
            return code, _("Your login has ended. Please log in again."), {}
    return code, "", {}


def not_open(outcome: Outcome) -> dict[str, Any]:
    """Return when the sale opens for this student, and by how many milliseconds the press was too early."""
    if outcome.opens_at is None:
        raise ValueError("only a sale that is yet to open refuses for it")
    early = outcome.opens_at - outcome.at
    opens_at = timezone.localtime(outcome.opens_at).isoformat()
    return {"opens_at": opens_at, "early_ms": max(1, round(early.total_seconds() * 1000))}


def why_not(ineligible: Ineligible | None, *, status: str, exclusion: str) -> str:
    """Return why a student is not eligible, in a sentence to the student."""
    match ineligible:
        case Ineligible.EXCLUDED:
            return _("You are on a list of students who cannot take part: %(reason)s") % {"reason": exclusion}
        case Ineligible.STATUS:
            return _("These zones are not for your academic status on the roster: %(status)s.") % {
                "status": StudentStatus(status).label
            }
    return _("These zones are for other students, by level, year, department, campus or a list.")
