"""Counts are read with their thousands set apart; numbers of places are names and are not."""

import pytest
from django.test import Client

from tests.factories import make_event

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_places_are_grouped_on_the_pages(client: Client, language: str) -> None:
    event = make_event({"A": 3000}, opens_in=600, closes_in=1200)
    client.cookies["django_language"] = language
    for path in ("/", f"/events/{event.pk}/"):
        page = client.get(path).text
        assert "3,000" in page, path
        assert 'viewBox="0 0 3,000' not in page
