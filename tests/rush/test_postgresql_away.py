"""PostgreSQL is killed, away, and restored to an older state in the middle of a sale that Redis decides.

A server of the test's own, with web server, writer and priming loop as processes that live through it.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import connection

from festival import embedded, processes
from tests.conftest import production_server
from tests.contract.doors import Answer, OverHttp
from tests.contract.test_crowds import assert_promises_kept
from tests.elsewhere import rows_at
from tests.ending import kill, worker
from tests.factories import Player, make_event, make_players
from tests.rush.following import acknowledged, last_number, position, written
from tests.rush.test_writeback import keys_of
from tests.rush.writers import PATIENCE
from ticketing.models import Event, Recovery, Ticket

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
CROWD, PLACES = 60, 40
LOCAL = os.environ.get("FESTIVAL_TEST_SERVERS") == "local"


@dataclass
class Rows:
    """A PostgreSQL that can be killed, started again with what it had, and with what it had before."""

    server: embedded.Server

    @property
    def copy(self) -> Path:
        return self.server.folder / "copy"

    @property
    def data(self) -> Path:
        return self.server.folder / "data"

    def start(self) -> None:
        folder, port = self.server.folder, self.server.port
        self.server = embedded.start_postgres(folder, port=port, synced=False, local=LOCAL)

    def kill(self) -> None:
        """Kill the postmaster, and wait until its last backend has noticed."""
        connection.close()
        kill(self.server.process)
        assert processes.wait_until(lambda: not processes.group(self.server.process.pid), PATIENCE)

    def remember(self) -> None:
        """Copy everything, as a backup does, while the server does not run."""
        connection.close()
        embedded.stop(self.server, seconds=PATIENCE)
        copy(self.data, self.copy)
        self.start()

    def restore(self) -> None:
        """Put the copy in the place of what was there when the server was killed."""
        shutil.rmtree(self.data)
        self.copy.rename(self.data)
        self.start()


def copy(folder: Path, there: Path) -> None:
    """Copy a folder with whom its files belong to."""
    subprocess.run(["/bin/cp", "-a", str(folder), str(there)], check=True)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the folder of a PostgreSQL with our tables, that does not run."""
    folder = tmp_path_factory.mktemp("template") / "postgres"
    server = embedded.start_postgres(folder, synced=False, local=LOCAL)
    try:
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        env = {**os.environ, "DATABASE_URL": server.url, "FESTIVAL_ROLE": "command"}
        subprocess.run(migrate, env=env, check=True, timeout=120)
    finally:
        embedded.stop(server, seconds=PATIENCE)
    return folder


@pytest.fixture
def rows(template: Path, tmp_path: Path, transactional_db: None) -> Iterator[Rows]:
    """Run a PostgreSQL of the test's own, with our tables, that this process reads too."""
    copy(template, tmp_path / "postgres")
    made = Rows(embedded.start_postgres(tmp_path / "postgres", synced=False, local=LOCAL))
    try:
        with rows_at(made.server.url):
            yield made
    finally:
        embedded.stop(made.server, seconds=3)


@pytest.fixture
def http(rows: Rows, tmp_path: Path) -> Iterator[OverHttp]:
    with production_server(tmp_path, embedded.free_port(), DATABASE_URL=rows.server.url) as (url, _process):
        door = OverHttp(url)
        yield door
        door.client.close()


@pytest.fixture
def loops(rows: Rows, tmp_path: Path) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Run writer and priming loop; whatever happens to PostgreSQL, they live and end kindly."""
    with ExitStack() as stack:
        commands = (["writeback"], ["prime", "--forever"])
        made = [stack.enter_context(worker(tmp_path, *words, rows=rows.server.url)) for words in commands]
        yield made
        assert [process.poll() for process in made] == [None, None], "a loop has died"
        for process in made:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(timeout=10) for process in made] == [0, 0]


@pytest.fixture
def event(rows: Rows) -> Event:
    return make_event({"A": PLACES})


@pytest.fixture
def players(event: Event) -> list[Player]:
    return make_players(CROWD)


def press(http: OverHttp, event: Event, players: Sequence[Player]) -> list[Answer]:
    return [http.claim(player, event.pk, "A") for player in players]


def finish(event: Event) -> None:
    """Wait until the rows have followed, and see that they say what the stream says."""
    keys = keys_of(event)
    assert processes.wait_until(lambda: position(keys) == last_number(keys), PATIENCE), position(keys)
    assert written(keys) == acknowledged(keys)


def test_a_sale_goes_on_while_postgresql_is_away_and_the_rows_follow_when_it_is_back(
    rows: Rows, http: OverHttp, loops: list["subprocess.Popen[bytes]"], event: Event, players: list[Player]
) -> None:
    told = press(http, event, players[:20])
    assert processes.wait_until(lambda: Ticket.objects.count() == 20, PATIENCE)
    told += press(http, event, players[20:30])
    rows.kill()  # perhaps in the middle of a batch
    told += press(http, event, players[30:])
    ready = http.client.get("/readyz")
    assert (ready.status_code, ready.json()["parts"]["postgresql"]) == (200, "away")
    again = http.claim(players[0], event.pk, "A")
    assert again.body["ticket"] == told[0].body["ticket"], "what was won before is known meanwhile"
    rows.start()
    finish(event)
    assert Counter(answer.kind for answer in told) == {"won": PLACES, "sold_out": CROWD - PLACES}
    assert_promises_kept(event, told)
    assert processes.wait_until(lambda: http.client.get("/readyz").json()["parts"]["writeback"] == "ok", 10)


def test_a_postgresql_restored_to_an_older_state_follows_the_stream_again(
    rows: Rows, http: OverHttp, loops: list["subprocess.Popen[bytes]"], event: Event, players: list[Player]
) -> None:
    told = press(http, event, players[:10])
    assert processes.wait_until(lambda: Ticket.objects.count() == 10, PATIENCE)
    before = position(keys_of(event))
    rows.remember()
    told += press(http, event, players[10:25])
    told += [http.cancel(players[0], told[0].body["ticket"])]
    finish(event)
    rows.kill()
    told += press(http, event, players[25:35])
    rows.restore()
    told += press(http, event, players[35:])
    finish(event)
    assert position(keys_of(event)) > before + 25
    assert told.pop(25).kind == "cancelled"
    assert Counter(answer.kind for answer in told) == {"won": PLACES + 1, "sold_out": CROWD - PLACES - 1}
    live = set(Ticket.objects.filter(status="held").values_list("code", flat=True))
    assert live == {answer.body["ticket"] for answer in told[1:] if answer.kind == "won"}
    assert not Recovery.objects.exists(), "nothing was lost"


def test_a_writer_killed_while_postgresql_is_away_is_followed_by_one_that_goes_on_there(
    rows: Rows, http: OverHttp, event: Event, players: list[Player], tmp_path: Path
) -> None:
    with worker(tmp_path, "writeback", rows=rows.server.url) as first:
        told = press(http, event, players[:30])
        rows.kill()
        told += press(http, event, players[30:45])
        kill(first)
    told += press(http, event, players[45:])
    rows.start()
    with worker(tmp_path, "writeback", rows=rows.server.url):
        finish(event)
    assert_promises_kept(event, told)
