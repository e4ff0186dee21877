"""The root of our errors, the one table of their HTTP answers, and the answers: problem documents and pages."""

import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import redis
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions as drf
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

log = logging.getLogger(__name__)
Text = str | Promise
OUTAGE_SECONDS = 2


class FestivalError(Exception):
    """Something went wrong."""

    code = "error"

    def __init__(self, detail: Text = "", *, retry_after: int | None = None, **extra: Any) -> None:
        super().__init__(detail or self.__doc__)
        self.detail, self.retry_after, self.extra = detail, retry_after, extra


class Malformed(FestivalError):
    """The request is not of the form that this address takes."""

    code = "malformed"


class LoginRequired(FestivalError):
    """Nobody is logged in, or the login has ended."""

    code = "login_required"


class CsrfFailed(FestivalError):
    """The request did not come from one of our pages."""

    code = "csrf_failed"


class Unavailable(FestivalError):
    """The system cannot decide now."""

    code = "unavailable"


@dataclass(frozen=True, slots=True)
class Kind:
    """How a code is answered: HTTP status, title for people."""

    status: int
    title: Text


KINDS: Mapping[str, Kind] = {
    "malformed": Kind(400, _("This request cannot be read.")),
    "login_required": Kind(401, _("Please log in first.")),
    "csrf_failed": Kind(403, _("This request did not come from our page. Please reload and try again.")),
    "forbidden": Kind(403, _("You may not do this.")),
    "barred": Kind(403, _("You are shut out of this event.")),
    "not_eligible": Kind(403, _("This sale is not open to you.")),
    "verification_closed": Kind(403, _("The time to verify is over.")),
    "login_cancelled": Kind(403, _("You have not logged in at the university.")),
    "login_expired": Kind(403, _("This login is over.")),
    "not_on_roster": Kind(403, _("You are not in the roster.")),
    "foreign_receipt": Kind(403, _("This receipt is another student's.")),
    "not_found": Kind(404, _("There is nothing here.")),
    "unknown_event": Kind(404, _("There is no such event.")),
    "no_claim": Kind(404, _("You have no claim for this event.")),
    "unknown_ticket": Kind(404, _("There is no such ticket.")),
    "unknown_scan": Kind(404, _("There is no such scan.")),
    "unknown_look_up": Kind(404, _("This ticket was not looked up here in the last minutes.")),
    "method_not_allowed": Kind(405, _("This address does not take that method.")),
    "limit_reached": Kind(409, _("You already have a ticket that counts for this event.")),
    "not_open": Kind(409, _("The sale is not open yet.")),
    "paused": Kind(409, _("The sale is paused.")),
    "closed": Kind(409, _("The sale is closed.")),
    "sold_out": Kind(409, _("Sold out.")),
    "no_offer": Kind(409, _("There is no offer for you at present.")),
    "offer_expired": Kind(409, _("Your offer has lapsed.")),
    "not_waiting": Kind(409, _("You are not on the waiting list any more: you have a ticket.")),
    "not_cancellable": Kind(409, _("This ticket cannot be cancelled any more.")),
    "scan_id_reused": Kind(409, _("This scan id belongs to another code.")),
    "superseded": Kind(409, _("This receipt does not count any more.")),
    "not_undoable": Kind(409, _("This scan admitted nobody, so there is nothing to undo.")),
    "unknown_zone": Kind(422, _("There is no such zone.")),
    "forged_receipt": Kind(422, _("This is no receipt of ours.")),
    "too_many_requests": Kind(429, _("Too many tries. Please wait a moment.")),
    "error": Kind(500, _("Something went wrong on our side.")),
    "university_failed": Kind(502, _("The university's login does not work for us right now.")),
    "unavailable": Kind(503, _("Busy right now. Please try again in a moment.")),
    "university_unavailable": Kind(503, _("The university's login does not answer right now.")),
    "recovering": Kind(503, _("The sale is being restored. Please try again in a moment.")),
}


def problem_document(
    code: str, *, detail: Text = "", extra: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the problem document (RFC 9457) of a code as plain values."""
    kind = KINDS[code]
    document = {"type": "about:blank", "title": str(kind.title), "status": kind.status, "code": code}
    if detail:
        document["detail"] = str(detail)
    return document | dict(extra or {})


def problem(
    code: str, *, detail: Text = "", retry_after: int | None = None, extra: Mapping[str, Any] | None = None
) -> JsonResponse:
    """Answer a problem document, with Retry-After in seconds where waiting helps."""
    response = JsonResponse(
        problem_document(code, detail=detail, extra=extra),
        status=KINDS[code].status,
        content_type="application/problem+json",
    )
    response["Cache-Control"] = "no-store"
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def is_outage(error: BaseException | None) -> bool:
    """Tell whether an exception means that PostgreSQL or Redis could not serve, so that trying later helps."""
    if isinstance(error, redis.ConnectionError | redis.TimeoutError | OperationalError | InterfaceError):
        return True
    return isinstance(error, DatabaseError) and is_outage(error.__cause__)


def answer(error: FestivalError) -> JsonResponse:
    """Return the problem document of one of our errors."""
    return problem(error.code, detail=error.detail, retry_after=seconds_to_wait(error), extra=error.extra)


def seconds_to_wait(error: FestivalError) -> int | None:
    """Return when trying again may help; None where it does not help by itself."""
    return OUTAGE_SECONDS if error.code == "unavailable" and error.retry_after is None else error.retry_after


def code_of(error: Exception) -> str:
    """Return the stable code of a fault that Django or the REST framework raised."""
    table: Sequence[tuple[type[Exception] | tuple[type[Exception], ...], str]] = (
        ((drf.ParseError, drf.ValidationError, drf.UnsupportedMediaType), "malformed"),
        ((drf.NotAuthenticated, drf.AuthenticationFailed), "login_required"),
        ((drf.PermissionDenied, PermissionDenied), "forbidden"),
        ((drf.NotFound, Http404), "not_found"),
        (drf.MethodNotAllowed, "method_not_allowed"),
        (drf.Throttled, "too_many_requests"),
    )
    found = next((code for kinds, code in table if isinstance(error, kinds)), "error")
    return "unavailable" if found == "error" and is_outage(error) else found


def api_exception(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """Answer an exception of an API view; what is our fault goes on to Django, which logs it."""
    if isinstance(error, FestivalError) and error.code != "error":
        return answer(error)
    code = code_of(error)
    if code in ("error", "unavailable"):
        return None
    fields = {"errors": error.detail} if isinstance(error, drf.ValidationError) else None
    response = problem(code, extra=fields)
    if isinstance(error, drf.MethodNotAllowed):
        response["Allow"] = ", ".join(context["view"].allowed_methods)
    return response


class AlwaysJSON(BaseContentNegotiation):
    """Answers JSON whatever the client says it accepts."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        return next((parser for parser in parsers if "json" in (request.content_type or "")), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type or ""


# Django's own error views: a problem document under /api/, a page that needs no database elsewhere.


def respond(request: HttpRequest, code: str, template: str, retry_after: int | None = None) -> HttpResponse:
    """Answer a fault where it happened: document or page."""
    if request.path.startswith("/api/"):
        return problem(code, retry_after=retry_after)
    response = HttpResponse(loader.render_to_string(template), status=KINDS[code].status)
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return respond(request, "malformed", "400.html")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return respond(request, "forbidden", "403.html")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return respond(request, "not_found", "404.html")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return respond(request, "csrf_failed", "403_csrf.html")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 503 when PostgreSQL or Redis is away, 500 for a fault of ours; Django has logged the cause."""
    error = sys.exc_info()[1]
    if isinstance(error, FestivalError):
        return page_of(request, error)
    if is_outage(error):
        return respond(request, "unavailable", "503.html", OUTAGE_SECONDS)
    return respond(request, "error", "500.html")


def page_of(request: HttpRequest, error: FestivalError) -> HttpResponse:
    """Answer one of our errors outside the API by the page of its status."""
    status = KINDS[error.code].status
    pages = {400: "400.html", 403: "403.html", 404: "404.html", 429: "429.html", 503: "503.html"}
    return respond(request, error.code, pages.get(status, "500.html"), error.retry_after)
