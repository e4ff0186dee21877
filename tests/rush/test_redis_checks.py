"""What `check --database default`, `migrate` and the start of the web find wrong with the real Redis servers."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from django.core.checks import CheckMessage
from django.test import override_settings

from festival import embedded, redis_checks
from festival.redis_checks import cache_is_fit, sale_is_fit
from festival.redis_wait import Wait
from tests import valkeys
from tests.conftest import production_server, test_database_url
from tests.elsewhere import sale_at

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
GOOD = {"appendonly": "yes", "appendfsync": "always", "maxmemory": "0", "maxmemory-policy": "noeviction"}
CAREFUL = {"FESTIVAL_REDIS_MAY_FORGET": "no"}


@pytest.fixture(autouse=True)
def forgetting_is_no_choice() -> Iterator[None]:
    with override_settings(REDIS_MAY_FORGET=False):
        yield


@pytest.fixture
def server(tmp_path: Path) -> Iterator[embedded.Server]:
    """Run one Valkey with good settings, where this process decides."""
    made = valkeys.start(tmp_path / "sale", lambda _port: valkeys.SALE)
    try:
        configure(made, GOOD)
        with sale_at(made.url):
            yield made
    finally:
        embedded.stop(made, seconds=3)


def configure(server: embedded.Server, values: Mapping[str, str]) -> None:
    with valkeys.client_of(server) as client:
        for name, value in values.items():
            client.config_set(name, value)


def ids(found: list[CheckMessage]) -> list[str]:
    return [str(message.id) for message in found]


WRONG = [
    (
        {"maxmemory": "200mb", "maxmemory-policy": "allkeys-lru"},
        "festival.E007",
        "maxmemory-policy noeviction",
    ),
    (
        {"maxmemory": "200mb", "maxmemory-policy": "volatile-ttl"},
        "festival.E007",
        "maxmemory-policy noeviction",
    ),
    ({"appendonly": "no"}, "festival.E008", "appendonly yes appendfsync always"),
    ({"appendfsync": "no"}, "festival.E008", "appendonly yes appendfsync always"),
    ({"appendfsync": "everysec"}, "festival.W009", "appendfsync always"),
]


@pytest.mark.parametrize(("values", "name", "helps"), WRONG)
def test_a_dangerous_setting_is_named_and_the_command_beside_it_helps(
    values: dict[str, str], name: str, helps: str, server: embedded.Server
) -> None:
    assert sale_is_fit(["default"]) == []
    configure(server, values)
    [found] = sale_is_fit(["default"])
    assert found.id == name
    assert f"127.0.0.1:{server.port}" in found.msg
    assert found.hint is not None
    assert f"redis-cli -h 127.0.0.1 -p {server.port} CONFIG SET {helps}" in found.hint
    assert valkeys.PASSWORD not in found.msg + found.hint
    with valkeys.client_of(server) as client:
        client.execute_command(*f"CONFIG SET {helps}".split())
    assert sale_is_fit(["default"]) == []


def test_who_accepts_a_loss_is_warned_of_a_missing_file_but_eviction_is_refused(
    server: embedded.Server,
) -> None:
    with override_settings(REDIS_MAY_FORGET=True):
        configure(server, {"appendonly": "no"})
        assert ids(sale_is_fit(["default"])) == ["festival.W008"]
        configure(server, {"maxmemory": "200mb", "maxmemory-policy": "allkeys-lru"})
        assert ids(sale_is_fit(["default"])) == ["festival.E007"]


def test_a_server_that_tells_nobody_its_configuration_is_unknown_but_for_what_info_says(
    server: embedded.Server,
) -> None:
    forbid(server, "-config")
    with sale_at(f"redis://asking:pw@127.0.0.1:{server.port}/0"):
        assert ids(sale_is_fit(["default"])) == ["festival.W010"]
        configure(server, {"appendonly": "no"})
        assert ids(sale_is_fit(["default"])) == ["festival.E008"]
        configure(server, {"maxmemory": "200mb", "maxmemory-policy": "allkeys-lru"})
        assert ids(sale_is_fit(["default"])) == ["festival.E007"]


def forbid(server: embedded.Server, *rules: str) -> None:
    """Make a user of the server who may do everything else."""
    with valkeys.client_of(server) as client:
        client.execute_command("ACL SETUSER", "asking", "on", ">pw", "~*", "&*", "+@all", *rules)


def test_a_version_that_does_not_know_our_commands_is_refused(
    server: embedded.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_checks, "OLDEST_REDIS", (99, 0))
    [found] = sale_is_fit(["default"])
    assert (found.id, "Redis 7 or newer" in found.msg) == ("festival.E005", True)
    assert redis_checks.version_of({"redis_version": "6.2.14"}) < (7, 0)
    monkeypatch.undo()
    monkeypatch.setattr(redis_checks, "OLDEST_WITH_WAITAOF", (99, 0))
    with override_settings(REDIS_WAIT=Wait.REPLICA_FILE):
        assert "festival.E006" in ids(sale_is_fit(["default"]))


def test_a_replica_that_is_waited_for_must_be_there_and_sync_at_once(tmp_path: Path) -> None:
    with valkeys.pair(tmp_path / "sale") as (url, (master, replica)):
        configure(master, GOOD)
        with sale_at(url, REDIS_WAIT=Wait.REPLICA):
            assert sale_is_fit(["default"]) == []
        with sale_at(url, REDIS_WAIT=Wait.REPLICA_FILE):
            [found] = sale_is_fit(["default"])
            assert (found.id, f"127.0.0.1:{replica.port}" in found.msg) == ("festival.W012", True)
            configure(replica, GOOD)
            assert sale_is_fit(["default"]) == []
            embedded.stop(replica)
            assert ids(sale_is_fit(["default"])) == ["festival.W011"]
        with sale_at(url):
            assert sale_is_fit(["default"]) == []


def test_every_master_of_a_cluster_is_asked(tmp_path: Path) -> None:
    with valkeys.cluster(tmp_path / "sale") as (url, servers), sale_at(url):
        for server in servers:
            configure(server, GOOD)
        assert sale_is_fit(["default"]) == []
        for server, change in zip(servers, ("everysec", "always", "no"), strict=True):
            configure(server, {"appendfsync": change})
        found = {str(message.id): message.msg for message in sale_is_fit(["default"])}
        assert sorted(found) == ["festival.E008", "festival.W009"]
        assert f"127.0.0.1:{servers[0].port}" in found["festival.W009"]
        assert f"127.0.0.1:{servers[2].port}" in found["festival.E008"]


def test_a_server_that_is_away_is_a_warning(server: embedded.Server) -> None:
    embedded.stop(server)
    assert ids(sale_is_fit(["default"])) == ["festival.W005"]
    with override_settings(CACHE_URL=f"redis://127.0.0.1:{embedded.free_port()}/0"):
        assert ids(cache_is_fit(["default"])) == ["festival.W005"]
    assert sale_is_fit([]) == sale_is_fit(None) == [], "nobody asked for the servers' checks"


def test_a_cache_that_cannot_make_room_is_warned_of_but_not_the_sales_own_server(
    server: embedded.Server, tmp_path: Path
) -> None:
    full = {"maxmemory": "200mb", "maxmemory-policy": "noeviction"}
    configure(server, full)
    with override_settings(CACHE_URL=server.url.removesuffix("/0") + "/1"):
        assert cache_is_fit(["default"]) == []
    cache = embedded.start_valkey(tmp_path / "cache", durable=False)
    try:
        with override_settings(CACHE_URL=cache.url):
            assert cache_is_fit(["default"]) == []
            configure(cache, full)
            assert ids(cache_is_fit(["default"])) == ["festival.W013"]
    finally:
        embedded.stop(cache)


def test_a_web_server_does_not_start_where_a_check_refuses(server: embedded.Server, tmp_path: Path) -> None:
    configure(server, {"maxmemory": "200mb", "maxmemory-policy": "allkeys-lru"})
    there = {**CAREFUL, "REDIS_URL": server.url}
    with pytest.raises(AssertionError) as refused, production_server(tmp_path, embedded.free_port(), **there):
        pass
    assert "festival.E007" in str(refused.value)
    configure(server, GOOD)
    with production_server(tmp_path, embedded.free_port(), **there):
        pass


def test_the_commands_say_it_too(server: embedded.Server) -> None:
    configure(server, {"appendonly": "no"})
    for words in (["check", "--database", "default"], ["migrate", "--plan"]):
        ended = manage(*words, REDIS_URL=server.url)
        assert ended.returncode == 1
        assert "festival.E008" in ended.stderr
    configure(server, GOOD)
    assert manage("check", "--database", "default", REDIS_URL=server.url).returncode == 0


def manage(*words: str, **changes: str) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, "DATABASE_URL": test_database_url(), **CAREFUL, **changes}
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
