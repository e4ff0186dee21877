"""The staff's page at the booth."""

from typing import Any, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.budgets import TooManyTries
from accounts.forms import BoothCodeForm, RefusalForm
from accounts.models import BoothCheck, BoothState, RefusalReason, User
from accounts.permissions import staff_required
from accounts.verification import booth_desk
from accounts.verification.pages import BUDGET_STATUS, PROBLEM_STATUS


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("code")
@staff_required("accounts.check_booth")
def desk(request: HttpRequest) -> HttpResponse:
    """Look a code up, or decide about the one that was looked up; a GET shows who waits for the second check."""
    staff = cast(User, request.user)
    if request.method != "POST":
        return desk_page(request, form=BoothCodeForm(initial={"code": request.GET.get("code", "")[:20]}))
    form = BoothCodeForm(request.POST)
    if not form.is_valid():
        return desk_page(request, form=form, status=PROBLEM_STATUS)
    if "decision" in request.POST:
        return decided(request, form, staff)
    try:
        check = booth_desk.look_up(form.cleaned_data["code"], by=staff)
    except TooManyTries as error:
        form.add_error(None, str(error.detail))
        return desk_page(request, form=form, status=BUDGET_STATUS)
    if check is None:
        form.add_error("code", _("There is no such code. Please compare it sign by sign."))
        return desk_page(request, form=form, status=PROBLEM_STATUS)
    return desk_page(request, form=BoothCodeForm(), **facts_of(check, staff))


def desk_page(request: HttpRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    """Render the page; `check` is there once a code has been looked up."""
    if "check" not in context:
        context["waiting"] = booth_desk.waiting_for_second()
    return render(request, "accounts/booth.html", context, status=status)


def facts_of(check: BoothCheck, staff: User) -> dict[str, Any]:
    """Return what the page says of a check; nothing of the person once it is over."""
    person = booth_desk.person_of(check) if booth_desk.may_decide(check) else None
    return {
        "check": check,
        "state": check.state,
        "open": booth_desk.may_decide(check),
        "person": person,
        "mine": check.first_by_id == staff.pk,
        "refusal": RefusalForm(
            initial={"reason": RefusalReason.NO_MATCH if person is None else ""}, auto_id="refusal_%s"
        ),
    }


def decided(request: HttpRequest, form: BoothCodeForm, staff: User) -> HttpResponse:
    """Write what was decided about a code that this person has looked up, and come back; or say why not."""
    looked_up = BoothCheck.objects.select_related("attempt").filter(looks__by=staff).distinct()
    check = looked_up.filter(code=form.cleaned_data["code"]).first()
    refusal = RefusalForm(request.POST)
    decision = request.POST["decision"]
    try:
        if check is None:
            raise booth_desk.MovedOn
        if decision == "refuse" and refusal.is_valid():
            booth_desk.refuse(check, by=staff, reason=refusal.cleaned_data["reason"])
            messages.success(request, _("Refused. The student's page says so."))
        elif decision == BoothState.FIRST:
            booth_desk.check_first(check, by=staff)
            messages.success(
                request, _("First check recorded. Now a colleague confirms it on another device.")
            )
        elif decision == BoothState.SECOND:
            booth_desk.check_second(check, by=staff)
            messages.success(request, _("Confirmed. The student can log in now, on the page with the code."))
        else:
            messages.error(request, _("Nothing is recorded. Please choose a reason for the refusal."))
    except booth_desk.SamePerson:
        messages.error(request, _("You have done the first check. The second needs somebody else."))
    except booth_desk.MovedOn:
        words = _("Nothing is recorded: a colleague was quicker, or this code is over. Look it up again.")
        messages.error(request, words)
    return redirect("booth")
