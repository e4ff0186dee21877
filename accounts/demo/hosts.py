"""Three logins side by side in one browser: a browser keeps cookies for each host name, so each gets a name.

All names end in `daedong.localhost`. Chromium and Firefox lead them to this machine without asking a name server, and
take them for one site, so that a page may hold the others in frames and their SameSite cookies still travel.
"""

from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest

PARENT = "daedong.localhost"
FRAMES = ("student", "gate", "council")
FRAME_SOURCES = (f"http://*.{PARENT}:*",)


def port_of(request: HttpRequest) -> str:
    """Return the port that the browser asked for, as an address needs it."""
    port = urlsplit(f"//{request.get_host()}").port
    return f":{port}" if port else ""


def together(request: HttpRequest, path: str) -> str:
    """Return the address of the page that holds the frames."""
    return f"http://{PARENT}{port_of(request)}{path}"


def frame(request: HttpRequest, who: str, path: str, next_page: str) -> str:
    """Return the address of the page by which one of the three is entered."""
    return f"http://{who}.{PARENT}{port_of(request)}{path}?{urlencode({'next': next_page})}"


def is_together(request: HttpRequest) -> bool:
    """Tell whether the request came by the name that may hold the frames."""
    return urlsplit(f"//{request.get_host()}").hostname == PARENT
