"""Who may see a page: students by their session, staff by login, second factor and permission."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate
from urllib.parse import urlencode

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from accounts.models import Student, User
from accounts.sessions import current_student

type_of_view = Callable[..., HttpResponse]
_PASSED = "_second_factor"
DEMO_PROOF = "demo"


def redirect_to(name: str, request: HttpRequest) -> HttpResponseRedirect:
    """Lead to a named page that leads back here."""
    return HttpResponseRedirect(f"{reverse(name)}?{urlencode({'next': request.get_full_path()})}")


def student_required(
    view: Callable[Concatenate[HttpRequest, Student, ...], HttpResponse],
) -> Callable[Concatenate[HttpRequest, ...], HttpResponse]:
    """Hand the logged-in student to the view as its second argument; lead a stranger to verification."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        student = current_student(request)
        if student is None:
            return redirect_to("verify", request)
        response = view(request, student, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return guarded


def staff_required(permission: str) -> Callable[[type_of_view], type_of_view]:
    """Let staff with this permission in, after their second factor; lead others there, or refuse them."""

    def decorate(view: type_of_view) -> type_of_view:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if missing := missing_step(request):
                return missing
            if not request.user.has_perm(permission):
                raise PermissionDenied
            response = view(request, *args, **kwargs)
            response.headers.setdefault("Cache-Control", "private, no-store")
            return response

        return guarded

    return decorate


def missing_step(request: HttpRequest) -> HttpResponse | None:
    """Return where staff must go first: login, set-up of the second factor, its check; None when done."""
    user = request.user
    if not isinstance(user, User):
        return redirect_to("account_login", request)
    if not (user.is_staff and user.is_active):
        raise PermissionDenied
    if has_second_factor(request):
        return None
    enrolled = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()
    return redirect_to("mfa_reauthenticate" if enrolled else "mfa_activate_totp", request)


def has_second_factor(request: HttpRequest) -> bool:
    """Tell whether this session passed a second factor within 12 hours, by a device still set up."""
    request = getattr(request, "_request", request)  # the REST framework's has a user of its own
    if not hasattr(request, _PASSED):
        setattr(request, _PASSED, isinstance(request.user, User) and passed(request, request.user))
    return bool(getattr(request, _PASSED))


def passed(request: HttpRequest, user: User) -> bool:
    """Ask the session for its young proofs, and the database whether their device is still set up."""
    oldest = time.time() - settings.STAFF_SESSION_SECONDS
    proofs = [
        record
        for record in get_authentication_records(request, user)
        if record.get("method") == "mfa" and record.get("at", 0) > oldest
    ]
    if settings.DEMO and any(proof.get("type") == DEMO_PROOF for proof in proofs):
        return True
    devices = [proof["id"] for proof in proofs if "id" in proof]
    return bool(devices) and Authenticator.objects.filter(user=user, pk__in=devices).exists()


def count_as_proven(request: HttpRequest, user: User, **proof: Any) -> None:
    """Record in the session that its user has just passed a second factor.

    The demo's log-in-as says `type=DEMO_PROOF`, which counts in the demo only; a device says its `id`.
    """
    record_authentication(request, user, method="mfa", **proof)
    vars(request).pop(_PASSED, None)
