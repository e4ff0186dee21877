"""The page of records of the sales: what waits, what has stopped and why, and letting it try again."""

import json
import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from accounts.models import User
from festival.redis import sale
from tests.admin.conftest import Away
from tests.admin.desk import DESK, desk_of, press, told
from tests.admin.test_standing import text_of
from tests.factories import make_event, make_players
from ticketing.allocation.base import Decision
from ticketing.allocation.rush.directory import look_up
from ticketing.models import Event, LimitGroup, Mode, StreamPosition, Ticket
from ticketing.writeback import write_back

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
Council = tuple[Client, User]
STREAMS = f"{DESK}streamposition/"


def again(event: Event) -> str:
    return f"{STREAMS}{event.group_key}/again/"


def stop(event: Event) -> str:
    """Let a stream stop: its next entry is none that anybody understands; return its name in the sale."""
    listed = look_up(event.pk, fresh=True)
    assert listed is not None
    stream = listed.keys.of_group("stream")
    number = int(sale().hincrby(listed.keys.of_group("state"), "seq", 1))
    sale().xadd(stream, {"entry": json.dumps({"kind": "unheard of", "at": 1})}, id=f"{number}-0")
    write_back()
    assert StreamPosition.objects.get(group=event.group_key).stopped_at is not None
    return stream


def test_every_group_in_redis_is_listed_with_what_waits(council: Council, in_redis: Mode) -> None:
    client, _user = council
    nights = LimitGroup.objects.create(name="세 밤 묶음")
    alone, first, _second = (
        make_event({"A": 2}, name="혼자"),
        make_event({"A": 1}, name="첫째", limit_group=nights, opens_in=-60),
        make_event({"A": 1}, name="둘째", limit_group=nights),
    )
    alice, bob = make_players(["alice", "bob"])
    assert [press(player, alone).decision for player in (alice, bob)] == [Decision.WON] * 2
    text = text_of(client.get(STREAMS))
    assert re.search(r"혼자 2 \d+ s Catching up 세 밤 묶음: 첫째, 둘째 0 – Up to date", text), text
    assert press(alice, first).decision is Decision.WON
    write_back()
    assert text_of(client.get(STREAMS)).count("Up to date") == 2


def test_a_sale_that_postgresql_decides_is_not_listed(council: Council) -> None:
    make_event({"A": 1}, name="혼자")
    text = text_of(council[0].get(STREAMS))
    assert "혼자" not in text
    assert "No sale is in rush mode" in text


def test_a_stopped_stream_names_entry_and_cause_and_tries_again_by_hand(
    council: Council, in_redis: Mode
) -> None:
    client, user = council
    event = make_event({"A": 1}, name="첫째 밤")
    stream = stop(event)
    [alice] = make_players(["alice"])
    assert press(alice, event).decision is Decision.WON, "the sale goes on"
    write_back()
    assert not Ticket.objects.exists()
    position = StreamPosition.objects.get()
    listed, asked = client.get(STREAMS), client.get(again(event))
    for page in (listed, asked):
        text = text_of(page)
        assert f"decision {position.position + 1} since" in text
        assert "The decision is not one that this version understands, or one before it is missing." in text
    assert again(event).encode() in listed.content
    assert StreamPosition.objects.get().stopped_at is not None, "to ask changes nothing"
    mended = {"kind": "sale", "sequence": position.position + 1, "at": 1}
    newest: Any = sale().xrange(stream, f"{position.position + 2}-0", "+")
    sale().delete(stream)
    sale().xadd(stream, {"entry": json.dumps(mended)}, id=f"{position.position + 1}-0")
    for key, fields in newest:
        sale().xadd(stream, fields, id=key)
    page = client.post(again(event), follow=True)
    assert told(page) == "This decision is being recorded again. Look here in a moment whether it goes on."
    write_back()
    assert Ticket.objects.get().student == alice.student
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.change_message) == (user, str(event.pk), position.stopped_by)
    assert f"kim · {position.stopped_by}" in text_of(client.get(STREAMS))


def test_what_is_still_in_the_way_stops_it_again(council: Council, in_redis: Mode) -> None:
    client, _user = council
    event = make_event({"A": 1})
    stop(event)
    before = StreamPosition.objects.get().position
    client.post(again(event))
    write_back()
    position = StreamPosition.objects.get()
    assert position.stopped_at is not None
    assert position.position == before, "nothing is skipped"


def test_a_stream_that_has_not_stopped_is_left_alone(council: Council, in_redis: Mode) -> None:
    client, _user = council
    event = make_event({"A": 1})
    write_back()
    for page in (client.get(again(event), follow=True), client.post(again(event), follow=True)):
        assert told(page) == "The recording of this sale has not stopped."
    assert not LogEntry.objects.exists()


def test_whoever_only_looks_sees_the_cause_and_no_button(in_redis: Mode) -> None:
    client, _user = desk_of("council viewer")
    event = make_event({"A": 1})
    stop(event)
    page = client.get(STREAMS)
    assert "Stopped at decision" in text_of(page)
    assert again(event).encode() not in page.content
    assert client.post(again(event)).status_code == 403
    assert StreamPosition.objects.get().stopped_at is not None


def test_without_redis_the_page_tells_what_the_rows_know(
    council: Council, in_redis: Mode, redis_away: Away
) -> None:
    client, _user = council
    event, _other = make_event({"A": 1}, name="멈춘 공연"), make_event({"A": 1}, name="다른 공연")
    stop(event)
    with redis_away:
        page = client.get(STREAMS)
        assert client.get(again(event)).status_code == 200
    text = text_of(page)
    assert page.status_code == 200
    assert "멈춘 공연 cannot be asked now Stopped at decision" in text
    assert "다른 공연 cannot be asked now –" in text
