"""Pages of students' logins: who are you, the code, and out again."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import consent, devices, sessions
from accounts.budgets import TooManyTries
from accounts.forms import CodeForm, VerifyForm
from accounts.models import Student
from accounts.networks import network_of
from accounts.permissions import student_required
from accounts.roster_imports import newest_confirmed
from accounts.verification import METHODS, Result, Verdict

CHALLENGE, AFTERWARDS = "challenge", "after_verification"
PROBLEM_STATUS, BUDGET_STATUS = 422, 429


def after(request: HttpRequest, wanted: str | None) -> str:
    """Return the page that was wanted before the login, if it is one of ours."""
    hosts = {request.get_host()}
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=hosts, require_https=request.is_secure())
    return wanted if wanted and ours else "/"


def page(request: HttpRequest, name: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """Render one of our pages; the newest roster is asked for by those that show the notice."""
    facts = {"notice_version": consent.CURRENT, "newest_roster": newest_confirmed}
    return render(request, f"accounts/{name}.html", {**context, **facts}, status=status)


def budget_spent(request: HttpRequest, name: str, error: TooManyTries, **context: Any) -> HttpResponse:
    """Say on the page that it was too much, and when to come again."""
    context["form"].add_error(None, str(error.detail))
    response = page(request, name, status=BUDGET_STATUS, **context)
    response["Retry-After"] = str(error.retry_after)
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("number", "name")
def verify(request: HttpRequest) -> HttpResponse:
    """Ask who somebody is, after the notice; then a code goes to the mail address that the roster has."""
    wanted = after(request, request.POST.get("next") or request.GET.get("next"))
    if sessions.current_student(request):
        return redirect(wanted)
    form = VerifyForm(request.POST or None)
    if not form.is_valid():
        status = PROBLEM_STATUS if form.is_bound else 200
        return page(request, "verify", form=form, next=wanted, status=status)
    typed = {key: form.cleaned_data[key] for key in ("number", "name")}
    try:
        challenge = METHODS["mail"].begin(**typed, network=network_of(request))
    except TooManyTries as error:
        return budget_spent(request, "verify", error, form=form, next=wanted)
    request.session[CHALLENGE], request.session[AFTERWARDS] = str(challenge), wanted
    return redirect("verify_code")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code")
def code(request: HttpRequest) -> HttpResponse:
    """Take the code from the mail; the right one logs this browser in."""
    challenge = request.session.get(CHALLENGE)
    if challenge is None:
        return redirect("verify")
    form = CodeForm(request.POST or None)
    if not form.is_valid():
        return page(request, "verify_code", form=form, status=PROBLEM_STATUS if form.is_bound else 200)
    try:
        verdict = METHODS["mail"].finish(
            challenge=UUID(challenge), proof=form.cleaned_data["code"], network=network_of(request)
        )
    except TooManyTries as error:
        return budget_spent(request, "verify_code", error, form=form)
    return answer(request, form, verdict)


def answer(request: HttpRequest, form: CodeForm, verdict: Verdict) -> HttpResponse:
    """Log in, or say what was wrong with the code."""
    if verdict.student is not None:
        response = HttpResponseRedirect(request.session.pop(AFTERWARDS, "/"))
        del request.session[CHALLENGE]
        sessions.log_in(request, response, verdict.student, shared=form.cleaned_data["shared"])
        return response
    if verdict.result is Result.OVER:
        del request.session[CHALLENGE]
        return page(request, "verify_over", next=request.session.pop(AFTERWARDS, "/"), status=PROBLEM_STATUS)
    left = verdict.tries_left
    wrong = _("This code is wrong.")
    tries = ngettext("You have %(left)d try left.", "You have %(left)d tries left.", left) % {"left": left}
    form.add_error("code", f"{wrong} {tries}")
    return page(request, "verify_code", form=form, status=PROBLEM_STATUS)


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """End the login of this device."""
    response = redirect("/")
    sessions.log_out(request, response)
    return response


@student_required
@require_http_methods(["GET", "HEAD", "POST"])
def my_devices(request: HttpRequest, student: Student) -> HttpResponse:
    """Show where the student is logged in; end one of these logins, all others, or all."""
    this = UUID(request.session[sessions.SESSION_KEY])
    if request.method != "POST":
        context = {"logins": devices.standing(student), "this": this}
        return render(request, "accounts/devices.html", context)
    wanted = request.POST.get("end", "")
    if wanted == "all":
        sessions.log_out_everywhere(student)
        messages.success(request, _("You are logged out on all devices."))
        return log_out(request)
    if wanted == "others":
        count = devices.end_others(student, keep=this)
        told = ngettext(
            "%(count)d other device is logged out.", "%(count)d other devices are logged out.", count
        )
        messages.success(request, told % {"count": count})
    else:
        end_named(request, student, wanted)
    return redirect("devices")


def end_named(request: HttpRequest, student: Student, name: str) -> None:
    """End the login of that id and say so; one that is over, or somebody else's, is told the same way."""
    try:
        key = UUID(name)
    except ValueError as error:
        raise BadRequest("no such login") from error
    if devices.end_one(student, key):
        messages.success(request, _("That device is logged out."))
    else:
        messages.info(request, _("That device was logged out already."))


@never_cache
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """Show the notice to everybody, and to a logged-in student what they have agreed to and when."""
    student = sessions.current_student(request)
    consents = student.consents.all() if student else []
    return page(request, "privacy", consents=consents)


@student_required
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, student: Student) -> HttpResponse:
    """Say what it means to take the consent back, then do it; all logins end with it, this one too."""
    if request.method != "POST":
        return page(request, "withdraw")
    consent.withdraw(student)
    messages.success(request, _("Your consent is withdrawn, and you are logged out on all devices."))
    response = redirect("privacy")
    sessions.log_out(request, response)
    return response
