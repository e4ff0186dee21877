"""The gate's devices: tokens and invitations are shown once, kept as a digest, and ended at once.

A phone becomes a device by an invitation: a QR in the admin leads to our page with a secret behind the `#`, which no
server, log or preview of a link ever sees; the page posts it when somebody presses the button. It counts once, for ten
minutes, and gives the device a new token, which the phone keeps as a cookie that no script can read.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from festival.errors import FestivalError
from ticketing.models import GateDevice

COOKIE = "gate_device"
COOKIE_LASTS = timedelta(days=7)
INVITATION_LASTS = timedelta(minutes=10)


class InvitationOver(FestivalError):
    """This invitation has been used, is too old, or never was one."""

    code = "forbidden"


def new_token() -> str:
    """Return a new token of 256 bits."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return what is kept of a token; a plain hash is enough for a secret that nobody can guess."""
    return hashlib.sha256(token.encode()).hexdigest()


def device_of(token: str) -> GateDevice | None:
    """Return the device that shows this token, unless it is shut out."""
    return GateDevice.objects.filter(token_digest=digest(token), revoked_at__isnull=True).first()


def device_of_browser(request: HttpRequest) -> GateDevice | None:
    """Return the device that this browser has become, unless it is shut out."""
    token = request.COOKIES.get(COOKIE)
    return device_of(token) if token else None


def give_token(device: GateDevice) -> str:
    """Replace the token of a device, which lets it in again if it was shut out; return the new one."""
    token = new_token()
    fresh = {"token_digest": digest(token), "revoked_at": None}
    GateDevice.objects.filter(pk=device.pk).update(**fresh, invitation_digest=None, invitation_until=None)
    return token


def shut_out(devices: QuerySet[GateDevice]) -> int:
    """Refuse devices from their next call on, and end invitations that are still open; return how many went."""
    devices.update(invitation_digest=None, invitation_until=None)
    return devices.filter(revoked_at__isnull=True).update(revoked_at=timezone.now())


def invite(device: GateDevice, *, now: datetime | None = None) -> str:
    """Return the secret by which one phone may become this device; one that was given before ends."""
    secret, until = new_token(), (now or timezone.now()) + INVITATION_LASTS
    GateDevice.objects.filter(pk=device.pk).update(invitation_digest=digest(secret), invitation_until=until)
    return secret


def accept(secret: str, *, now: datetime | None = None) -> str:
    """Spend an invitation and return the device's new token; its old one ends. Of two phones at once one gets it."""
    token = new_token()
    invited = GateDevice.objects.filter(
        invitation_digest=digest(secret), invitation_until__gt=now or timezone.now()
    )
    if not invited.exists():  # a stranger's guess writes nothing
        raise InvitationOver
    changed = invited.update(
        invitation_digest=None, invitation_until=None, token_digest=digest(token), revoked_at=None
    )
    if changed != 1:
        raise InvitationOver
    return token


def keep_in_browser(response: HttpResponse, token: str) -> None:
    """Let the browser keep the token where no script can read it, and send it from our own pages only."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(COOKIE_LASTS.total_seconds()),
        secure=settings.HTTPS,
        httponly=True,
        samesite="Strict",
    )
