"""Nobody writes back while everything happens to a sale; afterwards rows, Redis and what clients were told agree."""

from collections.abc import Iterator
from typing import Any

import pytest

from festival.redis import sale
from tests.conftest import Live
from tests.contract.acts import bar, grant, void
from tests.contract.doors import Answer, OverHttp
from tests.factories import Player, make_event, make_players, settle
from tests.rush.test_writeback import keys_of
from ticketing.allocation.priming import prime
from ticketing.models import LIVE, Bar, Claim, Event, Place, Ticket, WaitingEntry, Zone

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
NAMES = ["alice", "bob", "charlie", "dora", "erin", "frank", "grace", "henry", "iris"]


@pytest.fixture
def http(live: Live) -> Iterator[OverHttp]:
    door = OverHttp(live.url)
    yield door
    door.client.close()


def carried(event: Event, capacity: int | None = None, **fields: Any) -> None:
    """Let the council want something else, and the loop carry it; the rows stay behind."""
    if capacity is not None:
        Zone.objects.filter(event=event).update(capacity=capacity)
    Event.objects.filter(pk=event.pk).update(**fields)
    while prime():
        pass


def play(event: Event, http: OverHttp, players: dict[str, Player]) -> dict[str, Answer]:
    """Let everything happen; return what each player was told last."""

    def press(*names: str) -> dict[str, Answer]:
        return {name: http.claim(players[name], event.pk, "A") for name in names}

    log = press("alice", "bob", "charlie", "dora", "erin", "frank", "grace")
    assert [answer.kind for answer in log.values()] == ["won"] * 3 + ["waitlisted"] * 4
    assert http.cancel(players["alice"], log["alice"].body["ticket"]).kind == "cancelled"
    void(event, log["bob"].body["ticket"])
    bar(event, players["frank"].student)
    assert grant(event, "A", players["henry"].student) == "sold_out"
    carried(event, 6)
    assert (grant(event, "A", players["henry"].student), grant(event, "A", guest="축하 공연 팀")) == (
        "granted",
    ) * 2
    assert http.cancel(players["charlie"], log["charlie"].body["ticket"]).kind == "cancelled"
    carried(event, 4)
    carried(event, paused=True, pause_reason="비")
    log |= press("alice", "bob", "iris")
    assert [log[name].kind for name in ("alice", "bob", "iris")] == ["paused", "barred", "paused"]
    return log


def test_rows_redis_and_the_clients_log_agree_once_the_rows_have_followed(http: OverHttp) -> None:
    event = make_event({"A": 3}, waitlist_size=4)
    players = dict(zip(NAMES, make_players(NAMES), strict=True))
    settle()
    log = play(event, http, players)
    assert (Ticket.objects.count(), Claim.objects.count(), WaitingEntry.objects.count()) == (0, 0, 0)
    told = {name: http.mine(player, event.pk).body for name, player in players.items()}
    settle()
    assert {name: http.mine(player, event.pk).body for name, player in players.items()} == told
    compare(event, log, told)


def compare(event: Event, log: dict[str, Answer], told: dict[str, dict[str, Any]]) -> None:
    """See that the three say the same."""
    tickets = Ticket.objects.filter(event=event).select_related("student")
    for name, answer in log.items():
        if answer.kind == "won":
            row = tickets.get(code=answer.body["ticket"])
            assert (row.number, row.arrival) == (answer.body["number"], answer.body["arrival"]), name
    live = {row.student.name: row for row in tickets if row.status in LIVE and row.student}
    assert live.keys() == {name for name, body in told.items() if body.get("outcome") == "won"}
    assert {name: (row.code, row.number, row.arrival) for name, row in live.items()} == {
        name: (told[name]["ticket"], told[name]["number"], told[name]["arrival"]) for name in live
    }
    keys = keys_of(event)
    lines = {
        str(code): str(line).split("|") for code, line in sale().hgetall(keys.of_group("tickets")).items()
    }
    assert {code: (line[1], line[5], line[6]) for code, line in lines.items()} == {
        row.code: (row.status, str(row.number), str(row.generation)) for row in tickets
    }
    places = Place.objects.filter(zone__event=event)
    taken = {row.number for row in tickets if row.status in LIVE}
    assert {place.number for place in places if not place.free} == taken
    assert set(Bar.objects.filter(event=event).values_list("student__name", flat=True)) == {"bob", "frank"}
