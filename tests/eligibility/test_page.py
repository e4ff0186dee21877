"""The event page of a student: only zones that are for them, by their own opening time."""

import re
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.test import Client
from django.utils import timezone

from tests.eligibility.rules import make_list, make_rule
from tests.factories import Player, make_event, make_players
from ticketing.models import Event, Exclusion

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
HOUR = timedelta(hours=1)


def browser_of(player: Player) -> Client:
    client = Client()
    cookies = player.cookies
    for name, value in (
        ("sessionid", cookies.session_key),
        ("csrftoken", cookies.csrf),
        ("festival_pass", cookies.claim_pass),
        ("django_language", "en"),
    ):
        client.cookies[name] = value
    return client


def page_of(player: Player, event: Event) -> str:
    caches["process"].clear()
    return browser_of(player).get(f"/events/{event.pk}/").content.decode()


def offered(page: str) -> set[str]:
    return set(re.findall(r'<option value="([^"]+)"', page)) | set(
        re.findall(r'<input type="hidden" name="zones" value="([^"]+)"', page)
    )


def state(page: str) -> tuple[str, int]:
    """Return the state and the opening (milliseconds) that the page's scripts go by."""
    found = re.search(r'data-state="(\w+)" data-clock="[^"]*" data-opens-at-ms="(\d+)"', page)
    assert found
    return found[1], int(found[2])


def ms(event: Event) -> int:
    return round(event.opens_at.timestamp() * 1000)


def test_a_zone_for_others_is_marked_and_not_offered() -> None:
    event = make_event({"A": 1, "B": 1, "C": 1})
    make_rule(event, "B", levels=["graduate"])
    (alice,) = make_players(["alice"])
    page = page_of(alice, event)
    assert offered(page) == {"A", "C"}
    assert page.count('<span class="badge">not for you') == 1
    assert state(page) == ("open", ms(event))


def test_without_rules_the_page_is_as_it_was() -> None:
    event = make_event({"A": 1, "B": 1})
    (alice,) = make_players(["alice"])
    page = page_of(alice, event)
    assert offered(page) == {"A", "B"}
    assert '<span class="badge">not for you' not in page
    assert "your own time" not in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "on_leave"}, "academic status on the roster: on leave"),
        ({"year": 1}, "These zones are for other students"),
    ],
)
def test_who_has_no_zone_is_told_why_and_offered_nothing(fields: dict[str, object], words: str) -> None:
    event = make_event({"A": 1})
    make_rule(event, years=[4])
    (charlie,) = make_players(["charlie"], **fields)
    page = page_of(charlie, event)
    assert words in page
    assert offered(page) == set()
    assert "data-press-box" not in page


def test_who_is_excluded_reads_the_reason() -> None:
    event = make_event({"A": 1})
    (charlie,) = make_players(["charlie"])
    students = make_list(event, charlie.student)
    Exclusion.objects.create(event=event, student_list=students, reason="단체 관람권이 있음")
    assert "단체 관람권이 있음" in page_of(charlie, event)


def test_who_opens_later_counts_down_to_their_own_time_while_others_buy() -> None:
    event = make_event({"A": 1})
    later = (timezone.now() + HOUR).replace(microsecond=0)
    make_rule(event, years=[4])
    make_rule(event, opens_at=later)
    (alice,), (bob,) = make_players(["alice"], year=4), make_players(["bob"], year=1)
    assert state(page_of(alice, event)) == ("open", ms(event))
    page = page_of(bob, event)
    assert state(page) == ("scheduled", round(later.timestamp() * 1000))
    assert "data-countdown" in page
    assert "your own time" in page


def test_who_opens_earlier_may_press_while_others_wait() -> None:
    event = make_event({"A": 1}, opens_in=1800)
    make_rule(event, years=[4], opens_at=timezone.now() - HOUR)
    make_rule(event)
    (alice,), (bob,) = make_players(["alice"], year=4), make_players(["bob"], year=1)
    assert state(page_of(alice, event))[0] == "open"
    assert state(page_of(bob, event)) == ("scheduled", ms(event))
    Event.objects.filter(pk=event.pk).update(paused=True)
    assert state(page_of(alice, event))[0] == "paused"


def test_full_zones_are_sold_out_for_those_whom_the_others_are_not_for() -> None:
    event = make_event({"A": 0, "B": 1})
    make_rule(event, "B", levels=["graduate"])
    (alice,), (bob,) = make_players(["alice"]), make_players(["bob"], level="graduate")
    assert state(page_of(alice, event))[0] == "sold_out"
    assert state(page_of(bob, event))[0] == "open"


def test_a_press_by_form_is_answered_with_the_reason() -> None:
    event = make_event({"A": 1, "B": 1})
    make_rule(event, "A", levels=["graduate"])
    (charlie,) = make_players(["charlie"])
    page = browser_of(charlie).post(f"/events/{event.pk}/", {"zones": ["A"]})
    assert page.status_code == 403
    assert "These zones are for other students" in page.content.decode()


def test_a_zone_that_opens_later_says_when() -> None:
    event = make_event({"A": 1, "B": 1})
    later = (timezone.now() + HOUR).replace(microsecond=0)
    make_rule(event, "B", opens_at=later)
    (alice,) = make_players(["alice"])
    page = page_of(alice, event)
    assert f'data-opens-at-ms="{round(later.timestamp() * 1000)}"' in page
    told = browser_of(alice).post(f"/events/{event.pk}/", {"zones": ["B"]})
    assert told.status_code == 409
    assert timezone.localtime(later).strftime("%H:%M:%S") in told.content.decode()
