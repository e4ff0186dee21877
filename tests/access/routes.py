"""The list of all addresses, read from the URL configuration itself."""

import re
from collections.abc import Iterator, Mapping, Sequence

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

URLCONF = "tests.demo.urls"  # everything that the system has, and the demo's pages
ANYTHING = "*"
_GROUP = re.compile(r"\(\?P(<\w+>)[^)]*\)")
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


def all_routes() -> list[str]:
    """Return every route as the URL configuration writes it."""
    return list(walk(get_resolver(URLCONF).url_patterns))


def walk(entries: Sequence[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """Yield the routes of these entries and of all below them."""
    for entry in entries:
        route = before + written(entry)
        if isinstance(entry, URLResolver):
            yield from walk(entry.url_patterns, route)
        else:
            yield route


def written(entry: URLPattern | URLResolver) -> str:
    """Return how an entry is written; a regular expression as a path would say it, `*` where it takes anything."""
    if not isinstance(entry.pattern, RegexPattern):
        return str(entry.pattern)
    return _GROUP.sub(r"\1", str(entry.pattern)).strip("^$") or ANYTHING


def parameters(route: str) -> list[str]:
    """Return the names of a route's parameters."""
    return _PARAMETER.findall(route)


def address_of(route: str, values: Mapping[str, str]) -> str:
    """Return an address of a route."""
    filled = _PARAMETER.sub(lambda found: values[found[1]], route)
    return "/" + filled.replace(ANYTHING, "nothing-here/")
