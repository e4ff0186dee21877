"""A sale that is right has no differences, whatever has happened in it."""

import pytest
from django.utils import timezone

from tests.contract.acts import bar, end_offers, grant, resize, scan, void, wish
from tests.contract.doors import Door
from tests.factories import make_event, make_players, make_student, settle
from tests.reconcile.comparing import assert_alike
from ticketing.models import Mode, Promotion

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
