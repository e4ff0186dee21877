"""No crowd opens more connections than the settings say, and servers without room for them are named at the start."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from django.test import override_settings

from festival import embedded
from festival.connection_checks import postgresql_has_room, redis_has_room
from festival.redis import at_each_master, sale
from tests import valkeys
from tests.conftest import production_server
from tests.contract.doors import OverHttp
from tests.elsewhere import rows_at, sale_at
from tests.factories import Player, make_event, make_players, settle
from ticketing.models import Mode

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
EXPECTED_AT_ONCE = 40
PLAYERS = 3 * EXPECTED_AT_ONCE
# Of web servers with 2 processes of 4 threads, a loop, this process, and whoever looks.
MOST_ROWS, MOST_CLIENTS = 14, 24
RUNS = {"FESTIVAL_WORKER_PROCESSES": "1", "FESTIVAL_JOB_WORKERS": "0", "FESTIVAL_OTHER_CONNECTIONS": "1"}


@pytest.fixture
def tiny(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[embedded.Server, embedded.Server]]:
    """Run a PostgreSQL and a sale's Valkey that take hardly more connections than ours, with our tables."""
    monkeypatch.setitem(embedded.POSTGRES_SETTINGS, "max_connections", str(MOST_ROWS))
    local = os.environ.get("FESTIVAL_TEST_SERVERS") == "local"
    with ExitStack() as stack:
        rows = embedded.start_postgres(tmp_path / "postgres", synced=False, local=local)
        stack.callback(embedded.stop, rows, seconds=3)
        kept = [*valkeys.SALE, f"maxclients {MOST_CLIENTS}"]
        redis_server = valkeys.keep(stack, valkeys.start(tmp_path / "sale", lambda _port: kept))
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        env = {**os.environ, **RUNS, "DATABASE_URL": rows.url, "REDIS_URL": redis_server.url}
        subprocess.run(migrate, env=env, check=True, timeout=120)
        yield rows, redis_server


def crowd(door: OverHttp, players: list[Player], events: list[Any]) -> list[str]:
    """Let everybody press for each event, twice as many at once as are expected; return what they were told."""

    def press(player: Player) -> list[str]:
        return [door.claim(player, event.pk, "A").kind for event in events]

    with ThreadPoolExecutor(2 * EXPECTED_AT_ONCE) as pool:
        return [kind for kinds in pool.map(press, players) for kind in kinds]


@contextmanager
def highest(ask: Callable[[], int]) -> Iterator[list[int]]:
    """Ask for a number again and again while the block runs; the list holds the highest."""
    found, asking = [0], [True]

    def look() -> None:
        while asking[0]:
            found[0] = max(found[0], ask())

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        try:
            yield found
        finally:
            asking[0] = False
            looking.result()


def test_twice_the_expected_crowd_meets_no_server_with_too_many_clients(
    tiny: tuple[embedded.Server, embedded.Server], tmp_path: Path
) -> None:
    rows, redis_server = tiny
    there = {**RUNS, "DATABASE_URL": rows.url, "REDIS_URL": redis_server.url}
    with rows_at(rows.url), sale_at(redis_server.url), ExitStack() as stack:
        events = [make_event({"A": PLAYERS}, mode=mode) for mode in (Mode.DATABASE, Mode.REDIS)]
        players = make_players(PLAYERS)
        settle()
        observer = stack.enter_context(psycopg.connect(rows.url, autocommit=True))
        client = stack.enter_context(valkeys.client_of(redis_server))

        def backends() -> int:
            return len(observer.execute("SELECT FROM pg_stat_activity WHERE datname IS NOT NULL").fetchall())

        def clients() -> int:
            return int(client.info("clients")["connected_clients"])

        web = stack.enter_context(served(tmp_path / "one", there))
        with highest(backends) as most_backends, highest(clients) as most_clients:
            told = crowd(web, players, events)
        assert told == ["won"] * (PLAYERS * 2)
        assert 4 < most_backends[0] <= 2 * 4 + 2, "the pools of the web, this process and the observer"
        assert 4 < most_clients[0] <= 2 * 6 + 2
        assert refused(rows, client) == (False, 0)

        # The control: a second server whose connections nobody counted, and the same crowd.
        second = stack.enter_context(served(tmp_path / "two", there))
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda door: crowd(door, players, events), [web, second]))
        assert refused(rows, client)[0]


@contextmanager
def served(folder: Path, settings: dict[str, str]) -> Iterator[OverHttp]:
    """Run a web server with these settings; yield a door to it."""
    folder.mkdir()
    env = {name: value for name, value in settings.items() if name != "DATABASE_URL"}
    with production_server(folder, embedded.free_port(), DATABASE_URL=settings["DATABASE_URL"], **env) as (
        url,
        _,
    ):
        door = OverHttp(url)
        try:
            yield door
        finally:
            door.client.close()


def refused(rows: embedded.Server, client: "redis.Redis") -> tuple[bool, int]:
    """Return whether PostgreSQL has turned somebody away, and how many Redis has."""
    log = embedded.log_of(rows.folder).read_text(encoding="utf-8", errors="replace")
    few = "too many clients" in log or "remaining connection slots" in log
    return few, int(client.info("stats")["rejected_connections"])


def test_a_postgresql_without_room_is_refused_and_one_without_room_for_others_warned_of() -> None:
    assert postgresql_has_room(["default"]) == []
    with override_settings(WEB_PROCESSES=100):
        [found] = postgresql_has_room(["default"])
        assert (found.id, "ALTER SYSTEM SET max_connections = " in str(found.hint)) == ("festival.E009", True)
        with override_settings(PGBOUNCER=True):
            assert postgresql_has_room(["default"]) == []
    with override_settings(OTHER_CONNECTIONS=300):
        assert [found.id for found in postgresql_has_room(["default"])] == ["festival.W014"]
    with override_settings(WEB_THREADS=8):
        assert [found.id for found in postgresql_has_room(["default"])] == ["festival.W016"]


def test_a_redis_without_room_is_refused_and_one_without_room_for_others_warned_of(tmp_path: Path) -> None:
    with ExitStack() as stack:
        kept = [*valkeys.SALE, "maxclients 34"]
        server = valkeys.keep(stack, valkeys.start(tmp_path / "sale", lambda _port: kept))
        stack.enter_context(sale_at(server.url))
        assert redis_has_room(["default"]) == []
        with override_settings(OTHER_CONNECTIONS=11):
            [found] = redis_has_room(["default"])
            assert (found.id, "CONFIG SET maxclients 45" in str(found.hint)) == ("festival.W015", True)
        with override_settings(WEB_PROCESSES=4):
            assert [found.id for found in redis_has_room(["default"])] == ["festival.E010"]


def test_a_web_server_does_not_start_on_a_server_without_room(
    tiny: tuple[embedded.Server, embedded.Server], tmp_path: Path
) -> None:
    rows, redis_server = tiny
    env = {**RUNS, "REDIS_URL": redis_server.url, "FESTIVAL_WEB_PROCESSES": "9"}
    few = pytest.raises(AssertionError)
    with few as ended, production_server(tmp_path, embedded.free_port(), DATABASE_URL=rows.url, **env):
        pass
    assert "festival.E009" in str(ended.value)
    assert "festival.E010" in str(ended.value)


@pytest.mark.parametrize("run", [valkeys.pair, valkeys.cluster])
def test_threads_share_the_connections_to_a_redis_that_their_process_may_open(
    run: Callable[[Path], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("festival.redis.TURN_SECONDS", 60)  # one of forty may be let through after all others
    with run(tmp_path / "sale") as (url, _servers), sale_at(url, REDIS_POOL_SIZE=3):
        before = max(connected())
        with ThreadPoolExecutor(40) as pool:
            told = list(pool.map(lambda number: sale().set(f"{{one}}:{number}", number), range(2000)))
        assert all(told)
        assert max(connected()) <= before + 3


def connected() -> list[int]:
    return [int(found["connected_clients"]) for found in at_each_master("info", "clients")]
