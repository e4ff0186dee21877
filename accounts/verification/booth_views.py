"""The pages of a student who goes to the booth: who somebody is, then the code to show and what became of it."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import sessions
from accounts.forms import SharedForm, VerifyForm
from accounts.models import BoothCheck, BoothState
from accounts.networks import network_of
from accounts.verification import BOOTH, chosen
from accounts.verification.base import Result
from accounts.verification.booth import check_of
from accounts.verification.pages import (
    PROBLEM_STATUS,
    bind,
    challenge_of,
    let_in,
    over,
    page,
    wanted_page,
)
from ticketing import qr


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("number", "name")
def begin(request: HttpRequest) -> HttpResponse:
    """Ask who somebody is, and lead to the code for the booth: the same for hit and miss."""
    wanted = wanted_page(request)
    if sessions.current_student(request):
        return redirect(wanted)
    if BOOTH.way not in chosen.ways():
        raise Http404
    if closed := over(request):
        return closed
    form = VerifyForm(request.POST if request.method == "POST" else None)
    context = {"next": wanted, "method": BOOTH}
    if not form.is_valid():
        status = PROBLEM_STATUS if form.is_bound else 200
        return page(request, "verify_booth", form=form, status=status, **context)
    typed = {key: form.cleaned_data[key] for key in ("number", "name")}
    bind(request, BOOTH.begin(**typed, network=network_of(request)), wanted)
    return redirect("verify_booth_code")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Show the code and what the booth says; once two people have confirmed, a press logs this browser in."""
    if sessions.current_student(request):
        return redirect("/")
    challenge = challenge_of(request)
    check = check_of(challenge) if challenge else None
    if challenge is None or check is None:
        return redirect("verify_booth")
    if request.method != "POST":
        return shown(request, check, check.state)
    form = SharedForm(request.POST)
    verdict = BOOTH.finish(challenge=challenge, proof="", network=network_of(request))
    if verdict.student is not None:
        return let_in(request, verdict.student, shared=form.is_valid() and form.cleaned_data["shared"])
    if verdict.result is Result.WAITING:
        return redirect("verify_booth_code")
    return shown(request, check, check.state if check.state == BoothState.REFUSED else BoothState.OVER)


def shown(request: HttpRequest, check: BoothCheck, state: BoothState) -> HttpResponse:
    """Render the code, as signs and as a picture that leads the staff's phone to the booth's page, and the state."""
    address = f"{request.build_absolute_uri(reverse('booth'))}?code={check.code}"
    context: dict[str, Any] = {
        "state": state,
        "code": f"{check.code[:4]} {check.code[4:]}",
        "picture": qr.svg(address, label=_("Code for the booth")),
        "until": check.attempt.expires_at,
        "form": SharedForm(),
        "waiting": state in (BoothState.FIRST, BoothState.SECOND),
    }
    return page(request, "verify_booth_code", **context)
