"""PostgreSQL, its pool or Redis away: a clear 503 with Retry-After, and back by itself."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Flag

import httpx
import pytest
from django.conf import settings
from django.db import connection, transaction

from festival import embedded, processes
from festival.demo.supervisor import answers
from tests.conftest import test_database_url as database_url
from tests.contract.doors import headers_of
from tests.factories import make_event, make_players
from tests.faults import frozen_redis
from ticketing.allocation.turns import lock
from ticketing.models import Ticket

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
Start = Callable[..., httpx.Client]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Start]:
    """Start production servers with settings of a test's own."""
    running: list[subprocess.Popen[bytes]] = []
    clients: list[httpx.Client] = []

    def start(**env: str) -> httpx.Client:
        port, number = embedded.free_port(), len(running)
        command = [sys.executable, "-m", "granian", "festival.wsgi:application", "--interface", "wsgi"]
        command += ["--workers", "1", "--blocking-threads", "8", "--host", "127.0.0.1", "--port", str(port)]
        environment = {**os.environ, "DATABASE_URL": database_url(), "FESTIVAL_ROLE": "web"} | env
        log, record = tmp_path / f"{number}.log", tmp_path / f"{number}.json"
        running.append(processes.spawn(command, env=environment, log=log, record=record))
        url = f"http://127.0.0.1:{port}"
        assert processes.wait_until(lambda: answers(f"{url}/healthz"), 30), processes.last_lines(log)
        clients.append(httpx.Client(base_url=url, timeout=30))
        return clients[-1]

    yield start
    for client in clients:
        client.close()
    for process in running:
        processes.end(process, end_signal=signal.SIGTERM, seconds=5)


@contextmanager
def queue_held(group: object) -> Iterator[None]:
    """Hold the turn of a limit group in another connection, so that claims have to wait."""
    held, done = Flag(), Flag()

    def hold() -> None:
        try:
            with transaction.atomic():
                lock(group)  # type: ignore[arg-type]  # an event's key
                held.set()
                done.wait(30)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        assert held.wait(10)
        try:
            yield
        finally:
            done.set()
            holding.result()


def test_f8_an_exhausted_pool_is_a_clear_503_and_ends_by_itself(server: Start) -> None:
    client = server(FESTIVAL_POOL_SIZE="1")
    event = make_event({"A": 5})
    players = make_players(4)
    path, body = f"/api/events/{event.pk}/claims/", {"zones": ["A"]}
    client.get(f"/api/events/{event.pk}/")
    with ThreadPoolExecutor(4) as pool:
        with queue_held(event.pk):
            waiting = [
                pool.submit(client.post, path, json=body, headers=headers_of(player)) for player in players
            ]
            refused = [
                response
                for response in (task.result() for task in waiting[1:])
                if response.status_code == 503
            ]
            assert refused, "nobody was refused although one connection served four"
            assert client.get("/healthz").status_code == 200
        for response in refused:
            assert response.json()["code"] == "unavailable"
            assert int(response.headers["Retry-After"]) >= 1
        waiting[0].result()
    told = [client.post(path, json=body, headers=headers_of(player)).status_code for player in players]
    assert set(told) <= {200, 201}
    assert Ticket.objects.count() == 4


def test_postgresql_away_is_503_on_pages_and_documents(server: Start) -> None:
    nobody = f"postgresql://festival:x@127.0.0.1:{embedded.free_port()}/festival"
    client = server(DATABASE_URL=nobody)
    (alice,) = make_players(["alice"])
    event = make_event({"A": 1})
    told = client.post(f"/api/events/{event.pk}/claims/", json={"zones": ["A"]}, headers=headers_of(alice))
    assert (told.status_code, told.json()["code"]) == (503, "unavailable")
    assert told.headers["Retry-After"]
    page = client.get("/")
    assert page.status_code == 503
    assert page.headers["Retry-After"]
    assert "Retry" not in page.text
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["parts"]["postgresql"]) == (503, "away")
    assert client.get("/robots.txt").status_code == 200
    assert client.get("/nothing/").status_code == 404


def test_postgresql_that_comes_back_serves_again(server: Start, tmp_path: Path) -> None:
    local = os.environ.get("FESTIVAL_TEST_SERVERS") == "local"
    postgres = embedded.start_postgres(tmp_path / "postgres", synced=False, local=local)
    try:
        env = {"DATABASE_URL": postgres.url}
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(migrate, env=os.environ | env, check=True, timeout=120)
        client = server(**env)
        assert client.get("/").status_code == 200
        embedded.stop(postgres)
        for _seldom in range(3):  # the longer it is away the later it must not be noticed that it is back
            away = client.get("/api/events/?limit=7")
            assert (away.status_code, away.json()["code"]) == (503, "unavailable")
        assert client.get("/healthz").status_code == 200
        postgres = embedded.start_postgres(
            tmp_path / "postgres", port=postgres.port, synced=False, local=local
        )
        assert client.get("/api/events/?limit=8").status_code == 200
        assert client.get("/readyz").json()["parts"]["postgresql"] == "ok"
    finally:
        embedded.stop(postgres)


def test_redis_away_leaves_claims_of_mode_database_alone(server: Start) -> None:
    nobody = embedded.free_port()
    client = server(CACHE_URL=f"redis://127.0.0.1:{nobody}/1", REDIS_URL=f"redis://127.0.0.1:{nobody}/0")
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    told = client.post(f"/api/events/{event.pk}/claims/", json={"zones": ["A"]}, headers=headers_of(alice))
    assert told.status_code == 201
    session = client.get("/api/tickets/", headers=headers_of(alice))
    assert (session.status_code, session.json()["code"]) == (503, "unavailable")
    assert client.get(f"/events/{event.pk}/").status_code == 200


def test_redis_that_comes_back_serves_again(server: Start) -> None:
    client = server()
    (alice,) = make_players(["alice"])
    with frozen_redis(settings.CACHE_URL):
        assert client.get("/api/tickets/", headers=headers_of(alice)).status_code == 503
    assert client.get("/api/tickets/", headers=headers_of(alice)).status_code == 200
