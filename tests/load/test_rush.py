"""manage.py rush: a whole sale against the production server, judged by the rows and by Redis."""

import json
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from accounts.models import StudentSession
from loadtest.result import NEEDED
from loadtest.tally import tally
from loadtest.written import wait_for_rows
from tests.conftest import Live
from tests.factories import make_event, make_student
from ticketing.allocation.priming import prime_forever
from ticketing.models import Event, Mode, Ticket
from ticketing.writeback import write_back_forever

pytestmark = pytest.mark.servers
CROWD = 60
ZONES = "스탠딩=15,좌석=10"


@pytest.fixture
def allowed(settings: Settings) -> None:
    settings.ALLOW_LOADTEST = True


@pytest.fixture
def crowd(live: Live, allowed: None) -> None:
    for number in range(CROWD):
        make_student(f"학생 {number}", demo=True)


@pytest.fixture
def workers(live: Live) -> Iterator[None]:
    """Run both loops beside the test, as a system does."""
    stop = Flag()
    threads = [Thread(target=loop, args=[stop]) for loop in (prime_forever, write_back_forever)]
    for thread in threads:
        thread.start()
    yield
    stop.set()
    for thread in threads:
        thread.join()


def play(live: Live, folder: Path, *words: str) -> tuple[int, dict[str, Any], str]:
    """Run the command; return its exit code, the first run of its document, and what it printed."""
    out, document = StringIO(), folder / "rush.json"
    files = ["--json", str(document), "--html", str(folder / "rush.html"), "--log", str(folder / "log.jsonl")]
    options = ["--students", str(CROWD), "--within", "0.5", "--connections", "16", "--url", live.url, *files]
    with pytest.raises(SystemExit) as ended:
        call_command("rush", *options, *words, stdout=out, stderr=StringIO())
    written = json.loads(document.read_text(encoding="utf-8"))
    code = ended.value.code
    assert isinstance(code, int)
    assert written["exit_code"] == code
    return code, written["runs"][0], out.getvalue()


@pytest.mark.parametrize("mode", list(Mode))
def test_a_played_sale_keeps_every_promise(
    live: Live, crowd: None, workers: None, tmp_path: Path, mode: Mode
) -> None:
    code, run, said = play(live, tmp_path, "--zones", ZONES, "--waitlist", "5", "--mode", mode)
    figures = run["figures"]
    assert (code, run["verdict"], run["missing"], run["not_judged"]) == (0, "kept", {}, {})
    assert (figures["won"], figures["waitlisted"], figures["sold_out"], figures["live"]) == (25, 5, 30, 25)
    assert all(figures[name] is not None for name in NEEDED)
    assert figures["sold_out_ms"] <= figures["last_row_ms"]
    assert any(name.startswith("redis_") for name in run["faults"]) == (mode == Mode.REDIS)
    assert "EVERY PROMISE KEPT" in said
    event = Event.objects.get()
    assert event.rehearsal, "what is played never opens a gate"
    first, *answers, _end = (tmp_path / "log.jsonl").read_text(encoding="utf-8").splitlines()
    opened = json.loads(first)["opens_at_ms"]
    assert min(json.loads(answer)["sent_ms"] for answer in answers) >= opened - 50, "nobody was early"
    assert str(tmp_path) not in said


def test_the_report_needs_nothing_from_elsewhere_and_speaks_both_languages(
    live: Live, crowd: None, workers: None, tmp_path: Path
) -> None:
    play(live, tmp_path, "--zones", ZONES)
    page = (tmp_path / "rush.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href|url)\s*[=(]", page)
    assert "<script" not in page
    assert "style=" not in page
    assert "모든 약속을 지켰습니다." in page
    assert "Every promise was kept." in page
    assert page.count("<svg") == 6
    assert "스탠딩" in page


def test_f16_the_verdict_is_read_from_the_rows_and_not_from_what_http_said(
    live: Live, crowd: None, workers: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose_one(*words: Any) -> float:
        written = wait_for_rows(*words)
        Ticket.objects.filter(pk=Ticket.objects.latest("pk").pk).delete()
        return written

    monkeypatch.setattr("loadtest.rush.wait_for_rows", lose_one)
    code, run, said = play(live, tmp_path, "--zones", ZONES, "--mode", "database")
    assert (code, run["figures"]["won"], run["figures"]["lost"]) == (1, 25, 1)
    assert "lost" in run["broken"]
    assert "A PROMISE IS BROKEN" in said
    assert "지켜지지 않은 약속이 있습니다." in (tmp_path / "rush.html").read_text(encoding="utf-8")


def test_f16_rows_that_never_follow_are_a_missing_figure(live: Live, crowd: None, tmp_path: Path) -> None:
    event = make_event({"A": 10}, opens_in=0, mode=Mode.REDIS)
    code, run, said = play(live, tmp_path, "--event", str(event.pk), "--rows-within", "0.3")
    assert code == 2
    assert set(run["missing"]) >= {"rows", "last_row_ms", "lost", "oversold"}
    assert "missing: rows (not written in 0 s)" in said
    assert run["figures"]["won"] == 10, "the client's own figures are there"


@pytest.mark.parametrize("name", [name for name in NEEDED if name in ("p99", "throughput", "won", "error")])
def test_f16_a_report_without_a_figure_is_a_failure(
    live: Live, crowd: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("loadtest.result.tally", lambda *words: tally(*words) | {name: None})
    event = make_event({"A": 10}, opens_in=0)
    code, run, said = play(live, tmp_path, "--event", str(event.pk))
    assert (code, set(run["missing"])) == (2, {name})
    assert f"missing: {name}" in said


def test_the_council_switches_cuts_and_pauses_in_the_middle(
    live: Live, crowd: None, workers: None, tmp_path: Path
) -> None:
    acts = ["--switch-at", "0.4=database", "--capacity-at", "0.8:A=30", "--switch-at", "1.6=redis"]
    acts += ["--pause-at", "2.6", "--resume-at", "2.9"]
    # So many places that a slow machine has not given more than are left when the cut comes.
    code, run, said = play(live, tmp_path, "--zones", "A=40,B=5", *acts, "--within", "6")
    assert code == 0, said
    assert len(run["acts"]) == 5
    assert run["figures"]["live"] == run["figures"]["won"] <= 35
    assert set(run["not_judged"]) == {"overtaken", "sent_away_too_soon"}
    assert "replay_differs" in run["faults"]


def test_without_the_switch_nothing_is_made_or_opened(db: None, settings: Settings) -> None:
    settings.ALLOW_LOADTEST = False
    with pytest.raises(CommandError, match="FESTIVAL_ALLOW_LOADTEST=1"):
        call_command("rush")
    assert not Event.objects.exists()
    assert not StudentSession.objects.exists()


@pytest.mark.parametrize(
    "words",
    [
        *(["--zones", zones] for zones in ("A", "A=x", "A=1,A=2", "=3")),
        *([option, "x"] for option in ("--within", "--students", "--pause-at", "--mode")),
        *(["--switch-at", text] for text in ("3", "3=both", "x=redis")),
        *(["--capacity-at", text] for text in ("3", "3:A", "3:=5", "-1:A=5")),
        ["--students", "0"],
        ["--url", "127.0.0.1:8000"],
        ["--event", "00000000-0000-4000-8000-000000000000"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_refused_before_anything_is_made(
    db: None, allowed: None, words: list[str]
) -> None:
    with pytest.raises(CommandError):
        call_command("rush", *words)
    assert not Event.objects.exists()
