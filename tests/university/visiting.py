"""Leaving for the university's login and coming back, as a browser does it."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.test import Client

from tests.university.people import PASSWORD

START = "/accounts/verify/university/"


def leave(client: Client, wanted: str = "/tickets/", **fields: str) -> str:
    """Agree to the notice and return the provider's address that the page leads to."""
    answer = client.post(START, {"next": wanted, "consent": "on", **fields})
    assert answer.status_code == 200, answer.content.decode()
    page = answer.content.decode()
    led = re.search(r'<meta http-equiv="refresh" content="0; url=([^"]+)"', page)
    assert led
    assert f'href="{led[1]}"' in page  # for whoever's browser does not follow by itself
    return unescape(led[1])


def log_in_there(address: str, who: str) -> str:
    """Log in at the provider and return the address that it sends the browser back to."""
    with httpx.Client(timeout=20) as browser:
        asked = browser.get(address)
        form = browser.get(httpx.URL(address).join(asked.headers["Location"]))
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text)
        assert token
        sent = {"username": who, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
        back = httpx.URL(address).copy_with(query=None).join(asked.headers["Location"])
        wanted = {"next": back.params["next"]}
        logged_in = browser.post(back, data=sent | wanted)
        allowed = browser.get(httpx.URL(address).join(logged_in.headers["Location"]))
        assert allowed.status_code == 302, allowed.text
        return allowed.headers["Location"]


def come_back(client: Client, address: str) -> Any:
    """Open the address that the provider has sent the browser to."""
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}")


def visit(client: Client, who: str, **fields: str) -> Any:
    """Go there, log in and come back; return our answer."""
    return come_back(client, log_in_there(leave(client, **fields), who))
