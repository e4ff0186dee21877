"""Pages of a logged-in student: out again, devices, the notice and the consent."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import consent, devices, sessions
from accounts.models import Student
from accounts.permissions import student_required
from accounts.verification.pages import page


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
