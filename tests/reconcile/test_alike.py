"""A sale that is right has no differences, whatever has happened in it."""

from pathlib import Path

import pytest
from django.utils import timezone

from festival.redis import sale
from tests import valkeys
from tests.contract.acts import bar, end_offers, grant, resize, scan, void, wish
from tests.contract.doors import Door
from tests.elsewhere import sale_at
from tests.factories import make_event, make_players, make_student, settle
from tests.reconcile.comparing import assert_alike, assert_repaired
from tests.rush.test_writeback import keys_of
from ticketing.models import Mode, Promotion, Ticket

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("promotion", list(Promotion))
def test_after_everything_that_happens_in_a_sale_both_sides_are_alike(
    mode: Mode, door: Door, promotion: Promotion
) -> None:
    event = make_event({"A": 4, "B": 3}, waitlist_size=5, promotion=promotion)
    assert_alike(event)
    players = make_players(16)
    told = [door.claim(player, event.pk, "A", "B") for player in players[:14]]
    assert [answer.kind for answer in told] == ["won"] * 7 + ["waitlisted"] * 5 + ["sold_out"] * 2
    assert_alike(event)
    codes = [answer.body["ticket"] for answer in told[:7]]
    for number in (0, 4):
        assert door.cancel(players[number], codes[number]).kind == "cancelled"
    void(event, codes[1])
    assert_alike(event)
    settle()
    end_offers(event)
    settle()
    assert door.leave(players[11], event.pk).kind == "left"
    bar(event, players[13].student)
    resize(event, "A", 6)
    resize(event, "B", 2)
    grant(event, "A", make_student("bob"))
    settle()
    assert scan(codes[2]) == "admit"
    settle()
    assert_alike(event)
    for other in (Mode.DATABASE, Mode.REDIS, mode):
        wish(event, mode=other)
        door.claim(players[14], event.pk, "A")
        assert_alike(event)
    wish(event, closes_at=timezone.now())
    assert_alike(event)


def test_on_a_cluster_it_compares_and_repairs_too(in_redis: None, door: Door, tmp_path: Path) -> None:
    with valkeys.cluster(tmp_path / "sale") as (url, _servers), sale_at(url):
        event, [alice] = make_event({"A": 2}), make_players(["alice"])
        told = door.claim(alice, event.pk, "A")
        settle()
        assert_alike(event)
        ticket = Ticket.objects.get(code=told.body["ticket"])
        sale().hdel(keys_of(event).of_group("tickets"), ticket.code)
        assert_repaired(event, ("ticket_missing_in_redis", ticket.claim_id), ("holder", alice.student.pk))
        assert door.claim(alice, event.pk, "A").body["ticket"] == ticket.code
