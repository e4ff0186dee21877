"""The pages of the university's login: before leaving for it, and after coming back."""

from collections.abc import Mapping

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods

from accounts import sessions
from accounts.forms import UniversityForm
from accounts.verification import UNIVERSITY, offered
from accounts.verification.chosen import NotOffered, VerificationClosed
from accounts.verification.oidc import (
    LoginCancelled,
    LoginExpired,
    UniversityFailed,
    UniversityUnavailable,
)
from accounts.verification.pages import (
    AFTERWARDS,
    PROBLEM_STATUS,
    let_in,
    over,
    page,
    wanted_page,
)
from accounts.verification.university import NotOnRoster
from festival.errors import KINDS, FestivalError, Text

PROBLEMS = (LoginCancelled, LoginExpired, NotOnRoster, UniversityFailed, UniversityUnavailable)
ADVICE: Mapping[str, Text] = {
    "login_cancelled": _("You ended it there, or the university refused it. Nothing has been recorded."),
    "login_expired": _(
        "It has been used already, is older than ten minutes, or was begun in another browser. "
        "Please begin again."
    ),
    "not_on_roster": _(
        "The university knows you, but your student number is not in the roster that the council has. "
        "Please ask the student council."
    ),
    "university_failed": _(
        "Please try again in a moment. If it stays like this, tell the student council the code below."
    ),
    "university_unavailable": _("Please try again in a moment."),
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Ask for consent, then lead to the university's login."""
    if UNIVERSITY not in offered():
        raise Http404
    wanted = wanted_page(request)
    if sessions.current_student(request):
        return redirect(wanted)
    if closed := over(request):
        return closed
    form = UniversityForm(request.POST if request.method == "POST" else None)
    context = {"form": form, "next": wanted, "university": settings.OIDC_NAME}
    if not form.is_valid():
        status = PROBLEM_STATUS if form.is_bound else 200
        return page(request, "verify_university", status=status, **context)
    try:
        address = UNIVERSITY.leave(request, wanted=wanted, shared=form.cleaned_data["shared"])
    except PROBLEMS as error:
        return problem(request, error, wanted)
    request.session[AFTERWARDS] = wanted
    # A page instead of a redirect: a browser follows a form to our own origin only (CSP, form-action).
    return page(request, "verify_university_away", address=address, university=settings.OIDC_NAME)


@never_cache
@require_GET
@sensitive_variables()
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Take whoever comes back from the university's login; a student of the roster is logged in."""
    if not UNIVERSITY.configured():
        raise Http404
    try:
        student, aside = UNIVERSITY.come_back(request)
    except NotOffered as error:
        raise Http404 from error
    except VerificationClosed:
        return over(request) or redirect("verify")  # moved into the future in this very instant
    except PROBLEMS as error:
        return problem(request, error, request.session.get(AFTERWARDS, "/"))
    request.session[AFTERWARDS] = aside["wanted"]
    return let_in(request, student, shared=aside["shared"])


def problem(request: HttpRequest, error: FestivalError, wanted: str) -> HttpResponse:
    """Say why nobody is logged in, with the code that the council can look up."""
    kind = KINDS[error.code]
    told = {"title": kind.title, "advice": ADVICE[error.code], "code": error.code, "next": wanted}
    return page(request, "verify_university_problem", status=kind.status, **told)
