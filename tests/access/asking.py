"""Asks an address as somebody, undoes what that did, and says in a word what the answer was."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client

from tests.access.routes import address_of
from tests.access.world import CSRF, EMAIL, NAME, NUMBER, World, of_alice
from tests.gate.cast import code_of

# Kinds of answers; a problem document is called by its code, a redirect `to` where it leads.
PAGE, DATA, INVALID = "page", "data", "invalid"
REFUSED, NO_CSRF, MISSING, NO_METHOD = "refused", "no csrf token", "missing", "no such method"
LOG_IN_AGAIN = "log in again"
TO_VERIFY, TO_LOGIN, TO_FACTOR = "to /accounts/verify/", "to /staff/login/", "to /staff/second-factor/app/"

MARKS: Mapping[str, str] = {"name": NAME, "number": NUMBER, "e-mail": EMAIL}
REFUSALS = {
    *(REFUSED, NO_CSRF, MISSING, NO_METHOD, TO_VERIFY, TO_LOGIN, TO_FACTOR),
    *("login_required", "forbidden", "csrf_failed", "method_not_allowed"),
    *("not_found", "unknown_ticket", "no_claim"),
}
WRITES = re.compile(r'INSERT INTO|DELETE FROM|UPDATE\s+"?\w+"?\s+(\w+\s+)?SET|procrastinate_\w+_v\d\(')
NOTES = ("django_session", "accounts_cardlook")  # the asker's own session, and who looked at a picture
BROWSER = Client(enforce_csrf_checks=True, raise_request_exception=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and what it did: `wrote` is a statement that wrote more than the asker's session."""

    kind: str
    tells: frozenset[str]  # what of alice
    wrote: str | None
    harmed: bool  # a row of alice is not as it was


@contextmanager
def undone() -> Iterator[list[str]]:
    """Take back whatever is written meanwhile, and yield the statements that wrote."""
    written: list[str] = []

    def note(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if WRITES.search(str(sql)):
            written.append(str(sql))
        return execute(sql, params, many, context)

    with transaction.atomic(), connection.execute_wrapper(note):
        yield written
        transaction.set_rollback(True)
    if written:
        cache.clear()  # copies of sessions that are as they were again, and budgets


def ask(
    world: World, role: str, method: str, route: str, *, csrf: bool = True, sent: dict[str, Any] | None = None
) -> Answer:
    """Send one request as a role's browser or device would, and undo it."""
    visitor, values = world.visitors[role], world.values_of(route)
    document = sent or (world.sent if method == "POST" else world.asked).get(route, {})
    # A scan: its QR lives for 45 s, the world for as long as the tests take.
    if {"code", "gate"} <= document.keys():
        document = {**document, "code": code_of(world.held)}
    BROWSER.cookies.clear()
    BROWSER.cookies.load({**visitor.cookies, "csrftoken": CSRF, "django_language": "en"})
    options: dict[str, Any] = {"headers": {**visitor.headers, **({"X-CSRFToken": CSRF} if csrf else {})}}
    if method == "POST" and route.startswith("api/"):
        options["content_type"] = "application/json"
    with undone() as written:
        send = BROWSER.post if method == "POST" else BROWSER.get
        response = send(address_of(route, values), document, **options)
        text, harmed = text_of(response), bool(written) and of_alice() != world.of_alice
    told = frozenset(what for what, mark in MARKS.items() if mark in text)
    wrote = next((statement for statement in written if not any(name in statement for name in NOTES)), None)
    return Answer(kind_of(response, values), told, wrote, harmed)


def text_of(response: Any) -> str:
    """Return all that a reader of an answer learns, with nothing escaped."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    text = content.decode()
    if "json" in response.headers.get("Content-Type", ""):
        text = json.dumps(json.loads(text), ensure_ascii=False)
    return "\n".join([text, *(f"{name}: {unquote(value)}" for name, value in response.headers.items())])


def kind_of(response: Any, values: Mapping[str, str]) -> str:
    """Say in a word what an answer is."""
    if response.status_code in (301, 302, 303):
        return "to " + without_values(unquote(urlsplit(response.headers["Location"]).path), values)
    if response.headers.get("Content-Type") == "application/problem+json":
        return str(response.json()["code"])
    if response.status_code == 403:
        is_csrf = any(template.name == "403_csrf.html" for template in response.templates)
        return NO_CSRF if is_csrf else REFUSED
    names = {400: INVALID, 401: LOG_IN_AGAIN, 404: MISSING, 405: NO_METHOD, 422: INVALID}
    if response.status_code in names:
        return names[response.status_code]
    if response.status_code >= 400:
        return f"{response.status_code} {response.exc_info}"
    return PAGE if response.headers.get("Content-Type", "").startswith("text/html") else DATA


def without_values(path: str, values: Mapping[str, str]) -> str:
    """Return a path as the table writes it: names instead of values."""
    for name, value in values.items():
        path = path.replace(f"/{value}/", f"/<{name}>/")
    return path
