"""The first page of verification, and the pages of the mailed code."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import sessions
from accounts.forms import CodeForm, VerifyForm
from accounts.mail.waiting import wait_of
from accounts.networks import network_of
from accounts.verification import MAILED, offered
from accounts.verification.base import Method, Result, Verdict
from accounts.verification.mailed import digits_of
from accounts.verification.pages import (
    PROBLEM_STATUS,
    bind,
    challenge_of,
    ended,
    let_in,
    over,
    page,
    wanted_page,
)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("number", "name")
def verify(request: HttpRequest) -> HttpResponse:
    """Show the ways to verify; where mail is one, ask who somebody is, and a code goes to the roster's address."""
    wanted = wanted_page(request)
    if sessions.current_student(request):
        return redirect(wanted)
    if closed := over(request):
        return closed
    by_mail = MAILED in offered()
    context = {"next": wanted, "mailed": MAILED if by_mail else None, "others": other_ways()}
    form = VerifyForm(request.POST if by_mail and request.method == "POST" else None)
    if not form.is_valid():
        return page(request, "verify", form=form, status=PROBLEM_STATUS if form.is_bound else 200, **context)
    typed = {key: form.cleaned_data[key] for key in ("number", "name")}
    bind(request, MAILED.begin(**typed, network=network_of(request)), wanted)
    return redirect("verify_code")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code")
def code(request: HttpRequest) -> HttpResponse:
    """Take the code from the mail; the right one logs this browser in."""
    challenge = challenge_of(request)
    if challenge is None:
        return redirect("verify")
    form = CodeForm(request.POST or None)
    if not form.is_valid():
        return code_page(request, form, challenge, status=PROBLEM_STATUS if form.is_bound else 200)
    proof = form.cleaned_data["code"]
    verdict = MAILED.finish(challenge=challenge, proof=proof, network=network_of(request))
    return answer(request, form, challenge, verdict)


def code_page(request: HttpRequest, form: CodeForm, challenge: UUID, *, status: int) -> HttpResponse:
    """Ask for the code; say how long its mail still waits, or which code opens once the day's mails are spent."""
    context = {"digits": digits_of(challenge), "wait": wait_of(challenge), "others": other_ways()}
    return page(request, "verify_code", form=form, status=status, **context)


def other_ways() -> list[Method]:
    """Return what is offered beside the mailed code."""
    return [method for method in offered() if method is not MAILED]


def answer(request: HttpRequest, form: CodeForm, challenge: UUID, verdict: Verdict) -> HttpResponse:
    """Log in, or say what was wrong with the code."""
    if verdict.student is not None:
        return let_in(request, verdict.student, shared=form.cleaned_data["shared"])
    if verdict.result is Result.OVER:
        return ended(request)
    left = verdict.tries_left
    wrong = _("This code is wrong.")
    tries = ngettext("You have %(left)d try left.", "You have %(left)d tries left.", left) % {"left": left}
    form.add_error("code", f"{wrong} {tries}")
    return code_page(request, form, challenge, status=PROBLEM_STATUS)
