"""Nobody decides while a sale is compared, and never for longer: presses go on, and the command may die."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from threading import Event as Flag

import pytest

from festival import processes
from festival.redis import sale
from tests.conftest import ROOT, Live, test_database_url
from tests.contract.doors import Answer, Door, OverHttp
from tests.contract.test_crowds import assert_promises_kept
from tests.factories import Player, make_event, make_players, settle
from tests.reconcile.comparing import assert_alike, reconcile
from tests.rush.test_writeback import keys_of
from tests.rush.writers import PATIENCE, held, kill, wait_for, writer
from ticketing.allocation.priming import prime
from ticketing.allocation.reconciling import comparing, runs
from ticketing.allocation.rush import freezing, lease
from ticketing.models import Authority, Event, Mode, PrimingLease, Repair, SaleCounter, Ticket

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


@contextmanager
def command(folder: Path, name: str, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command of the product as a process, on the test database."""
    env = {**os.environ, "DATABASE_URL": test_database_url(), "FESTIVAL_ROLE": "command"}
    line = [sys.executable, str(ROOT / "manage.py"), *words]
    process = processes.spawn(line, log=folder / f"{name}.log", record=folder / f"{name}.json", env=env)
    try:
        yield process
    finally:
        processes.end(process, end_signal=signal.SIGTERM, seconds=10)


def frozen(event: Event) -> bool:
    return bool(sale().hget(keys_of(event).of_group("state"), "frozen"))


def lose_a_ticket(event: Event, told: Answer) -> Ticket:
    """Delete the row of a ticket that somebody was told of."""
    ticket = Ticket.objects.get(code=told.body["ticket"])
    Ticket.objects.filter(pk=ticket.pk).delete()
    return ticket


@pytest.fixture
def http(live: Live) -> Iterator[OverHttp]:
    door = OverHttp(live.url)
    yield door
    door.client.close()


@pytest.fixture
def event(in_redis: None) -> Event:
    return make_event({"A": 40})


def test_a_press_while_it_is_compared_is_refused_for_a_moment_and_decided_after_it(
    event: Event, http: OverHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, (alice, bob) = http, make_players(["alice", "bob"])
    told = door.claim(alice, event.pk, "A")
    meanwhile: list[Answer] = []
    whole = comparing.whole

    def watched(*args: object) -> object:
        meanwhile.append(door.claim(bob, event.pk, "A"))
        meanwhile.append(door.claim(alice, event.pk, "A"))
        return whole(*args)  # type: ignore[arg-type]  # what it is called with

    monkeypatch.setattr(comparing, "whole", watched)
    assert reconcile(event).code == 0
    assert [(answer.kind, answer.retry_after) for answer in meanwhile] == [("unavailable", 1)] * 2
    again = [door.claim(player, event.pk, "A") for player in (alice, bob)]
    assert (again[0].kind, again[0].body["ticket"]) == ("already_won", told.body["ticket"])
    assert (again[1].kind, again[1].body["number"]) == ("won", 2)


def press_on(
    door: Door, event: Event, players: Sequence[Player], until: Flag
) -> tuple[list[Answer], list[Answer]]:
    """Press for one student after the other, and round again, until it is enough; again where it is refused."""
    told: dict[int, Answer] = {}
    refused: list[Answer] = []
    for player in cycle(players):
        while (answer := door.claim(player, event.pk, "A")).kind == "unavailable":
            refused.append(answer)
            time.sleep(0.05)
        key = player.student.pk
        assert answer.kind == ("already_won" if key in told else "won"), answer
        assert answer.body["ticket"] == told.setdefault(key, answer).body["ticket"]
        if until.is_set():
            break
        time.sleep(0.05)
    return list(told.values()), refused


THREADS, EACH = 4, 150


@pytest.mark.parametrize("mode", list(Mode), indirect=True)
def test_f2_a_sale_that_goes_on_over_http_is_compared_and_repaired_and_nobody_loses_anything(
    mode: Mode, http: OverHttp, tmp_path: Path
) -> None:
    event, players = make_event({"A": THREADS * EACH + 1}), make_players(THREADS * EACH)
    door, done = http, Flag()
    [first] = make_players(["alice"])
    lost = lose_a_ticket_when_written(door, event, first)
    with (
        writer(tmp_path, "writer"),
        command(tmp_path, "loop", "prime", "--forever"),
        ThreadPoolExecutor(THREADS) as pool,
    ):
        presses = [pool.submit(press_on, door, event, players[n::THREADS], done) for n in range(THREADS)]
        for number in range(3):
            name = f"reconcile-{number}"
            with command(tmp_path, name, "reconcile", "--fix", str(event.pk)) as running:
                code = running.wait(timeout=60)
                assert code == 0, processes.last_lines(tmp_path / f"{name}.log", 40)
        done.set()
        told = [press.result(timeout=60) for press in presses]
    settle()
    won = [answer for answers, _refused in told for answer in answers]
    refused = [answer for _won, answers in told for answer in answers]
    assert {answer.retry_after for answer in refused} <= {1}
    assert mode == Mode.DATABASE or refused, "somebody pressed while it was compared"
    mine = door.claim(first, event.pk, "A")
    assert mine.kind == "already_won"
    assert mode == Mode.DATABASE or mine.body["ticket"] == lost.code
    assert_promises_kept(event, [*won, mine])
    assert Repair.objects.filter(about=str(lost.claim_id)).count() == 1
    assert_alike(event)


def lose_a_ticket_when_written(door: Door, event: Event, player: Player) -> Ticket:
    told = door.claim(player, event.pk, "A")
    settle()
    return lose_a_ticket(event, told)


def test_killed_while_it_compares_the_sale_goes_on_by_itself(
    event: Event, door: Door, tmp_path: Path
) -> None:
    alice, bob = make_players(["alice", "bob"])
    assert door.claim(alice, event.pk, "A").kind == "won"
    settle()
    with (
        held("LOCK accounts_student IN ACCESS EXCLUSIVE MODE"),
        command(tmp_path, "killed", "reconcile", "--fix", str(event.pk)) as running,
    ):
        wait_for("accounts_student")
        assert door.claim(bob, event.pk, "A").kind == "unavailable"
        kill(running)
        begun = time.monotonic()
        assert processes.wait_until(lambda: door.claim(bob, event.pk, "A").kind == "won", PATIENCE)
        assert time.monotonic() - begun < 2 * freezing.FREEZE_MS / 1000, "without anybody's doing"
    settle_when_the_lease_is_over()
    assert_alike(event)


def settle_when_the_lease_is_over() -> None:
    """Let the loops go on as if five seconds had passed since the killed process was heard of."""
    PrimingLease.objects.update(until=None)
    settle()


def test_f2_killed_while_it_repairs_nothing_is_done_and_a_second_run_does_it(
    event: Event, door: Door, tmp_path: Path
) -> None:
    alice, bob = make_players(["alice", "bob"])
    told = [door.claim(player, event.pk, "A") for player in (alice, bob)]
    settle()
    lost = lose_a_ticket(event, told[0])
    sale().hset(keys_of(event).of_event(event.pk, "wants"), "nowhere", "3")
    with (
        held("LOCK ticketing_repair IN SHARE MODE"),
        command(tmp_path, "killed", "reconcile", "--fix", str(event.pk)) as running,
    ):
        wait_for("ticketing_repair")
        kill(running)
    assert frozen(event)
    time.sleep(freezing.FREEZE_MS / 1000)
    assert door.claim(bob, event.pk, "A").kind == "unavailable", (
        "its transaction might still have been committed"
    )
    assert not Repair.objects.exists()
    assert not Ticket.objects.filter(pk=lost.pk).exists()
    settle_when_the_lease_is_over()
    assert not frozen(event)
    assert door.claim(alice, event.pk, "A").body["ticket"] == lost.code, "Redis has it"
    assert reconcile(event, "--fix").code == 0
    assert_alike(event)
    assert Ticket.objects.get(claim_id=lost.claim_id).code == lost.code
    assert_promises_kept(event, told)


class Killed(BaseException):
    """What no code of the product catches."""


def test_killed_before_redis_is_built_anew_the_loop_builds_it(
    event: Event, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = make_players(["alice", "bob"])
    told = [door.claim(player, event.pk, "A") for player in (alice, bob)]
    settle()
    sale().hdel(keys_of(event).of_group("tickets"), told[0].body["ticket"])

    def die(*_args: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(runs, "to_redis", die)
        patch.setattr(freezing.Freeze, "thaw", lambda _self: None)
        patch.setattr(lease, "release", lambda _token: None)
        with pytest.raises(Killed):
            reconcile(event, "--fix")
    assert SaleCounter.objects.get(group=event.pk).authority == Authority.LOADING
    assert Repair.objects.count() == 2
    assert door.claim(bob, event.pk, "A").kind == "unavailable"
    settle_when_the_lease_is_over()
    assert_alike(event)
    assert door.claim(alice, event.pk, "A").body["ticket"] == told[0].body["ticket"]


def test_a_loop_that_is_replaced_in_the_middle_writes_nothing_and_one_that_runs_freezes_nobody(
    event: Event, door: Door
) -> None:
    [alice] = make_players(["alice"])
    state = keys_of(event).of_group("state")
    newer = 10_000
    sale().hset(state, "frozen", f"{newer}|")
    prime()
    assert frozen(event), "whoever froze it has a newer token"
    ran = reconcile(event)
    assert (ran.code, "could not be kept still" in ran.problem) == (2, True)
    sale().hset(state, "frozen", "1|")
    assert door.claim(alice, event.pk, "A").kind == "unavailable"
    prime()
    assert not frozen(event)
    assert door.claim(alice, event.pk, "A").kind == "won"


@pytest.mark.parametrize("authority", [Authority.LOADING, Authority.RECOVERING])
def test_a_sale_that_nobody_decides_for_cannot_be_compared(event: Event, authority: Authority) -> None:
    SaleCounter.objects.filter(group=event.pk).update(authority=authority)
    ran = reconcile(event, "--fix")
    assert (ran.code, "nobody decides" in ran.problem) == (2, True)


def test_a_sale_whose_redis_has_lost_something_cannot_be_compared(event: Event) -> None:
    sale().hset(keys_of(event).of_group("state"), "recovering", "live")
    ran = reconcile(event, "--fix")
    assert (ran.code, "decisions are lost" in ran.problem) == (2, True)
    assert sale().hget(keys_of(event).of_group("state"), "recovering") == "live"
