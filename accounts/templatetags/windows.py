"""The windows of other apps that show our pages: they may forget a login, so students are told how to leave them."""

from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from django import template
from django.http import HttpRequest

from accounts.devices import IN_APPS, browser_of, system_of

register = template.Library()


def way_out(app: str, system: str, address: str) -> str:
    """Return a link that opens an address in a real browser; empty where the app knows none."""
    if app == "KakaoTalk":
        return f"kakaotalk://web/openExternal?{urlencode({'url': address}, quote_via=quote)}"
    if system == "Android":
        parts = urlsplit(address)
        place = parts._replace(scheme="", fragment="").geturl()
        return f"intent:{place}#Intent;scheme={parts.scheme};category=android.intent.category.BROWSABLE;end"
    return ""


@register.inclusion_tag("accounts/in_app.html", takes_context=True)
def in_app_notice(context: dict[str, Any], afterwards: str = "") -> dict[str, Any]:
    """Tell a student inside another app's window to open this page in a real browser, and where it leads afterwards."""
    request: HttpRequest = context["request"]
    app = browser_of(request)
    if app not in IN_APPS:
        return {}
    path = f"{request.path}?{urlencode({'next': afterwards})}" if afterwards else request.get_full_path()
    address = request.build_absolute_uri(path)
    return {"app": app, "address": address, "way_out": way_out(app, system_of(request), address)}
