"""What every page of the site is rendered with."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts.sessions import current_student
from ticketing.events import newest_festival


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the festival's look and the student who reads; nothing is asked for a page that does not use it."""
    return {"site": SimpleLazyObject(look), "student": SimpleLazyObject(lambda: current_student(request))}


def look() -> dict[str, Any]:
    festival = newest_festival()
    return {
        "festival": festival,
        "accent": festival.accent if festival else "violet",
        "banner": festival.display_banner if festival else "",
        "demo": settings.DEMO,
    }
