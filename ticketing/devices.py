"""Tokens of the gate's devices: shown once, kept as a digest, shut out at once."""

import hashlib
import secrets

from ticketing.models import GateDevice


def new_token() -> str:
    """Return a new token of 256 bits."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return what is kept of a token; a plain hash is enough for a secret that nobody can guess."""
    return hashlib.sha256(token.encode()).hexdigest()


def device_of(token: str) -> GateDevice | None:
    """Return the device that shows this token, unless it is shut out."""
    return GateDevice.objects.filter(token_digest=digest(token), revoked_at__isnull=True).first()
