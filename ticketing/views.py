"""The pages of students: they go through the same steps as the API."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Student
from accounts.passes import read_pass
from accounts.permissions import redirect_to, student_required
from accounts.sessions import current_student
from festival.errors import KINDS, FestivalError, Unavailable, page_of, problem_document, seconds_to_wait
from ticketing import claims, events, keeping, tickets, waiting
from ticketing.allocation import recoveries
from ticketing.api import answers
from ticketing.api.bodies import MOST_ZONES
from ticketing.api.pagination import asked, listing, page
from ticketing.errors import UnknownEvent, UnknownTicket
from ticketing.last_tickets import compared
from ticketing.models import Ticket, TicketStatus
from ticketing.personal import for_student
from ticketing.qr import code_text, svg
from ticketing.signing import TicketCode, parse_ticket_code

SHOWN_AFTER_CLOSING = timedelta(days=1)
RESTORED = _("It was lost, and is restored: this device had kept your receipt.")
FOR_GOOD = ("barred", "limit_reached")  # pressing again cannot help: the page offers no button


def for_page(document: dict[str, Any]) -> dict[str, Any]:
    """Return a public event document as the templates read it: times as datetimes, names in the reader's language."""
    english = get_language() == "en"

    def named(thing: dict[str, Any], key: str = "name") -> str:
        return str((english and thing[f"{key}_en"]) or thing[key])

    times = {key: datetime.fromisoformat(document[key]) for key in ("opens_at", "closes_at")}
    resumes_at = document["resumes_at"]
    return document | {
        **times,
        **{f"{key}_ms": round(at.timestamp() * 1000) for key, at in times.items()},
        "resumes_at": datetime.fromisoformat(resumes_at) if resumes_at else None,
        "display_name": named(document),
        "not_for_me": "",
        "pause_reason": named(document, "pause_reason"),
        "zones": [zone | {"display_name": named(zone)} for zone in document["zones"]],
    }


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Show the events whose sale is coming, open, or closed since yesterday."""
    found = [for_page(document) for document in events.current_events(SHOWN_AFTER_CLOSING)]
    coming = (event for event in found if event["state"] in ("open", "scheduled"))
    return render(request, "ticketing/index.html", {"events": found, "next": next(coming, None)})


@require_http_methods(["GET", "HEAD", "POST"])
def event(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Show an event, and take a press from a browser without JavaScript."""
    try:
        document = events.public_event(event_id)
        if request.method == "POST":
            return press(request, event_id, document)
        student = current_student(request)
        found = what_is_there(request, student, event_id) if student else None
    except UnknownEvent as error:
        return page_of(request, error)
    if found is None:
        return event_page(request, document, not_known(request, student, document))
    tell_of_receipt(request, found)
    response = event_page(request, document, answers.document(found.outcome) if found.outcome else None)
    if found.over:
        keeping.drop(request, response, event_id)
    keeping.keep(request, response, found.outcome)
    return response


def what_is_there(request: HttpRequest, student: Student, event_id: UUID) -> keeping.Found | None:
    """Return what the student has for an event, None while no authority can be asked for it.

    That is so in the moments of a handover, while Redis is away and while a sale is being restored: the page with its
    button is there all the same, and asks again.
    """
    try:
        return keeping.find(request.COOKIES, student, event_id)
    except Unavailable:
        return None


def not_known(
    request: HttpRequest, student: Student | None, document: dict[str, Any]
) -> dict[str, Any] | None:
    """Return what stands in the place of an answer that cannot be looked up.

    Whose browser keeps a receipt asks again, because it will be taken; others learn that the sale is being restored.
    """
    if student is None:
        return None
    keeps = keeping.kept(request.COOKIES, student, UUID(document["id"])) is not None
    return {"code": "recovering" if document["state"] == "recovering" and not keeps else "not_known"}


def tell_of_receipt(request: HttpRequest, found: keeping.Found) -> None:
    """Say what the receipt that the browser kept has brought about."""
    if found.restored:
        messages.success(request, RESTORED)
    elif found.over and found.outcome is None:
        messages.warning(
            request,
            _("The receipt on this device does not count any more. What you have is what is shown here."),
        )


def event_page(
    request: HttpRequest, document: dict[str, Any], answer: dict[str, Any] | None, status: int = 200
) -> HttpResponse:
    """Show an event with the student's answer: to a student who may still press, as it is for them."""
    shown, student = for_page(document), current_student(request)
    if student and not (answer and "outcome" in answer):
        shown = for_student(shown, student, UUID(document["id"]))
    if answer and "opens_at" in answer:
        answer = answer | {"opens_at": datetime.fromisoformat(answer["opens_at"])}
    if answer and "offer" in answer:
        until = datetime.fromisoformat(answer["offer"]["until"])
        left_ms = max(round((until - timezone.now()).total_seconds() * 1000), 0)
        answer = answer | {"offer": answer["offer"] | {"until": until, "left_ms": left_ms}}
    context = {
        "event": shown,
        "answer": answer,
        "last_tickets": compared(shown["zones"], answer)
        if answer and answer.get("code") == "sold_out"
        else [],
        "refused_for_good": bool(answer and answer.get("code") in FOR_GOOD),
        "zones_form": shown.get("offered", shown["zones"]),
        "restoring_until": recoveries.until(UUID(document["id"])) if shown["state"] == "recovering" else None,
        "waiting_list": waiting.terms_of(UUID(document["id"])) if student else None,
    }
    response = render(request, "ticketing/event.html", context, status=status)
    response.headers.setdefault("Cache-Control", "private, no-cache")
    return response


def press(request: HttpRequest, event_id: UUID, document: dict[str, Any]) -> HttpResponse:
    """Put a form's press before the authority: a counted answer is shown by the page itself, a refusal at once."""
    claimant = read_pass(request)
    if claimant is None:
        return redirect_to("verify", request)
    wanted = list(dict.fromkeys(filter(None, request.POST.getlist("zones"))))[:MOST_ZONES]
    try:
        outcome = claims.claim(event_id=event_id, zones=wanted, claimant=claimant) if wanted else None
    except UnknownEvent:
        raise
    except FestivalError as error:
        answer = problem_document(error.code, detail=error.detail)
        refused = event_page(request, document, answer, KINDS[error.code].status)
        return to_wait(refused, seconds_to_wait(error))
    if outcome is None:
        return event_page(request, document, problem_document("malformed"), KINDS["malformed"].status)
    if outcome.arrival is not None or outcome.ticket is not None:
        counted = HttpResponseRedirect(f"{reverse('event', args=[event_id])}#result", status=303)
        keeping.keep(request, counted, outcome)
        return counted
    answer = answers.document(outcome)
    return to_wait(event_page(request, document, answer, answer["status"]), outcome.retry_after)


def to_wait(response: HttpResponse, seconds: int | None) -> HttpResponse:
    """Say in the answer when pressing again may help."""
    if seconds is not None:
        response["Retry-After"] = str(seconds)
    return response


@student_required
@require_safe
def my_tickets(request: HttpRequest, student: Student) -> HttpResponse:
    """Show the student's live tickets, then what they wait for, then what has ended, newest first."""
    try:
        cursor, size = asked(request)
        found = page(tickets.ended_tickets(student), order=("-issued_at", "-id"), cursor=cursor, size=size)
    except FestivalError as error:
        return page_of(request, error)
    if keeping.restore_missing(request.COOKIES, student):
        messages.success(request, RESTORED)
    around = listing(request, [], found.next, found.previous)
    live, complete = ([], True) if cursor else tickets.live_tickets(student)
    context = {
        "live": live,
        "complete": complete,
        "ended": found.rows,
        "next": around["next"],
        "waits": [] if cursor else waiting.waited_for(student),
    }
    return render(request, "ticketing/tickets.html", context)


def own(request: HttpRequest, student: Student, code: str) -> Ticket:
    """Return the student's ticket of that address; one that is not found may be restored by the browser's receipt.

    Raises UnknownTicket.
    """
    parsed = parse_ticket_code(code)
    if parsed is None:
        raise UnknownTicket
    try:
        return tickets.own_ticket(student, parsed)
    except (UnknownTicket, Unavailable):
        if not keeping.restore_ticket(request.COOKIES, student, parsed):
            raise
    messages.success(request, RESTORED)
    return tickets.own_ticket(student, parsed)


@student_required
@require_safe
def ticket(request: HttpRequest, student: Student, code: str) -> HttpResponse:
    """Show a ticket with its QR."""
    try:
        found = tickets.present(own(request, student, code))
    except UnknownTicket as error:
        return page_of(request, error)
    qr = code_text(TicketCode(found.code), generation=found.generation, now_ms=now_ms())
    context = {
        "ticket": found,
        "holder": {
            "name": student.name,
            "department": student.department,
            "student_number_end": student.number_end,
        },
        "qr_svg": svg(qr.text) if found.status == TicketStatus.HELD else "",
        "valid_until_ms": qr.valid_until_ms,
        "cancellable": tickets.may_cancel(found),
    }
    return render(request, "ticketing/ticket.html", context)


@student_required
@require_safe
def ticket_qr(request: HttpRequest, student: Student, code: str) -> HttpResponse:
    """Return the picture of the present step; its page asks for the next one before the step ends."""
    try:
        found = own(request, student, code)
        if found.status != TicketStatus.HELD:
            raise UnknownTicket
    except UnknownTicket as error:
        return page_of(request, error)
    qr = code_text(TicketCode(found.code), generation=found.generation, now_ms=now_ms())
    headers = {"X-Valid-Until-Ms": str(qr.valid_until_ms)}
    return HttpResponse(svg(qr.text), content_type="image/svg+xml", headers=headers)


@student_required
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, student: Student, code: str) -> HttpResponse:
    """Ask before a ticket is given back, then give it back."""
    try:
        found = own(request, student, code)
        if request.method == "POST":
            tickets.cancel(student, TicketCode(found.code))
            given_back = HttpResponseRedirect(reverse("ticket", args=[code]), status=303)
            keeping.drop(request, given_back, found.event_id)
            return given_back
    except UnknownTicket as error:
        return page_of(request, error)
    except FestivalError:
        return HttpResponseRedirect(reverse("ticket", args=[code]), status=303)
    if not tickets.may_cancel(found):
        return HttpResponseRedirect(reverse("ticket", args=[code]), status=303)
    terms = waiting.terms_of(found.event_id)
    waited_for = terms is not None and terms.moves_up(timezone.now())
    context = {"ticket": found, "until": found.event.doors_open_at, "waited_for": waited_for}
    return render(request, "ticketing/cancel.html", context)


def now_ms() -> int:
    return round(timezone.now().timestamp() * 1000)
