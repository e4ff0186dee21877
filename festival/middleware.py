"""What happens around every request: its id, its language, and the name of staff in the history of changes."""

import re
from collections.abc import Callable

import pghistory
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.crypto import get_random_string

from festival.logs import request_id as current_request_id

type_of_next = Callable[[HttpRequest], HttpResponse]
ID = re.compile(r"[A-Za-z0-9-]{8,64}")
READING = {"GET", "HEAD", "OPTIONS"}


def request_id(get_response: type_of_next) -> type_of_next:
    """Give every request an id (a trusted proxy's, if it sent one); it is in each log line and in the answer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        sent = request.headers.get("X-Request-ID", "") if settings.TRUSTED_PROXY else ""
        token = current_request_id.set(sent if ID.fullmatch(sent) else get_random_string(16))
        try:
            response = get_response(request)
            response["X-Request-ID"] = current_request_id.get()
            return response
        finally:
            current_request_id.reset(token)

    return middleware


def language(get_response: type_of_next) -> type_of_next:
    """Speak Korean unless the reader has switched: a browser's own language is not asked."""
    known = dict(settings.LANGUAGES)

    def middleware(request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        wanted = chosen if chosen in known else settings.LANGUAGE_CODE
        with translation.override(wanted):
            request.LANGUAGE_CODE = wanted  # what Django's templates read
            response = get_response(request)
            response.headers.setdefault("Content-Language", wanted)
            return response

    return middleware


def change_history(get_response: type_of_next) -> type_of_next:
    """Record who changed what in the admin: the database's triggers read the context that is set here."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method in READING or not request.path.startswith("/admin/"):
            return get_response(request)
        route = request.resolver_match.route if request.resolver_match else "admin"
        with pghistory.context(user=request.user.pk, route=route, request=current_request_id.get()):
            return get_response(request)

    return middleware
