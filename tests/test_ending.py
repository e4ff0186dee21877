"""SIGTERM ends web server and workers within ten seconds, and what they have begun is finished first.

Each test has a control that kills instead, or asks in another way, and shows what would be missing.
"""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from django.conf import settings

from accounts.models import MailState, OutgoingMail
from festival import embedded, processes
from tests.accounts.mails import queue_codes
from tests.accounts.smtp import MailServer
from tests.conftest import ROOT, production_server
from tests.conftest import test_database_url as database_url
from tests.contract.doors import Answer, InProcess, OverHttp
from tests.ending import PROMISED_SECONDS, connections, kill, refuses, visitors, worker
from tests.factories import make_event, make_players, mode_of_events, settle
from tests.faults import frozen_sale
from tests.rush.following import acknowledged, last_number, position, written
from tests.rush.test_writeback import keys_of
from tests.rush.test_writeback_killed import make_crowd, play, press
from tests.rush.writers import PATIENCE, held, standing, wait_for
from ticketing import writeback
from ticketing.allocation.rush.keys import Keys
from ticketing.models import Claim, Event, Mode, Place, Ticket, ZoneState

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
LetGo = Callable[[], None]
PRESSES = 20
COUNTER = "SELECT 1 FROM ticketing_salecounter FOR NO KEY UPDATE"
ASK, KILL = signal.SIGTERM, signal.SIGKILL


@contextmanager
def mode_is(mode: Mode) -> Iterator[None]:
    token = mode_of_events.set(mode)
    yield
    mode_of_events.reset(token)


@contextmanager
def postgresql_stands() -> Iterator[LetGo]:
    """Let presses of mode `database` wait for their turn until the block lets go."""
    with held(COUNTER) as holder:
        yield holder.rollback


STANDING = {Mode.DATABASE: postgresql_stands, Mode.REDIS: frozen_sale}


def told(asked: "list[Future[Answer]]") -> list[Answer | None]:
    """Return what each press was answered, None where its connection ended without an answer."""
    broken = [future.exception() for future in asked]
    assert all(error is None or isinstance(error, httpx.TransportError) for error in broken), broken
    return [None if future.exception() else future.result() for future in asked]


@contextmanager
def opened(url: str) -> Iterator[OverHttp]:
    door = OverHttp(url)
    try:
        yield door
    finally:
        door.client.close()


def press_and_end(mode: Mode, folder: Path, number: signal.Signals) -> tuple[Event, list[Answer | None], int]:
    """Let presses wait in the web server, send it a signal, and let them go on when nobody is let in any more."""
    with mode_is(mode):
        event, players = make_event({"A": PRESSES // 2}), make_players(PRESSES)
    port = embedded.free_port()
    with (
        production_server(folder, port) as (url, process),
        opened(url) as door,
        ThreadPoolExecutor(PRESSES) as pool,
    ):
        with STANDING[mode]() as let_go:
            asked = [pool.submit(door.claim, player, event.pk, "A") for player in players]
            assert processes.wait_until(lambda: visitors(process, port) >= PRESSES, 5)
            if mode == Mode.DATABASE:  # perhaps all of them came to one process
                assert processes.wait_until(lambda: len(standing()) >= settings.WEB_THREADS, 5), (
                    "they do not wait"
                )
            assert not any(future.done() for future in asked)
            if number == KILL:
                processes.kill_group(process.pid)
            else:
                process.send_signal(number)
            assert processes.wait_until(lambda: refuses(port), 5)
            let_go()
        answers, code = told(asked), process.wait(timeout=PROMISED_SECONDS)
    return event, answers, code


@pytest.mark.parametrize("mode", list(Mode))
def test_a_web_server_that_is_asked_answers_the_presses_that_it_has(tmp_path: Path, mode: Mode) -> None:
    event, answers, code = press_and_end(mode, tmp_path, ASK)
    assert code == 0
    kinds = Counter(answer.kind if answer else None for answer in answers)
    if mode == Mode.DATABASE:
        assert kinds == {"won": PRESSES // 2, "sold_out": PRESSES // 2}
    else:  # whose thread had asked Redis a second before it went on is told to press again
        assert set(kinds) <= {"won", "sold_out", "unavailable"}
        assert kinds["won"] + kinds["sold_out"] > 0
    settle()
    won = {answer.body["ticket"] for answer in answers if answer and answer.kind == "won"}
    assert won <= set(Ticket.objects.filter(event=event, status="held").values_list("code", flat=True))


def test_control_a_web_server_that_is_killed_leaves_them_without_an_answer(tmp_path: Path) -> None:
    _event, answers, code = press_and_end(Mode.DATABASE, tmp_path, KILL)
    assert code == -KILL
    assert answers == [None] * PRESSES


@contextmanager
def writer_in_a_batch(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Keys]]:
    """Let a writer stand in the transaction of a batch, all of whose rows but mails are written, in the block."""
    with mode_is(Mode.REDIS):
        event = make_event({"A": 6}, waitlist_size=5)
        play(event, InProcess(), make_players(20))
    with worker(folder, "writeback") as process:
        with held("LOCK accounts_outgoingmail IN SHARE MODE"):
            wait_for("accounts_outgoingmail")
            yield process, keys_of(event)
        process.wait(timeout=PROMISED_SECONDS)


def test_a_writer_that_is_asked_in_a_batch_finishes_it_and_lets_go_of_its_servers_last(
    tmp_path: Path,
) -> None:
    with writer_in_a_batch(tmp_path) as (process, keys):
        process.send_signal(ASK)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.5)
        for url in (database_url(), settings.REDIS_URL):
            assert connections(process, url) > 0, "it has what it needs for the rest"
        assert position(keys) < last_number(keys)
    assert (process.returncode, (tmp_path / "writeback.log").read_text()) == (0, "")
    assert position(keys) == last_number(keys)
    assert written(keys) == acknowledged(keys)


def test_control_a_writer_that_is_killed_in_a_batch_has_written_nothing_of_it(tmp_path: Path) -> None:
    with writer_in_a_batch(tmp_path) as (process, keys):
        begun = position(keys)
        kill(process)
    assert position(keys) == begun < last_number(keys)
    assert not Claim.objects.exists()


def test_a_second_signal_ends_a_writer_at_once_and_the_batch_is_whole_or_not_there(tmp_path: Path) -> None:
    with writer_in_a_batch(tmp_path) as (process, keys):
        begun = position(keys)
        process.send_signal(ASK)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.5)
        process.send_signal(ASK)
        assert process.wait(timeout=2) == -ASK
        assert position(keys) == begun
    with worker(tmp_path, "writeback"):
        assert processes.wait_until(lambda: position(keys) == last_number(keys), PATIENCE)
    assert written(keys) == acknowledged(keys)


def test_a_writer_that_is_far_behind_ends_after_its_batch_and_the_next_goes_on_there(tmp_path: Path) -> None:
    with mode_is(Mode.REDIS):
        event = make_event({"A": 50})
        press(event, make_crowd(2 * writeback.BATCH + 10))
    keys = keys_of(event)
    begun = position(keys)
    with worker(tmp_path, "writeback") as process:
        with held("LOCK ticketing_claim IN SHARE MODE"):
            wait_for("ticketing_claim")
            process.send_signal(ASK)
        assert process.wait(timeout=PROMISED_SECONDS) == 0
    assert position(keys) == begun + writeback.BATCH
    assert Claim.objects.count() == writeback.BATCH
    with worker(tmp_path, "writeback") as process:
        assert processes.wait_until(lambda: position(keys) == last_number(keys), PATIENCE)
        process.send_signal(ASK)
        assert process.wait(timeout=PROMISED_SECONDS) == 0
    assert written(keys) == acknowledged(keys)


@pytest.mark.parametrize(("number", "places"), [(ASK, 500), (KILL, 0)])
def test_a_priming_loop_finishes_the_step_that_it_was_asked_in_and_not_when_it_is_killed(
    tmp_path: Path, number: signal.Signals, places: int
) -> None:
    event = make_event({"A": 500}, primed=False)
    with worker(tmp_path, "prime", "--forever") as process:
        with held("LOCK ticketing_place IN SHARE MODE"):
            wait_for("ticketing_place")
            process.send_signal(number)
        assert process.wait(timeout=PROMISED_SECONDS) == (0 if number == ASK else -KILL)
    assert Place.objects.filter(zone__event=event).count() == places
    states = ZoneState.objects.filter(zone__event=event).values_list("capacity", flat=True)
    assert list(states) == ([places] if places else [])


@pytest.fixture
def slow_mail(tmp_path: Path) -> Iterator[MailServer]:
    server = MailServer(tmp_path, embedded.free_port(), seconds=0.4)
    server.start()
    yield server
    server.stop()


JOBS = ("procrastinate", "worker", "--shutdown-graceful-timeout=2")


@pytest.mark.parametrize("number", [ASK, KILL])
def test_a_job_worker_ends_after_the_mail_that_it_sends_and_not_when_it_is_killed(
    tmp_path: Path, slow_mail: MailServer, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    queue_codes(60)
    monkeypatch.setenv("FESTIVAL_MAIL_URL", slow_mail.url)
    with worker(tmp_path, *JOBS) as process:
        assert processes.wait_until(lambda: len(slow_mail.taken()) >= 2, PATIENCE)
        process.send_signal(number)
        assert process.wait(timeout=PROMISED_SECONDS) == (0 if number == ASK else -KILL)
    states = Counter(OutgoingMail.objects.values_list("state", flat=True))
    taken = len(slow_mail.taken())
    assert taken < 60, "it was in the middle"
    assert states[MailState.QUEUED] == 60 - taken
    assert states[MailState.SENT] == (taken if number == ASK else taken - 1), "the last one's answer was seen"


LOOP = """
import django
django.setup()
import psutil
from django.core.cache import cache
from django.db import connection
from festival.ending import until_asked
from festival.redis import sale

def say(*words):
    print(len(psutil.Process().net_connections("tcp")), *words, flush=True)

def loop(asked):
    connection.ensure_connection(), sale().ping(), cache.get("something")
    say("before")
    asked.wait(30)
    say("asked" if asked.is_set() else "late")

until_asked(loop)
say("after")
"""


def test_a_loop_keeps_its_connections_to_its_end_and_then_gives_all_of_them_back() -> None:
    env = {**os.environ, "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "festival.settings"}
    with subprocess.Popen([sys.executable, "-c", LOOP], cwd=ROOT, env=env, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"3 before\n"
        process.send_signal(ASK)
        assert process.stdout.read() == b"3 asked\n0 after\n"
