"""My tickets: what is held comes first, and what was decided a moment ago is there before its row."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.admin.conftest import Away
from tests.contract.doors import InProcess
from tests.factories import make_event, make_players, settle
from tests.waiting.test_pages import browser
from ticketing import events
from ticketing.allocation.rush import directory
from ticketing.models import Event, Mode, Ticket, WaitingEntry

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
DOOR = InProcess()
ADDRESS = "/tickets/"


def test_a_ticket_is_there_before_its_row(in_redis: None) -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    won = DOOR.claim(alice, event.pk, "A")
    assert not Ticket.objects.exists()
    for _written in range(2):
        page = browser(alice).get(ADDRESS).content.decode()
        assert page.count(f'href="/tickets/{won.body["ticket"]}/"') == 1
        assert "No ticket yet" not in page
        settle()
    assert Ticket.objects.exists()


def test_a_waiting_entry_is_there_before_its_row(in_redis: None) -> None:
    event = make_event({"A": 1}, waitlist_size=2)
    alice, bob = make_players(["alice", "bob"])
    for player in (alice, bob):
        DOOR.claim(player, event.pk, "A")
    assert not WaitingEntry.objects.exists()
    for _written in range(2):
        page = browser(bob).get(ADDRESS).content.decode()
        assert page.count(f'href="/events/{event.pk}/#result"') == 1
        settle()
    assert WaitingEntry.objects.exists()


def test_live_tickets_stand_before_past_ones(mode: Mode) -> None:
    first, second = make_event({"A": 1}, name="첫째 밤"), make_event({"A": 1}, name="둘째 밤")
    (alice,) = make_players(["alice"])
    kept = DOOR.claim(alice, first.pk, "A")
    given_back = DOOR.claim(alice, second.pk, "A")
    settle()
    DOOR.cancel(alice, given_back.body["ticket"])
    settle()
    page = browser(alice).get(ADDRESS).content.decode()
    places = [page.index(f'href="/tickets/{answer.body["ticket"]}/"') for answer in (kept, given_back)]
    assert places[0] < page.index("Past tickets") < places[1]


def test_without_redis_written_tickets_are_shown_and_others_are_spoken_of(
    in_redis: None, redis_away: Away
) -> None:
    event = make_event({"A": 1})
    alice, bob = make_players(["alice", "bob"])
    won = DOOR.claim(alice, event.pk, "A")
    settle()
    with redis_away:
        hers, his = (browser(player).get(ADDRESS).content.decode() for player in (alice, bob))
    assert f'href="/tickets/{won.body["ticket"]}/"' in hers
    assert "may be missing here" in his
    assert "No ticket yet" not in his


def test_a_ticket_without_a_row_is_not_called_unknown_while_redis_is_away(
    in_redis: None, redis_away: Away
) -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    address = f"/tickets/{DOOR.claim(alice, event.pk, 'A').body['ticket']}/"
    hers = browser(alice)
    hers.raise_request_exception = False
    with redis_away:
        assert hers.get(address).status_code == 503
    settle()
    with redis_away:
        assert hers.get(address).status_code == 200


def test_the_list_of_the_api_has_a_ticket_before_its_row(in_redis: None) -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    won = DOOR.claim(alice, event.pk, "A").body
    for _written in range(2):
        [told] = browser(alice).get("/api/tickets/").json()["results"]
        assert (told["ticket"], told["number"], told["status"]) == (won["ticket"], 1, "held")
        settle()


def test_the_page_to_cancel_tells_until_when(mode: Mode) -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    won = DOOR.claim(alice, event.pk, "A")
    settle()
    doors = timezone.localtime() + timedelta(days=1)
    Event.objects.filter(pk=event.pk).update(doors_open_at=doors)
    page = browser(alice).get(f"/tickets/{won.body['ticket']}/cancel/").content.decode()
    assert f"until the doors open, {doors:%A, %B} {doors.day}, {doors:%H:%M}." in page


@pytest.mark.parametrize(("ends_in", "said"), [(None, True), (60, True), (-60, False)])
def test_the_page_to_cancel_says_who_gets_the_place(mode: Mode, ends_in: int | None, said: bool) -> None:
    end = None if ends_in is None else timezone.now() + timedelta(seconds=ends_in)
    event = make_event({"A": 1}, waitlist_size=3, promotions_end_at=end)
    (alice,) = make_players(["alice"])
    won = DOOR.claim(alice, event.pk, "A")
    settle()
    page = browser(alice).get(f"/tickets/{won.body['ticket']}/cancel/").content.decode()
    assert ("goes to the first who waits for this zone" in page) is said
    assert ("at the end of the waiting list" in page) is said
    assert ("free for somebody else at once" in page) is not said


def test_many_tickets_cost_no_more_queries_than_one(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (
        events,
        directory,
    ):  # what a process remembers for a second stays remembered between two looks
        monkeypatch.setattr(module, "FRESH_SECONDS", 60)
    alice, bob = make_players(["alice", "bob"])
    for number in range(6):
        event = make_event({"A": 2}, name=f"밤 {number}", waitlist_size=1)
        for player in (alice, bob) if number == 0 else (alice,):
            DOOR.claim(player, event.pk, "A")
    for number in range(3):  # three of alice's and one of bob's have ended
        ended = make_event({"A": 2}, name=f"지난 밤 {number}")
        for player in (alice, bob) if number == 0 else (alice,):
            DOOR.cancel(player, DOOR.claim(player, ended.pk, "A").body["ticket"])
    settle()
    asked = {}
    for player, tickets in ((bob, 1), (alice, 6)):
        hers = browser(player)
        hers.get(ADDRESS)  # so that it is asked for before
        with CaptureQueriesContext(connection) as queries:
            page = hers.get(ADDRESS).content.decode()
        assert page.count("밤 ") >= tickets
        asked[tickets] = len(queries)
    assert asked[1] == asked[6], asked
