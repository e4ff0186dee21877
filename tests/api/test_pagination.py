"""Lists by keyset: hundreds of equal sort values, inserts between pages, both directions; none lost, none repeated."""

from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from django.utils import timezone

from tests.conftest import Live
from tests.factories import make_event
from ticketing.api.pagination import Cursor, page
from ticketing.models import Event

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
OPENING = timezone.now() + timedelta(days=1)
MOST_PAGES = 30  # more than any walk here needs: one that goes round in circles fails at once


def equal_events(number: int) -> set[str]:
    """Make events that all open at the same instant."""
    made = Event.objects.bulk_create(
        Event(name="같은 시각", opens_at=OPENING, closes_at=OPENING + timedelta(hours=1))
        for _ in range(number)
    )
    return {str(event.pk) for event in made}


def walk(client: httpx.Client, address: str, direction: str, *, between: int = 0) -> list[str]:
    """Follow a list in one direction to its end; put events between the pages; return the ids in order of reading."""
    seen: list[str] = []
    following: str | None = address
    pages = 0
    while following:
        pages += 1
        assert pages <= MOST_PAGES, "the list has no end"
        parts = urlsplit(following)
        document = client.get(f"{parts.path}?{parts.query}").json()
        found = [event["id"] for event in document["results"]]
        seen += found if direction == "next" else found[::-1]
        following = document[direction]
        if between:
            equal_events(between)
    return seen


def test_equal_values_and_inserts_between_pages_lose_and_repeat_nothing(live: Live) -> None:
    before = equal_events(300)
    forwards = walk(live.client(), "/api/events/?limit=37", "next", between=5)
    assert len(forwards) == len(set(forwards)), "repeated"
    assert before <= set(forwards), "lost"
    assert forwards == sorted(forwards), "the order of ties is that of the primary key"


def test_the_way_back_is_as_whole_as_the_way_there(live: Live) -> None:
    before = equal_events(300)
    client = live.client()
    last = page(Event.objects.all(), order=("-opens_at", "-id"), cursor=None, size=1).rows[0]
    end = Cursor((last.opens_at.isoformat(), str(last.pk)), backwards=True).text()
    backwards = walk(client, f"/api/events/?limit=41&cursor={end}", "previous", between=5)
    assert len(backwards) == len(set(backwards)), "repeated"
    assert before - {str(last.pk)} <= set(backwards), "lost"
    assert backwards == sorted(backwards, reverse=True)


def test_there_and_back_again_meets_the_same_rows(live: Live) -> None:
    equal_events(120)
    client = live.client()
    there = [client.get("/api/events/?limit=25").json()]
    while there[-1]["next"]:
        assert len(there) < MOST_PAGES, "the list has no end"
        there.append(client.get(there[-1]["next"]).json())
    back = [there[-1]]
    while back[-1]["previous"]:
        assert len(back) < MOST_PAGES, "the list has no beginning"
        back.append(client.get(back[-1]["previous"]).json())
    assert [document["results"] for document in back] == [document["results"] for document in reversed(there)]
    assert there[0]["previous"] is None
    assert back[-1]["previous"] is None


def test_mixed_directions_are_one_order() -> None:
    base = timezone.now()
    for number in range(60):
        make_event(
            {},
            primed=False,
            name=f"{number % 3}",
            opens_at=base,
            closes_at=base + timedelta(hours=number % 5 + 1),
        )
    order = ("-closes_at", "name", "-id")
    expected = list(Event.objects.order_by(*order))
    for size in (1, 7, 60):
        cursor: Cursor | None = None
        seen: list[Event] = []
        while True:
            assert len(seen) <= len(expected), "the list has no end"
            found = page(Event.objects.all(), order=order, cursor=cursor, size=size)
            seen += found.rows
            if found.next is None:
                break
            cursor = Cursor.read(found.next)
        assert seen == expected


def test_an_order_without_the_primary_key_is_refused() -> None:
    with pytest.raises(ValueError, match="primary key"):
        page(Event.objects.all(), order=("opens_at",), cursor=None)
