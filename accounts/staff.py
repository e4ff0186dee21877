"""How staff log in: by django-allauth, with a password and a second factor, and no sign-up."""

import time
from io import BytesIO
from typing import Any

import qrcode
from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from django.contrib.auth import logout
from django.contrib.auth.base_user import AbstractBaseUser
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe
from qrcode.image.svg import SvgPathFillImage

from accounts.models import User
from accounts.networks import address_of
from accounts.permissions import count_as_proven, missing_step
from accounts.sessions import end_this
from festival.errors import respond

WAIT_SECONDS = 60


class StaffAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Logs in active staff only, and keeps the password check of a login good for what follows it at once."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Return the user whose password this is; a student or somebody shut out counts as a wrong password."""
        user = super().authenticate(request, **credentials)
        return user if isinstance(user, User) and user.is_staff and user.is_active else None

    def pre_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> HttpResponse | None:
        """End the login of a student in the same browser, once the password of staff is right."""
        if request.user.is_authenticated and not request.user.is_staff:
            end_this(request)
            logout(request)
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return reverse("staff_home")

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Ask for the password again only when the last proof in this session is older than five minutes."""
        records = get_authentication_records(self.request, self.request.user)
        if records and time.time() - records[-1]["at"] < app_settings.REAUTHENTICATION_TIMEOUT:
            return False
        return bool(super().is_reauthentication_required(app=app, **kwargs))


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """Shows the set-up code on white, so that a phone reads it in the dark scheme too."""

    def build_totp_svg(self, url: str) -> str:
        image = BytesIO()
        qrcode.make(url, image_factory=SvgPathFillImage).save(image)
        return image.getvalue().decode()


@receiver(authenticator_added, dispatch_uid="accounts.staff.enrolled")
def prove_by_enrolling(
    request: HttpRequest, user: User, authenticator: Authenticator, **_kwargs: Any
) -> None:
    """Count the set-up of an authenticator app as a passed second factor: its code has just been typed."""
    if authenticator.type == Authenticator.Type.TOTP:
        count_as_proven(request, user, id=authenticator.pk, type=authenticator.type)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Lead staff to their work: the gate's crew to the gate, the booth's to the booth, everybody else to the admin."""
    if missing := missing_step(request):
        return missing
    if not request.user.has_perm("ticketing.view_event"):
        for permission, page in (("ticketing.add_scan", "gate"), ("accounts.check_booth", "booth")):
            if request.user.has_perm(permission):
                return HttpResponseRedirect(reverse(page))
    return HttpResponseRedirect(reverse("admin:index"))


def too_many(request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
    """Answer what allauth's limits refuse."""
    return respond(request, "too_many_requests", "429.html", WAIT_SECONDS)
