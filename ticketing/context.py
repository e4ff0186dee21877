"""What every page of the site is rendered with."""

import logging
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.db import Error
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from accounts.sessions import current_student
from ticketing import posters
from ticketing.events import FRESH_SECONDS, newest_festival
from ticketing.models import Accent, Festival

log = logging.getLogger(__name__)


def site(request: HttpRequest) -> dict[str, Any]:
    """Return the festival's look and the student who reads; nothing is asked for a page that does not use it."""
    return {"site": SimpleLazyObject(look), "student": SimpleLazyObject(lambda: current_student(request))}


def look() -> dict[str, Any]:
    return look_of(newest_festival())


def look_at_hand() -> dict[str, Any]:
    """Return the festival's look for the page of an error, and a plain one while the database does not answer.

    While it is away it is asked once a second, not once for each page: an error must stay cheap.
    """
    if caches["process"].get("festival:away"):
        return look_of(None)
    try:
        return look()
    except Error as error:
        log.warning("a page of an error goes without the festival's look: %s", type(error).__name__)
        caches["process"].set("festival:away", True, FRESH_SECONDS)
        return look_of(None)


def look_of(festival: Festival | None) -> dict[str, Any]:
    return {
        "festival": festival,
        "name": festival.display_name if festival else _("Festival tickets"),
        "accent": Accent(festival.accent) if festival else Accent.VIOLET,
        "banner": festival.display_banner if festival else "",
        "banners": festival.banners if festival else {},
        "poster": posters.shown(festival),
        "demo": settings.DEMO,
    }
