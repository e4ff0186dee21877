"""The demo's supervisor: one at a time, kind about what hinders it, and nothing of it is left when it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest
from cryptography import x509

from festival import processes
from festival.demo import commands, network, screen, supervisor
from festival.demo.files import Layout, Lock, read_environment, write_environment
from festival.demo.parts import Part, Stop, end_all, look_after, watch
from festival.demo.screen import Problem
from festival.embedded import free_port

SLOW = """
import signal, sys, time
def end(*_):
    time.sleep(0.3 if sys.argv[1] == "web" else 0)
    open(sys.argv[2], "a").write(sys.argv[1] + " ")
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
signal.pause()
"""
ROOT = Path(__file__).resolve().parent.parent
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


@pytest.fixture
def place(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "data")
    made.make()
    return made


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def part_of(place: Layout, name: str, *command: str, seconds: float = 2.5) -> Part:
    log, record = place.logs / f"{name}.log", place.records / f"{name}.json"
    return Part(
        name, log, partial(processes.spawn, command, log=log, record=record), seconds=seconds, record=record
    )


def test_parts_end_in_order(place: Layout) -> None:
    """Each writes when it ends; the one before has ended by then."""
    diary = place.data / "diary"
    names = ("web", "jobs", "postgres")
    parts = [part_of(place, name, sys.executable, "-c", SLOW, name, str(diary)) for name in names]
    for part in parts:
        part.start()
    assert processes.wait_until(lambda: all("up" in part.log.read_text() for part in parts), 5)
    end_all([parts[:1], parts[1:2], parts[2:]], lambda: False)
    assert diary.read_text().split() == ["web", "jobs", "postgres"]
    assert all(part.is_dead() for part in parts)
    assert list(place.records.iterdir()) == []


def test_a_part_that_ignores_the_signal_is_killed_in_time(place: Layout) -> None:
    part = part_of(place, "stubborn", sys.executable, "-c", STUBBORN, seconds=0.5)
    part.start()
    assert processes.wait_until(lambda: "up" in part.log.read_text(), 5)
    end_all([[part]], lambda: False)
    assert part.process is not None
    assert part.process.returncode == -signal.SIGKILL


def test_a_second_signal_ends_at_once(place: Layout) -> None:
    part = part_of(place, "stubborn", sys.executable, "-c", STUBBORN, seconds=30)
    part.start()
    assert processes.wait_until(lambda: "up" in part.log.read_text(), 5)
    began = time.monotonic()
    end_all([[part]], lambda: True)
    assert time.monotonic() - began < 15, "it was given its thirty seconds"


def test_a_part_that_dies_is_started_again(place: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    part = part_of(place, "web", "sleep", "60")
    part.start()
    assert part.process is not None
    first = part.process.pid
    os.kill(first, signal.SIGKILL)
    part.process.wait()
    now = time.monotonic()
    look_after(part, now)
    look_after(part, now + 1)
    assert part.process.pid != first
    assert part.process.poll() is None
    assert "web ended by signal SIGKILL" in capsys.readouterr().out
    end_all([[part]], lambda: True)


def test_a_part_that_keeps_dying_ends_the_demo_with_its_last_words(
    place: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("festival.demo.parts.FIRST_PAUSE_S", 0.0)
    part = part_of(place, "jobs", sys.executable, "-c", "import sys; sys.exit('no such table')")
    part.start()
    with pytest.raises(Problem, match="no such table") as caught:
        watch([part], Stop(), pause=0.01)
    assert "exit code 1" in caught.value.what


def test_a_second_demo_of_the_same_clone_names_make_stop(
    place: Layout, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FESTIVAL_DATA_DIR", str(place.data))
    monkeypatch.setenv("FESTIVAL_MODE", "demo")
    first = Lock(place.lock)
    assert first.take()
    assert commands.main([]) == 1
    said = capsys.readouterr().out
    assert f"runs already (process {os.getpid()})" in said
    assert "make stop" in said
    first.release()
    assert Lock(place.lock).holder() is None


def test_a_taken_port_names_who_holds_it_and_another_port(place: Layout, taken_port: int) -> None:
    demo = supervisor.Demo(place, {"PORT": str(taken_port)})
    with pytest.raises(Problem) as caught:
        demo.check_port()
    assert f"Port {taken_port} is taken by" in caught.value.what
    assert str(os.getpid()) in caught.value.what
    assert caught.value.helps.startswith("make demo PORT=")


@pytest.mark.parametrize("word", ["http", "0", "65536", "-1", "80.5"])
def test_a_port_that_is_none_is_named(place: Layout, word: str) -> None:
    with pytest.raises(Problem, match="is no port"):
        supervisor.Demo(place, {"PORT": word})


def test_the_demo_refuses_to_play_production(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FESTIVAL_MODE", "production")
    assert commands.main([]) == 1
    assert "FESTIVAL_MODE is production" in capsys.readouterr().out


def test_an_unknown_word_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["sotp"]) == 2
    assert "make help" in capsys.readouterr().out


def test_secrets_are_kept_over_starts_and_readable_by_their_owner_only(place: Layout) -> None:
    demo = supervisor.Demo(place, {})
    first = demo.settings()
    write_environment(place.environment, first)
    assert place.environment.stat().st_mode & 0o077 == 0
    assert demo.settings() == first == read_environment(place.environment)
    assert "FESTIVAL_DEMO_PASSCODE" not in first


def test_in_the_lan_staff_need_a_passcode_and_cookies_are_secure(place: Layout) -> None:
    values = supervisor.Demo(place, {"LAN": "1"}).settings()
    assert len(values["FESTIVAL_DEMO_PASSCODE"]) == 8
    assert values["FESTIVAL_HTTPS"] == "yes"


def test_the_certificate_names_every_address_and_is_kept_while_it_fits(tmp_path: Path) -> None:
    chain, key = network.certificate(tmp_path / "tls", ["127.0.0.1", "localhost", "192.168.0.7"])
    names = x509.load_pem_x509_certificate(chain.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert [str(ip) for ip in names.value.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "192.168.0.7"]
    assert key.stat().st_mode & 0o077 == 0
    before = chain.read_bytes()
    network.certificate(tmp_path / "tls", ["127.0.0.1", "192.168.0.7"])
    assert chain.read_bytes() == before
    network.certificate(tmp_path / "tls", ["127.0.0.1", "10.0.0.9"])
    assert chain.read_bytes() != before


def test_the_screen_has_a_picture_for_a_phone_only_where_a_phone_can_come(
    capsys: pytest.CaptureFixture[str],
) -> None:
    here = screen.welcome(
        address="http://127.0.0.1:8000", accounts="council: a", phone=None, passcode=None, seconds=1
    )
    assert "make demo LAN=1" in here
    screen.say(here)
    away = screen.welcome(
        address="https://127.0.0.1:8000",
        accounts="",
        phone="https://10.0.0.9:8000",
        passcode="abcd2345",
        seconds=1,
    )
    assert "abcd2345" in away
    assert "▀" in away
    assert "council: a" in capsys.readouterr().out


def test_reset_spares_a_folder_that_was_not_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    Layout(tmp_path).make()
    monkeypatch.setenv("FESTIVAL_DATA_DIR", str(tmp_path))
    assert commands.main(["reset"]) == 1
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_reset_deletes_the_demos_own_folder(place: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FESTIVAL_DATA_DIR", str(place.data))
    assert commands.main(["reset"]) == 0
    assert not place.data.exists()


class RealDemo:
    """A demo of this clone's code in a folder of its own, as `make demo` starts it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.output = folder / "screen.txt"
        keep = {
            name: value for name, value in os.environ.items() if not name.startswith(("FESTIVAL_", "DJANGO_"))
        }
        for name in ("DATABASE_URL", "REDIS_URL", "CACHE_URL", "LAN"):
            keep.pop(name, None)
        self.env = {**keep, "FESTIVAL_DATA_DIR": str(folder / "data"), "PORT": str(port)}
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        with self.output.open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "manage.py", "demo"],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def wait_until_ready(self) -> None:
        processes.wait_until(lambda: self.process.poll() is not None or "is ready" in self.said(), 180)
        assert "is ready" in self.said(), self.said()

    def family(self) -> list[psutil.Process]:
        return list(psutil.Process(self.process.pid).children(recursive=True))


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for both real demos: the second start finds tables and students there and is fast."""
    return tmp_path_factory.mktemp("demo")


def test_a_real_demo_serves_and_sigterm_leaves_nothing_of_it(demo_folder: Path) -> None:
    demo = RealDemo(demo_folder, free_port())
    try:
        demo.wait_until_ready()
        assert supervisor.answers(f"http://127.0.0.1:{demo.port}/healthz")
        family = demo.family()
        assert len(family) >= 8, family  # three servers, web with two workers, prime, jobs
        began = time.monotonic()
        demo.process.terminate()
        assert demo.process.wait(timeout=10) == 0
        assert time.monotonic() - began < 10
        assert not [process for process in family if processes.born(process.pid)]
        assert "done." in demo.said()
    finally:
        demo.process.kill()
        demo.process.wait()


def test_a_killed_demo_leaves_nothing_that_hinders_the_next(demo_folder: Path) -> None:
    demo = RealDemo(demo_folder, free_port())
    try:
        demo.wait_until_ready()
        family = demo.family()
        demo.process.kill()
        demo.process.wait()
        demo.process = demo.start()
        demo.wait_until_ready()
        assert not [process for process in family if processes.born(process.pid)]
        demo.process.terminate()
        assert demo.process.wait(timeout=10) == 0
    finally:
        demo.process.kill()
        demo.process.wait()


def test_a_demo_that_is_asked_in_the_middle_of_a_rush_ends_in_time(demo_folder: Path) -> None:
    demo = RealDemo(demo_folder, free_port())
    try:
        demo.wait_until_ready()
        play_a_rush(f"http://127.0.0.1:{demo.port}")
        family = demo.family()
        assert any("rush" in process.cmdline() for process in family), "it is being played"
        began = time.monotonic()
        demo.process.terminate()
        assert demo.process.wait(timeout=10) == 0
        assert time.monotonic() - began < 10
        assert not [process for process in family if processes.born(process.pid)]
    finally:
        demo.process.kill()
        demo.process.wait()


def play_a_rush(url: str) -> None:
    """Press the button of the demo's rush, and wait until its crowd has had the first tickets."""
    with httpx.Client(base_url=url, timeout=20) as client:
        form = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get("/demo/").text)
        assert form
        fields = {"csrfmiddlewaretoken": form[1], "students": "3000"}
        started = client.post("/demo/rush/", data=fields, headers={"Referer": url})
        event = f"/api/events/{started.headers['Location'].split('/')[3]}/"

        def left() -> int:
            return sum(zone["left"] or 0 for zone in client.get(event).json()["zones"])

        assert processes.wait_until(lambda: left() > 0, 30), "its places are there"
        places = left()
        assert processes.wait_until(lambda: 0 < left() < places, 90), "the crowd presses"


def test_a_command_without_the_demo_names_make_demo(place: Layout) -> None:
    """The file of the last start is there, its servers are not."""
    gone = f"redis://127.0.0.1:{free_port()}"
    values = supervisor.Demo(place, {}).settings() | {
        "DATABASE_URL": f"postgresql://festival:gone@127.0.0.1:{free_port()}/daedong",
        "REDIS_URL": f"{gone}/0",
        "CACHE_URL": f"{gone}/1",
    }
    write_environment(place.environment, values)
    ours = ("FESTIVAL_", "DATABASE_URL", "REDIS_URL", "CACHE_URL")
    env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    env["FESTIVAL_DATA_DIR"] = str(place.data)
    command = [sys.executable, "manage.py", "new_sale"]
    result = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.endswith("The demo does not run. This helps: make demo\n")
    assert "Traceback" not in result.stderr
