"""Who may watch: staff, as elsewhere; and for what is asked every second, without a statement each time."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.cache import caches
from django.http import HttpRequest, HttpResponse

from accounts.permissions import staff_required

MAY_WATCH = "ticketing.view_event"
REMEMBERED_SECONDS = 10

type_of_view = Callable[..., HttpResponse]
watching = staff_required(MAY_WATCH)


def still_watching(view: type_of_view) -> type_of_view:
    """Let those in who may watch; that a session may is remembered for ten seconds in this process.

    Accepted: who has just lost the right, or logged out, could read figures, which name nobody, until then.
    """
    asked_first = watching(view)

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        key = f"watching:{request.session.session_key}"
        if request.session.session_key and caches["process"].get(key):
            response = view(request, *args, **kwargs)
            response.headers.setdefault("Cache-Control", "private, no-store")
            return response
        response = asked_first(request, *args, **kwargs)
        if response.status_code == 200:
            caches["process"].set(key, True, REMEMBERED_SECONDS)
        return response

    return guarded
