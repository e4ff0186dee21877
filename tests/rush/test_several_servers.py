"""The sale on a cluster and behind Sentinels: claims over HTTP on the production server, clock and durability."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.test import override_settings
from redis.crc import key_slot

from festival import embedded
from festival.checks import cache_is_elsewhere
from festival.redis import at_each_master
from festival.redis_address import Kind
from tests import valkeys
from tests.conftest import clients_of, production_server
from tests.contract.doors import OverHttp
from tests.elsewhere import sale_at
from tests.factories import make_event, make_players, settle
from ticketing.allocation.rush.durability import Durability, durability
from ticketing.models import Event, Festival, Ticket

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
THIRDS = 3
DURABLE = (("appendonly", "yes"), ("appendfsync", "always"), ("maxmemory", "0"))


@pytest.fixture(params=[Kind.CLUSTER, Kind.SENTINEL])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Run a cluster, or a master with Sentinels; both decide in this process too."""
    run = valkeys.cluster if request.param == Kind.CLUSTER else valkeys.sentinels
    with run(tmp_path / "sale") as (url, _servers), sale_at(url):
        yield url


def festivals_apart() -> list[Festival]:
    """Make three festivals whose keys are in different thirds of a cluster's slots: on three masters."""

    def key_in(third: int) -> UUID:
        while True:
            key = uuid4()
            if key_slot(str(key).encode()) * THIRDS // valkeys.SLOTS == third:
                return key

    return [Festival.objects.create(pk=key_in(third), name=f"축제 {third}") for third in range(THIRDS)]


def press_over_http(folder: Path, url: str, events: list[Event]) -> list[list[str]]:
    """Press three times for each event through a production server at that address; return the answers."""
    players = make_players(["alice", "bob", "charlie"])
    settle()
    secret = {"FESTIVAL_SENTINEL_PASSWORD": valkeys.PASSWORD} if "+sentinel" in url else {}
    with production_server(folder, embedded.free_port(), REDIS_URL=url, **secret) as (web, _process):
        door = OverHttp(web)
        told = [[door.claim(player, event.pk, "A").kind for player in players] for event in events]
        with clients_of(web) as live:
            parts = live.client().get("/readyz").json()["parts"]
            clock = live.client().get(f"/api/clock/?event={events[0].pk}")
        door.client.close()
    assert (parts["redis_sale"], parts["durability"]) == ("ok", "everysec")
    assert clock.status_code == 200
    return told


def test_claims_are_decided_where_the_address_leads(address: str, tmp_path: Path) -> None:
    for name, value in (("appendonly", "yes"), ("appendfsync", "everysec")):
        at_each_master("config_set", name, value)
    events = [make_event({"A": 2}, festival=festival) for festival in festivals_apart()]
    assert press_over_http(tmp_path, address, events) == [["won", "won", "sold_out"]] * THIRDS
    settle()
    assert sorted(Ticket.objects.values_list("event", "number")) == sorted(
        (event.pk, number) for event in events for number in (1, 2)
    )


def test_a_cache_in_the_sales_database_is_found_whatever_leads_there(address: str) -> None:
    host, port = sale_server()
    assert cache_is_elsewhere(["default"]) == []
    with override_settings(CACHE_URL=f"redis://:{valkeys.PASSWORD}@{host}:{port}/0"):
        assert [found.id for found in cache_is_elsewhere(["default"])] == ["festival.E003"]


def sale_server() -> tuple[str, int]:
    """Return a master as its configuration names it."""
    [port, *_others] = [found["port"] for found in at_each_master("config_get", "port")]
    return "localhost", int(port)


def test_the_least_durable_master_counts(tmp_path: Path) -> None:
    with valkeys.cluster(tmp_path / "sale") as (url, servers), sale_at(url):
        for name, value in DURABLE:
            at_each_master("config_set", name, value)
        assert durability() is Durability.ALWAYS
        with valkeys.client_of(servers[2]) as third:
            third.config_set("appendfsync", "everysec")
            assert durability() is Durability.SECOND
            third.config_set("appendonly", "no")
            assert durability() is Durability.NONE
            third.config_set("maxmemory-policy", "allkeys-lru")
            third.config_set("maxmemory", "100mb")
            assert durability() is Durability.EVICTING
