"""A reload of the web server (SIGHUP) puts new workers in the place of the old ones in the middle of a rush."""

import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Event as Flag

import httpx
import psutil
import pytest

from festival import embedded, processes
from festival.demo.supervisor import WEB_OPTIONS
from tests.conftest import production_server
from tests.contract.doors import Answer, OverHttp
from tests.contract.test_crowds import assert_promises_kept
from tests.factories import Player, make_event, make_players, mode_of_events
from ticketing.models import Event, Mode

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
CROWD = 240
THREADS = 8


@dataclass
class Rush:
    """Students who press, and come again, each visitor at the end of the one before; nobody tries anything twice."""

    url: str
    event: Event
    players: list[Player]
    answers: list[Answer] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    over: Flag = field(default_factory=Flag)

    def visit(self, lane: int) -> None:
        """Press for one student after the other until it is over; half of the lanes keep their connections."""
        lanes = self.players[lane::THREADS]
        door = OverHttp(self.url)
        for turn in count():
            if self.over.is_set():
                break
            if lane % 2:
                door.client.close()
                door = OverHttp(self.url)
            self.ask(door, lanes[turn % len(lanes)], first=turn < len(lanes))
            self.over.wait(0.02)
        door.client.close()

    def ask(self, door: OverHttp, player: Player, *, first: bool) -> None:
        """Press, or look what came of it, and keep what was answered, or that nothing was."""
        try:
            if first:
                self.answers.append(door.claim(player, self.event.pk, "A"))
            else:
                assert door.mine(player, self.event.pk).kind in ("won", "sold_out", "no_claim")
        except httpx.TransportError as error:
            self.unanswered.append(type(error).__name__)


@contextmanager
def rush(url: str) -> Iterator[Rush]:
    """Let a rush go on while the block runs."""
    token = mode_of_events.set(Mode.REDIS)
    event, players = make_event({"A": CROWD // 2}), make_players(CROWD)
    mode_of_events.reset(token)
    going = Rush(url, event, players)
    with ThreadPoolExecutor(THREADS) as pool:
        lanes = [pool.submit(going.visit, lane) for lane in range(THREADS)]
        try:
            assert processes.wait_until(lambda: len(going.answers) >= THREADS, 20)
            yield going
        finally:
            going.over.set()
    for lane in lanes:
        lane.result()


def workers_of(server: subprocess.Popen[bytes]) -> set[int]:
    """Return the processes that answer for a web server."""
    children = psutil.Process(server.pid).children()
    return {child.pid for child in children if child.status() != psutil.STATUS_ZOMBIE}


def replaced(server: subprocess.Popen[bytes], old: set[int]) -> bool:
    now = workers_of(server)
    return len(now) == len(old) and not now & old


def test_a_reload_in_a_rush_costs_no_request(tmp_path: Path) -> None:
    with production_server(tmp_path, embedded.free_port()) as (url, server), rush(url) as going:
        old = workers_of(server)
        server.send_signal(signal.SIGHUP)
        assert processes.wait_until(lambda: replaced(server, old), 60)
        after = len(going.answers)
        assert processes.wait_until(lambda: len(going.answers) > after or len(going.answers) == CROWD, 20)
    assert going.unanswered == []
    assert Counter(answer.kind for answer in going.answers) == {"won": CROWD // 2, "sold_out": CROWD // 2}
    assert_promises_kept(going.event, going.answers)


def test_control_a_reload_that_does_not_wait_for_the_new_workers_refuses_presses(tmp_path: Path) -> None:
    at_once = ["0.1" if before == "--respawn-interval" else word for before, word in before_each(WEB_OPTIONS)]
    with (
        production_server(tmp_path, embedded.free_port(), options=at_once) as (url, server),
        rush(url) as going,
    ):
        old = workers_of(server)
        server.send_signal(signal.SIGHUP)
        assert processes.wait_until(lambda: replaced(server, old), 60)
    assert "ConnectError" in going.unanswered


def test_control_workers_that_are_killed_leave_presses_without_an_answer(tmp_path: Path) -> None:
    with production_server(tmp_path, embedded.free_port()) as (url, server), rush(url) as going:
        old = workers_of(server)
        for worker in old:
            psutil.Process(worker).kill()
        assert processes.wait_until(lambda: replaced(server, old), 60)
    assert going.unanswered


def before_each(words: list[str]) -> Iterator[tuple[str, str]]:
    """Return each word with the one before it."""
    return zip(["", *words], words, strict=False)
