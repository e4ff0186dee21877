"""The player: its crowd, its wire, and a whole sale against the production server with its verdict."""

import asyncio
import json
from collections import Counter
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings

from loadtest import play, verdict
from loadtest.crowd import Login, PlayError, read_logins, schedule, weights_of
from loadtest.verdict import read_log
from loadtest.wire import Answer, BrokenAnswer, Connection, Target
from tests.conftest import Live, test_database_url
from tests.factories import make_event, make_student
from ticketing.models import Ticket

LOGINS = [Login(str(number), "sessionid=x", "token") for number in range(400)]


def test_the_same_seed_is_the_same_crowd() -> None:
    zones = {"A": 3.0, "B": 1.0}
    crowd = schedule(LOGINS, zones, within_s=10, seed=1)
    assert crowd == schedule(LOGINS, zones, within_s=10, seed=1)
    assert crowd != schedule(LOGINS, zones, within_s=10, seed=2)
    assert {one.login for one in crowd} == set(LOGINS)
    assert [one.after_s for one in crowd] == sorted(one.after_s for one in crowd)
    assert 9.9 < crowd[-1].after_s < 10
    first = Counter(one.zones[0] for one in crowd)
    assert first["A"] > 2 * first["B"], "a zone of three times the weight is wanted more often"
    assert {len(one.zones) for one in crowd} == {1, 2}


@pytest.mark.parametrize("text", ["", "1\tcookie\n", "1\tcookie\t\n", "1\tc\tt\n1\tc\tt\n"])
def test_a_broken_file_of_sessions_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "s.tsv").write_text(text, encoding="utf-8")
    with pytest.raises(PlayError):
        read_logins(tmp_path / "s.tsv")


@pytest.mark.parametrize("given", ["C=1", "A=0", "A=x", "A"])
def test_a_weight_that_makes_no_sense_is_refused(given: str) -> None:
    with pytest.raises(PlayError):
        weights_of({"A": 1}, [given])


def test_the_nearest_rank_is_the_percentile() -> None:
    values = [float(number) for number in range(1, 201)]
    assert [play.percentile(values, share) for share in (0.5, 0.95, 0.99, 1.0)] == [100, 190, 198, 200]
    assert play.percentile([7.0], 0.99) == 7.0


async def talk(*answers: bytes) -> list[Answer | str]:
    """Ask a server twice that says these bytes on each connection; return the answers or the names of faults."""
    left = list(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while left and await reader.readuntil(b"\r\n\r\n"):
            said = left.pop(0)
            writer.write(said)
            if b"HTTP/1.1 200" not in said or b"cut" in said:
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    target = Target("127.0.0.1", server.sockets[0].getsockname()[1], tls=False)
    connection, got = Connection(target), list[Answer | str]()
    for _ in answers:
        try:
            got.append(await connection.ask("GET", "/", {}))
        except (BrokenAnswer, OSError) as error:
            got.append(type(error).__name__)
    connection.close()
    server.close()
    return got


def test_answers_are_read_by_length_and_in_chunks() -> None:
    plain = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nRetry-After: 3\r\n\r\nhi"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1;x=y\r\n!\r\n0\r\n\r\n"
    one, two = asyncio.run(talk(plain, chunked))
    assert isinstance(one, Answer)
    assert isinstance(two, Answer)
    assert (one.status, one.body, one.headers["retry-after"]) == (200, b"hi", "3")
    assert two.body == b"hi!"


def test_a_cut_answer_is_a_fault_and_the_next_request_gets_a_new_connection() -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\ncut"
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    broken, fine = asyncio.run(talk(cut, whole))
    assert broken == "BrokenAnswer"
    assert isinstance(fine, Answer)
    assert asyncio.run(talk(b"SSH-2.0-hello\r\n\r\n")) == ["BrokenAnswer"]


def test_a_server_that_does_not_answer_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "s.tsv").write_text("1\tc\tt\n", encoding="utf-8")
    words = ["--sessions", str(tmp_path / "s.tsv"), "--event", "x", "--log", str(tmp_path / "log")]
    assert play.main([*words, "--url", "http://127.0.0.1:9"]) == 2
    assert "does not answer" in capsys.readouterr().err


@pytest.mark.servers
def test_a_played_sale_keeps_every_promise(
    live: Live,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings.ALLOW_LOADTEST = True
    for number in range(60):
        make_student(f"학생 {number}", demo=True)
    event = make_event({"스탠딩": 15, "좌석": 10}, opens_in=1.5)
    sessions, log = tmp_path / "s.tsv", tmp_path / "answers.jsonl"
    call_command(
        "rush_sessions",
        "--event",
        str(event.pk),
        "--students",
        "60",
        "--out",
        str(sessions),
        stdout=StringIO(),
    )
    words = ["--sessions", str(sessions), "--event", str(event.pk), "--log", str(log), "--url", live.url]
    assert play.main([*words, "--within", "0.5", "--connections", "16"]) == 0
    entries = read_log(log.read_text(encoding="utf-8").splitlines())
    outcomes = Counter(entry["outcome"] for entry in entries.answers)
    assert outcomes == {"won": 25, "sold_out": 35}
    assert Ticket.objects.count() == 25
    head = json.loads(log.read_text(encoding="utf-8").splitlines()[0])
    assert all(entry["sent_ms"] >= head["opens_at_ms"] - 50 for entry in entries.answers), "nobody was early"
    monkeypatch.setenv("DATABASE_URL", test_database_url())
    assert verdict.main([str(log)]) == 0
    assert "every promise kept" in capsys.readouterr().out
    Ticket.objects.filter(code=next(entry["ticket"] for entry in entries.answers if entry["ticket"])).delete()
    assert verdict.main([str(log)]) == 1
    log.write_text("", encoding="utf-8")
    assert verdict.main([str(log)]) == 2
