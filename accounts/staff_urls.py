"""Addresses of staff logins: what django-allauth offers and staff need, and nothing else of it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as factors
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from accounts import staff

type_of_view = Callable[..., HttpResponse]


def for_staff(view: type_of_view) -> type_of_view:
    """Refuse students: allauth's pages ask for a login only, and students have one."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not isinstance(request.user, AnonymousUser) and not request.user.is_staff:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


def on_our_site(view: type_of_view) -> type_of_view:
    """Take allauth's `site` out of the page: it would hide ours, with the festival's name and banner."""

    @wraps(view)
    def cleared(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        if isinstance(response, TemplateResponse) and response.context_data:
            response.context_data.pop("site", None)
        return response

    return cleared


urlpatterns: list[URLPattern] = [
    path("", staff.home, name="staff_home"),
    path("login/", on_our_site(account.login), name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("reauthenticate/", for_staff(account.reauthenticate), name="account_reauthenticate"),
    path("second-factor/", for_staff(factors.index), name="mfa_index"),
    path("second-factor/check/", on_our_site(for_staff(factors.authenticate)), name="mfa_authenticate"),
    path("second-factor/again/", for_staff(factors.reauthenticate), name="mfa_reauthenticate"),
    path("second-factor/app/", for_staff(totp.activate_totp), name="mfa_activate_totp"),
    path("second-factor/app/remove/", for_staff(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("second-factor/codes/", for_staff(recovery.view_recovery_codes), name="mfa_view_recovery_codes"),
    path(
        "second-factor/codes/new/",
        for_staff(recovery.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "second-factor/codes/file/",
        for_staff(recovery.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
]
