"""What the pages of all ways to verify share: where to go afterwards, how a refusal looks, and the way in."""

from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from accounts import cards, consent, sessions
from accounts.models import Student, VerificationAttempt, VerificationMethod
from accounts.roster_imports import newest_confirmed
from accounts.verification import chosen
from accounts.verification.validity import WAITING

CHALLENGE, AFTERWARDS = "challenge", "after_verification"
PROBLEM_STATUS, BUDGET_STATUS, CLOSED_STATUS = 422, 429, 403


def wanted_page(request: HttpRequest) -> str:
    """Return the page that was wanted before the login, if it is one of ours."""
    wanted = request.POST.get("next") or request.GET.get("next")
    hosts = {request.get_host()}
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=hosts, require_https=request.is_secure())
    return wanted if wanted and ours else "/"


def page(request: HttpRequest, name: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """Render one of our pages; the newest roster is asked for by those that show the notice."""
    facts = {
        "notice_version": consent.CURRENT,
        "newest_roster": newest_confirmed,
        "asked": partial(has_asked, request),
    }
    return render(request, f"accounts/{name}.html", {**context, **facts}, status=status)


def over(request: HttpRequest) -> HttpResponse | None:
    """Say that verification is closed, once it is; None before."""
    end = chosen.closed()
    return page(request, "verify_closed", closed_at=end, status=CLOSED_STATUS) if end else None


def bind(request: HttpRequest, challenge: UUID, wanted: str) -> None:
    """Bind a challenge to this browser for as long as it may wait: no other can finish it."""
    if not request.user.is_authenticated:  # a login of staff in this browser keeps its own end
        request.session.set_expiry(WAITING)
    request.session[CHALLENGE], request.session[AFTERWARDS] = str(challenge), wanted


def challenge_of(request: HttpRequest) -> UUID | None:
    """Return the challenge that this browser has to finish."""
    bound = request.session.get(CHALLENGE)
    return UUID(bound) if bound else None


def has_asked(request: HttpRequest) -> bool:
    """Tell whether this browser waits for the mail of a code, or may still type it."""
    challenge = challenge_of(request)
    asked = VerificationAttempt.objects.filter(method=VerificationMethod.MAIL, succeeded_at=None)
    return challenge is not None and asked.filter(pk=challenge, expires_at__gt=timezone.now()).exists()


def unbind(request: HttpRequest) -> str:
    """Forget the challenge; return the page that was wanted before it."""
    request.session.pop(CHALLENGE, None)
    wanted: str = request.session.pop(AFTERWARDS, "/")
    request.session.set_expiry(None)
    return wanted


def let_in(request: HttpRequest, student: Student, *, shared: bool) -> HttpResponse:
    """Log a verified student in and go to the page that was wanted; no picture of theirs is needed any more."""
    response = HttpResponseRedirect(unbind(request))
    cards.end_of([student.pk])
    sessions.log_in(request, response, student, shared=shared)
    return response


def ended(request: HttpRequest) -> HttpResponse:
    """Say that a challenge is over and a new one is needed."""
    return page(request, "verify_over", next=unbind(request), status=PROBLEM_STATUS)
