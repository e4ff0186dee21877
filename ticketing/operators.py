"""Who stands at the gate: staff by their session, or a device by its token or cookie; never both."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import User
from accounts.permissions import has_second_factor, staff_required
from festival.errors import LoginRequired
from ticketing.api.callers import require_csrf
from ticketing.devices import COOKIE, device_of, device_of_browser
from ticketing.models import GateDevice


@dataclass(frozen=True, slots=True)
class Operator:
    """Who stands at the gate: staff, or a device; never both."""

    user: User | None = None
    device: GateDevice | None = None

    def may(self, permission: str) -> bool:
        """Tell whether they may do this; a device may do what the gate is for."""
        return self.user is None or self.user.has_perm(permission)


def require_operator(request: HttpRequest, permission: str) -> Operator:
    """Return the device of the token or of the browser, else the staff of the session.

    A wrong token is refused even beside a good session: what a client shows is what it is judged by. A token is
    shown on purpose, so it needs no CSRF check; a cookie is sent by itself. A phone that was shut out is a stranger.
    """
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        device = device_of(token.strip())
        if device is None:
            raise LoginRequired
        return Operator(device=device)
    device = device_of_browser(request)
    if device is not None:
        require_csrf(request)
        return Operator(device=device)
    return Operator(user=require_staff(request, permission))


def require_staff(request: HttpRequest, permission: str) -> User:
    """Return the staff of the session, who has this permission and has passed the second factor."""
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        raise LoginRequired
    if not (user.is_staff and user.has_perm(permission) and has_second_factor(request)):
        raise PermissionDenied
    require_csrf(request)
    return user


def operator_required(view: Callable[[HttpRequest, Operator], HttpResponse]) -> Callable[..., HttpResponse]:
    """Hand whoever stands at the gate to the view; lead staff to their login, tell a phone that it is shut out."""

    @staff_required("ticketing.add_scan")
    def by_staff(request: HttpRequest) -> HttpResponse:
        if not isinstance(request.user, User):
            raise PermissionDenied
        return view(request, Operator(user=request.user))

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        device = device_of_browser(request)
        if device is not None:
            response = view(request, Operator(device=device))
        elif COOKIE in request.COOKIES and not request.user.is_authenticated:
            response = render(request, "ticketing/gate_shut_out.html", status=403)
        else:
            return by_staff(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return guarded
