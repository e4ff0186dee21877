"""Reading request bodies strictly: a body is of its form or `malformed`, never half understood."""

import json
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest

from festival.errors import Malformed

MOST_BYTES = 16 * 1024
MOST_ZONES = 20


def read_json(request: HttpRequest) -> dict[str, Any]:
    """Return a body's JSON object; repeated keys, NaN, other encodings and over 16 KiB are malformed."""
    if request.content_type != "application/json":
        raise Malformed("Content-Type: application/json")
    try:
        body = request.body if int(request.META.get("CONTENT_LENGTH") or 0) <= MOST_BYTES else b""
        document = json.loads(
            body.decode(), object_pairs_hook=without_repeats, parse_constant=refuse_constant
        )
    except (ValueError, RecursionError, RequestDataTooBig) as error:
        raise Malformed from error
    if not isinstance(document, dict):
        raise Malformed
    return document


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs as an object; a key that stands twice has two meanings and is refused."""
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("repeated key")
    return document


def refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def is_text(value: object) -> bool:
    """Tell whether a value is a string that can be written as UTF-8 and stored: no lone surrogate, no NUL."""
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def read_zones(document: dict[str, Any]) -> list[str]:
    """Return the wanted zones: 1 to 20 different strings in order of preference."""
    zones = document.get("zones")
    if not isinstance(zones, list) or not 1 <= len(zones) <= MOST_ZONES or not all(map(is_text, zones)):
        raise Malformed('{"zones": ["A", "B"]}')
    if len(set(zones)) != len(zones):
        raise Malformed('{"zones": ["A", "B"]}')
    return zones


def read_receipt(document: dict[str, Any]) -> str:
    """Return the text of a receipt."""
    text = document.get("receipt")
    if not isinstance(text, str) or not text or not is_text(text):
        raise Malformed('{"receipt": "…"}')
    return text
