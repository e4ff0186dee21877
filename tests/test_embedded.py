"""The embedded servers: they keep their data, take only their password, and never outlive us unnoticed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from festival import embedded, processes
from festival.embedded import Server

ORPHAN = """
import sys, time
from pathlib import Path
from festival import embedded
server = embedded.start_valkey(Path(sys.argv[1]), durable=True)
print(server.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Server]:
    server = embedded.start_valkey(tmp_path / "sale", durable=True)
    yield server
    embedded.stop(server)


def client_of(server: Server) -> redis.Redis:
    return redis.Redis.from_url(server.url, decode_responses=True)


def test_postgres_keeps_its_data_and_password_over_a_restart(tmp_path: Path) -> None:
    first = embedded.start_postgres(tmp_path / "postgres", synced=False)
    with psycopg.connect(first.url) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('대동제')")
    embedded.stop(first)
    assert not processes.is_alive(first.pid, 0)
    second = embedded.start_postgres(tmp_path / "postgres", port=first.port, synced=False)
    try:
        assert second.url == first.url
        with psycopg.connect(second.url) as connection:
            row = connection.execute(
                "SELECT word, current_setting('max_connections'), current_setting('server_encoding') FROM kept"
            ).fetchone()
        assert row == ("대동제", "300", "UTF8")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(second.url, password="guessed")
    finally:
        embedded.stop(second)


def test_postgres_comes_back_on_its_port_after_kill_9(tmp_path: Path) -> None:
    killed = embedded.start_postgres(tmp_path / "postgres")
    with psycopg.connect(killed.url) as connection:
        connection.execute("CREATE TABLE kept (word text)")
    os.kill(killed.pid, signal.SIGKILL)
    killed.process.wait()
    again = embedded.start_postgres(tmp_path / "postgres", port=killed.port)
    try:
        with psycopg.connect(again.url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    finally:
        embedded.stop(again)


def test_the_sale_survives_kill_9_after_every_answer(tmp_path: Path) -> None:
    killed = embedded.start_valkey(tmp_path / "sale", durable=True)
    client_of(killed).set("claim", "won")
    os.kill(killed.pid, signal.SIGKILL)
    killed.process.wait()
    again = embedded.start_valkey(tmp_path / "sale", durable=True, port=killed.port)
    try:
        assert client_of(again).get("claim") == "won"
    finally:
        embedded.stop(again)


def test_the_sale_never_evicts_and_syncs_every_write(valkey: Server) -> None:
    config = client_of(valkey).config_get("*")
    assert config["appendonly"] == "yes"
    assert config["appendfsync"] == "always"
    assert config["maxmemory-policy"] == "noeviction"


def test_the_cache_may_forget_and_keeps_nothing_on_disk(tmp_path: Path) -> None:
    server = embedded.start_valkey(tmp_path / "cache", durable=False)
    try:
        config = client_of(server).config_get("*")
        assert (config["appendonly"], config["save"]) == ("no", "")
        assert (config["maxmemory"], config["maxmemory-policy"]) == (str(256 * 1024**2), "allkeys-lru")
    finally:
        embedded.stop(server)


def test_valkey_refuses_whoever_has_no_password(valkey: Server) -> None:
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=valkey.port).ping()
    assert (valkey.folder / "password").stat().st_mode & 0o077 == 0
    assert (valkey.folder / "server.conf").stat().st_mode & 0o077 == 0


def start_orphan(folder: Path) -> tuple[subprocess.Popen[str], int]:
    """Start a process that starts a server; return both."""
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHAN, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    assert parent.stdout is not None
    with parent.stdout as lines:
        return parent, int(lines.readline())


def test_a_server_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    parent, pid = start_orphan(tmp_path / "sale")
    try:
        with pytest.raises(embedded.ServerInUse):
            embedded.start_valkey(tmp_path / "sale", durable=True)
        assert processes.born(pid)
    finally:
        parent.kill()
        parent.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_a_server_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    parent, pid = start_orphan(tmp_path / "sale")
    parent.kill()
    parent.wait()
    assert processes.wait_until(lambda: processes.born(pid) is None, 5)


def test_a_server_left_over_is_ended_by_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where no kernel ends it: the record says that whoever started it is gone."""
    left = embedded.start_valkey(tmp_path / "sale", durable=True)
    client_of(left).set("claim", "won")
    monkeypatch.setattr(os, "getpid", lambda: 1 << 22)  # a pid that no process has
    processes.write_record(embedded.record_of(left.folder), left.pid)
    monkeypatch.undo()
    again = embedded.start_valkey(tmp_path / "sale", durable=True)
    try:
        assert left.process.wait(timeout=5) == 0
        assert client_of(again).get("claim") == "won"
    finally:
        embedded.stop(again)


def test_a_pid_that_belongs_to_somebody_else_by_now_is_not_touched(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as innocent:
        record = tmp_path / "server.json"
        record.write_text(f'{{"pid": {innocent.pid}, "born": 1.0, "parent": 1, "parent_born": 1.0}}')
        assert processes.end_stale(record, end_signal=signal.SIGTERM) is None
        assert innocent.poll() is None
        innocent.kill()


def test_a_lock_file_of_postgres_with_a_pid_of_another_program_is_forgotten(tmp_path: Path) -> None:
    stale, live = tmp_path / "postmaster.pid", tmp_path / "none"
    stale.write_text(f"{os.getpid()}\n/somewhere\n")
    embedded.forget_dead_postmaster(stale)
    embedded.forget_dead_postmaster(live)
    assert not stale.exists()


def test_a_failed_start_shows_what_the_server_said(tmp_path: Path, valkey: Server) -> None:
    with pytest.raises(embedded.EmbeddedError, match="Address already in use"):
        embedded.start_valkey(tmp_path / "other", durable=True, port=valkey.port)
