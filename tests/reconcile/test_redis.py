"""Redis and the rows say different things, planted one by one: repaired by the side that is right, and recorded."""

from collections.abc import Callable

import pytest

from tests.contract.doors import Door
from tests.factories import make_event, make_players, settle
from tests.reconcile.comparing import assert_alike, assert_repaired
from tests.reconcile.planted import IN_REDIS, IN_ROWS, Expected, World
from ticketing.models import (
    Place,
    Repair,
    SaleCounter,
    Ticket,
    Zone,
)

pytestmark = [
    pytest.mark.servers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("in_redis"),
]


def assert_as_it_was(world: World, door: Door) -> None:
    """See that everybody has what they were told, and that the sale goes on as it would have."""
    again = [door.claim(player, world.event.pk, "A") for player in world.players[:6]]
    assert [answer.kind for answer in again] == ["already_won"] * 3 + ["waitlisted"] * 2 + ["sold_out"]
    for told, now in zip(world.told, again, strict=True):
        assert {name: now.body.get(name) for name in ("ticket", "number", "arrival", "position")} == {
            name: told.body.get(name) for name in ("ticket", "number", "arrival", "position")
        }
    assert door.cancel(world.players[1], world.told[1].body["ticket"]).kind == "cancelled"
    assert door.mine(world.players[3], world.event.pk).body["number"] == 2
    assert door.claim(world.players[6], world.event.pk, "A").body["arrival"] == 7
    settle()
    assert_alike(world.event)


@pytest.mark.parametrize("plant", IN_REDIS, ids=lambda plant: plant.__name__)
def test_what_redis_has_otherwise_is_built_anew_from_the_rows(
    world: World, door: Door, plant: Callable[[World], list[Expected]]
) -> None:
    rows = list(Ticket.objects.order_by("pk").values())
    epoch = SaleCounter.objects.get(group=world.event.pk).epoch
    assert_repaired(world.event, *plant(world))
    assert list(Ticket.objects.order_by("pk").values()) == rows, "the rows were right"
    assert SaleCounter.objects.get(group=world.event.pk).epoch == epoch + 1
    assert {repair.after for repair in Repair.objects.all()} == {"built anew from the rows"}
    assert_as_it_was(world, door)


@pytest.mark.parametrize(("plant", "settled"), IN_ROWS, ids=lambda it: getattr(it, "__name__", ""))
def test_rows_that_lack_what_the_stream_tells_follow_it(
    world: World, door: Door, plant: Callable[[World], list[Expected]], settled: tuple[str, ...]
) -> None:
    epoch = SaleCounter.objects.get(group=world.event.pk).epoch
    assert_repaired(world.event, *plant(world), settled=settled)
    assert SaleCounter.objects.get(group=world.event.pk).epoch == epoch, "Redis was right"
    assert_as_it_was(world, door)


def test_a_free_place_whose_row_is_lost_is_made_again(door: Door) -> None:
    event = make_event({"A": 3})
    Place.objects.get(number=3).delete()
    zone = Zone.objects.get(event=event).pk
    settled = ("zone_capacity",)
    assert_repaired(event, ("place_missing_in_rows", f"{zone} 3"), ("zone_capacity", zone), settled=settled)
    told = [door.claim(player, event.pk, "A") for player in make_players(3)]
    assert [answer.body["number"] for answer in told] == [1, 2, 3]
