"""What the council wants of a live sale is shown as wanted until its authority goes by it."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from festival.redis import sale
from tests.admin.conftest import Away
from tests.admin.desk import EVENTS, change, desk_of, errors, form_of, press, ticket_of
from tests.factories import make_event, make_players, settle
from ticketing import council as acts
from ticketing.allocation.base import Decision
from ticketing.allocation.priming import prime
from ticketing.models import Authority, Event, LimitGroup, Mode, SaleCounter, StreamPosition, Zone
from ticketing.signing import TicketCode
from ticketing.writeback import write_back

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
Council = tuple[Client, User]
HOUR = timedelta(hours=1)


def text_of(page: Any) -> str:
    """Return what a page says, without markup."""
    return unescape(" ".join(re.sub(r"<[^>]*>", " ", page.content.decode()).split()))


def wishes(page: Any) -> list[list[str]]:
    """Return what is wanted and not applied yet: field, wanted, applied."""
    found = re.search(r'<section class="standing">(.*?)</section>', page.content.decode(), re.DOTALL)
    rows = re.findall(
        r"<tr><th scope=\"row\">(.*?)</th><td>(.*?)</td><td>(.*?)</td></tr>", found[1] if found else ""
    )
    return [[unescape(cell) for cell in row] for row in rows]


def places(page: Any) -> list[str]:
    """Return how many places the form says each zone has."""
    found = re.findall(r'class="field-places_now">\s*<p>(.*?)</p>', page.content.decode(), re.DOTALL)
    return [unescape(" ".join(each.split())) for each in found]


def save(client: Client, event: Event, **fields: Any) -> None:
    page = client.post(change(event), form_of(event, **fields))
    assert page.status_code == 302, errors(page)


def test_a_pause_is_shown_as_wanted_until_the_sale_is_paused(council: Council, in_redis: Mode) -> None:
    client, _user = council
    event = make_event({"A": 1})
    [alice] = make_players(["alice"])
    assert wishes(client.get(change(event))) == []
    resumes = timezone.now().replace(microsecond=0) + HOUR
    day, time = timezone.localtime(resumes).strftime("%Y-%m-%d %H:%M:%S").split()
    save(client, event, paused="on", pause_reason="비가 옵니다", resumes_at_0=day, resumes_at_1=time)
    assert wishes(client.get(change(event))) == [
        ["Paused", "yes", "no"],
        ["Public reason of the pause", "비가 옵니다", "–"],
        ["Goes on at (announced)", f"{day} {time}", "–"],
    ]
    assert "a change is on its way" in text_of(client.get(EVENTS))
    assert press(alice, event).decision is Decision.WON, "what is shown as wanted does not count yet"
    settle()
    assert wishes(client.get(change(event))) == []
    assert "a change is on its way" not in text_of(client.get(EVENTS))
    [bob] = make_players(["bob"])
    refused = press(bob, event)
    assert (refused.decision, refused.pause_reason, refused.resumes_at) == (
        Decision.PAUSED,
        "비가 옵니다",
        resumes,
    )


def test_times_are_shown_as_wanted_until_they_apply(council: Council, in_redis: Mode) -> None:
    client, _user = council
    event = make_event({"A": 1})
    before, later = event.closes_at, event.closes_at + HOUR
    Event.objects.filter(pk=event.pk).update(closes_at=later, opens_at=event.opens_at - HOUR)
    found = {label: (wanted, applied) for label, wanted, applied in wishes(client.get(change(event)))}
    assert found.keys() == {"Sale opens at", "Sale closes at"}
    shown = tuple(timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S") for at in (later, before))
    assert found["Sale closes at"] == shown
    settle()
    assert wishes(client.get(change(event))) == []


def test_what_postgresql_decides_applies_at_once(council: Council) -> None:
    client, _user = council
    event = make_event({"A": 1})
    save(client, event, paused="on", pause_reason="비가 옵니다")
    page = client.get(change(event))
    assert wishes(page) == []
    assert "figures here" not in text_of(page)
    [alice] = make_players(["alice"])
    assert press(alice, event).decision is Decision.PAUSED


def test_a_cut_below_the_live_tickets_says_what_it_waits_for(council: Council, mode: Mode) -> None:
    client, _user = council
    event = make_event({"A": 3})
    players = make_players(["alice", "bob", "charlie"])
    assert [press(player, event).decision for player in players] == [Decision.WON] * 3
    write_back()
    save(client, event, **{"zones-0-capacity": 1})
    settle()
    assert (
        places(client.get(change(event)))[0] == "3, 1 wanted: the other 2 go only when tickets are cancelled"
    )
    ticket = ticket_of(players[0])
    assert acts.void(code=TicketCode(ticket.code), event_id=event.pk, actor_id=None, reason="왜")
    assert places(client.get(change(event)))[0] == "3, 1 wanted: on the way"
    settle()
    assert (
        places(client.get(change(event)))[0] == "2, 1 wanted: the other 1 go only when tickets are cancelled"
    )
    save(client, event, **{"zones-0-capacity": 4})
    assert places(client.get(change(event)))[0] == "2, 4 wanted: on the way"
    settle()
    assert places(client.get(change(event)))[0] == "4"


def test_a_new_zone_is_being_made_until_it_has_places(council: Council, mode: Mode) -> None:
    client, _user = council
    event = make_event({"A": 1})
    Zone.objects.create(event=event, name="B", capacity=2)
    assert places(client.get(change(event)))[:2] == ["1", "being made"]
    settle()
    assert places(client.get(change(event)))[:2] == ["1", "2"]


def test_another_mode_is_wanted_until_the_sale_is_handed_over(council: Council, mode: Mode) -> None:
    client, _user = council
    event = make_event({"A": 1})
    other = next(each for each in Mode if each != mode)
    save(client, event, mode=other.value)
    names = {Mode.DATABASE: "everyday", Mode.REDIS: "rush"}
    assert wishes(client.get(change(event))) == [["Mode", names[other], names[mode]]]
    settle()
    assert wishes(client.get(change(event))) == []
    SaleCounter.objects.update(authority=Authority.LOADING)
    assert "The sale is being handed over." in text_of(client.get(change(event)))


def test_the_figures_say_how_far_they_are_behind(council: Council, in_redis: Mode) -> None:
    client, _user = council
    event = make_event({"A": 2})
    alice, bob = make_players(["alice", "bob"])
    assert "Every decision up to now is in the figures here." in text_of(client.get(change(event)))
    assert [press(player, event).decision for player in (alice, bob)] == [Decision.WON] * 2
    for address in (change(event), EVENTS):
        assert re.search(
            r"The figures here are 2 decisions behind, about \d+ s\.", text_of(client.get(address))
        )
    write_back()
    assert "Every decision up to now is in the figures here." in text_of(client.get(change(event)))
    assert "Decisions are recorded" not in text_of(client.get(EVENTS)), "nothing to tell"
    StreamPosition.objects.update(stopped_at=timezone.now(), stopped_by="3: Unreadable")
    for address in (change(event), EVENTS):
        page = client.get(address)
        assert "The recording of the sale has stopped." in text_of(page) or address == EVENTS
        assert b'href="/admin/ticketing/streamposition/"' in page.content


def test_without_redis_the_pages_say_that_it_cannot_be_asked(
    council: Council, in_redis: Mode, redis_away: Away
) -> None:
    client, _user = council
    group = LimitGroup.objects.create(name="이틀")
    event, _other = make_event({"A": 2}), make_event({"A": 1}, limit_group=group)
    with redis_away:
        listed, form = client.get(EVENTS), client.get(change(event))
        save(client, event, paused="on")
    assert (listed.status_code, form.status_code) == (200, 200)
    for page in (listed, form):
        assert "The sale cannot be asked now." in text_of(page)
    assert places(form)[0] == "cannot be asked now"
    assert [field for field, *_values in wishes(client.get(change(event)))] == ["Paused"], (
        "saved, and told later"
    )


def test_a_wrong_form_shows_how_the_sale_stands_by_what_is_saved(council: Council, in_redis: Mode) -> None:
    client, _user = council
    event = make_event({"A": 1})
    page = client.post(change(event), form_of(event, paused="on", name=""))
    assert errors(page)
    assert wishes(page) == []


def test_an_event_that_no_loop_has_seen_is_being_prepared(council: Council) -> None:
    event = make_event({"A": 1}, primed=False)
    assert "The sale is being prepared." in text_of(council[0].get(change(event)))
    prime()
    assert "The sale is being prepared." not in text_of(council[0].get(change(event)))


def test_the_list_asks_as_much_for_many_sales_as_for_one(
    council: Council, in_redis: Mode, django_assert_max_num_queries: Any
) -> None:
    client, _user = council
    for _number in range(4):
        make_event({"A": 1, "B": 1})
    with django_assert_max_num_queries(16):
        assert client.get(EVENTS).status_code == 200


def test_whoever_only_looks_sees_the_same(in_redis: Mode) -> None:
    client, _user = desk_of("council viewer")
    event = make_event({"A": 1})
    sale().hset(f"{{{event.festival_id}}}:event:{event.pk}:conf", "paused", "1")
    assert wishes(client.get(change(event))) == [["Paused", "no", "yes"]]
