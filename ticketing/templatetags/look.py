"""The festival's look on pages that are rendered without a request."""

from typing import Any

from django import template

from ticketing.context import look_at_hand as found_at_hand

register = template.Library()


@register.simple_tag
def look_at_hand() -> dict[str, Any]:
    """Return the festival's look; a plain one while the database does not answer."""
    return found_at_hand()


@register.simple_tag(takes_context=True)
def absolute(context: template.RequestContext, path: str) -> str:
    """Return an address of this site as others need it."""
    return str(context["request"].build_absolute_uri(path))
