"""The player: its crowd and its wire."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from loadtest.crowd import Login, PlayError, read_logins, schedule, weights_of
from loadtest.play import look_up
from loadtest.wire import Answer, BrokenAnswer, Connection, Target

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


def test_a_server_that_does_not_answer_is_said_so() -> None:
    with pytest.raises(PlayError, match="does not answer"):
        asyncio.run(look_up(Target.parse("http://127.0.0.1:9"), "x"))
