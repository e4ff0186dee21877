"""The page that shows the API lives with the strict policy: no inline script, no inline style."""

import re
from html import unescape

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

pytestmark = [pytest.mark.servers, pytest.mark.django_db]


def test_the_page_of_the_api_needs_nothing_inline(client: Client) -> None:
    page = client.get("/api/docs/")
    text = page.content.decode()
    assert page.status_code == 200
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", text)
    assert "unsafe-inline" not in page["Content-Security-Policy"]
    addresses = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert len(addresses) == 7
    for address in addresses:
        if address.startswith("/static/"):
            assert finders.find(address.removeprefix("/static/")), address
        else:
            assert "SwaggerUIBundle" in client.get(unescape(address)).content.decode()
