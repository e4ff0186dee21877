"""A script that cannot do all of its work does none of it."""

from typing import Any

import pytest

from festival.redis import at_each_master, sale
from tests.contract.doors import Door
from tests.factories import make_event, make_players, settle
from tests.rush.test_writeback import keys_of
from ticketing.allocation.rush.scripts import run
from ticketing.models import Event, Zone

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


def dump() -> dict[str, Any]:
    """Return everything that the sale's Redis holds, but tries."""
    return {
        str(key): sale().dump(key) for key in sorted(sale().scan_iter()) if not str(key).endswith(":tries")
    }


KEYS_OF_A_CLAIM = [
    "state",
    "stream",
    "live",
    "tickets",
    "first",
    "tries",
    "barred",
    "zone",
    "freed",
    "generations",
]


@pytest.mark.parametrize("name", KEYS_OF_A_CLAIM)
def test_a_key_of_a_wrong_type_stops_a_claim_with_nothing_done(event: Event, door: Door, name: str) -> None:
    (alice,) = make_players(["alice"])
    settle()
    keys = keys_of(event)
    zone = Zone.objects.get(event=event, name="A").pk
    key = {
        "zone": keys.of_zone(zone, "state"),
        "freed": keys.of_zone(zone, "freed"),
        "generations": keys.of_zone(zone, "generations"),
        **{part: keys.of_group(part) for part in ("state", "stream", "live", "tickets")},
        **{part: keys.of_event(event.pk, part) for part in ("first", "tries", "barred")},
    }[name]
    kept = sale().dump(key)
    sale().set(key, "not what it should be")
    before = dump()
    assert door.claim(alice, event.pk, "A").kind == "unavailable"
    assert dump() == before
    sale().delete(key)
    if kept:
        sale().restore(key, 0, kept)
    assert door.claim(alice, event.pk, "A").kind == "won"


def test_a_full_redis_refuses_claims_and_leaves_nothing_half_done(event: Event, door: Door) -> None:
    alice, bob = make_players(["alice", "bob"])
    assert door.claim(alice, event.pk, "A").kind == "won"
    at_each_master("config_set", "maxmemory-policy", "noeviction")
    at_each_master("config_set", "maxmemory", "1mb")
    try:
        assert door.claim(bob, event.pk, "A").kind == "unavailable"
        assert door.claim(alice, event.pk, "A").kind == "already_won"
    finally:
        at_each_master("config_set", "maxmemory", "0")
    told = door.claim(bob, event.pk, "A")
    assert (told.kind, told.body["number"], told.body["arrival"]) == ("won", 2, 2)


def test_a_server_that_has_forgotten_the_scripts_is_told_them_again(event: Event, door: Door) -> None:
    (alice,) = make_players(["alice"])
    settle()
    sale().script_flush()
    assert door.claim(alice, event.pk, "A").kind == "won"


def test_an_older_epoch_is_turned_away(event: Event, door: Door) -> None:
    (alice,) = make_players(["alice"])
    settle()
    sale().hset(keys_of(event).of_group("state"), "epoch", "99")
    assert door.claim(alice, event.pk, "A").kind == "unavailable"


def test_a_sale_that_is_being_restored_says_so(event: Event, door: Door) -> None:
    (alice,) = make_players(["alice"])
    settle()
    sale().hset(keys_of(event).of_group("state"), "recovering", "counters are behind")
    assert door.claim(alice, event.pk, "A").kind == "recovering"


def test_a_million_places_are_a_range(door: Door) -> None:
    event = make_event({"A": 0}, primed=False)
    settle()
    keys, zone = keys_of(event), Zone.objects.get(event=event)
    names = [keys.of_group("state"), keys.of_group("stream")]
    names += [keys.of_zone(zone.pk, name) for name in ("state", "freed", "removed")]
    assert run("zone", names, [1, str(event.pk), str(zone.pk), 1_000_000, 10_000]) == ["done", "1000000", "1"]
    assert sale().zcard(keys.of_zone(zone.pk, "freed")) == 0
