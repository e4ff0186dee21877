"""What the council has chosen for its festival: the ways to verify, and until when."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import VerificationMethod
from festival.errors import FestivalError
from ticketing.models import Festival


class NotOffered(FestivalError):
    """This way to verify is not offered."""

    code = "not_found"


class VerificationClosed(FestivalError):
    """The time to verify is over."""

    code = "verification_closed"


def ways() -> Sequence[str]:
    """Return the ways that the newest festival offers, in its order."""
    found = newest().values_list("verification_methods", flat=True).first()
    return [VerificationMethod.MAIL] if found is None else found


def closes_at() -> datetime | None:
    """Return when the newest festival ends its verification, if it does."""
    return newest().values_list("verification_closes_at", flat=True).first()


def newest() -> QuerySet[Festival]:
    return Festival.objects.order_by("-created_at", "id")


def closed() -> datetime | None:
    """Return when verification was closed, once it is."""
    end = closes_at()
    return end if end and end <= timezone.now() else None


def need(way: VerificationMethod) -> None:
    """Refuse a way that is not offered, and every way after the close.

    Raises NotOffered, VerificationClosed (closed_at: ISO 8601). Who has asked before the close may finish after it.
    """
    if way not in ways():
        raise NotOffered
    if end := closed():
        raise VerificationClosed(closed_at=end.isoformat())
