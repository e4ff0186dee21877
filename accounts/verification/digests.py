"""The keyed digests under which what must not be readable is kept."""

from django.conf import settings
from django.utils.crypto import salted_hmac


def digest(purpose: str, value: str, *, key: str | None = None) -> str:
    """Return the digest of a value for one purpose, by the newest key unless another is given."""
    secret = key or settings.SIGNING_KEYS[0]
    return salted_hmac(
        f"festival.verification.{purpose}", value, secret=secret, algorithm="sha256"
    ).hexdigest()
