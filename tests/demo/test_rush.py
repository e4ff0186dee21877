"""The demo's rush: asked for on the page, one at a time, played by the supervisor, and told in a report."""

import json
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.demo import rush
from festival import processes
from festival.demo.files import Layout, Lock
from festival.demo.rush import Rush, Wanted, report_of
from loadtest.report import style_source
from tests.factories import make_event
from ticketing.models import Event, Mode

pytestmark = pytest.mark.servers
START = {"students": "30"}


@pytest.fixture
def place(demo: Settings, tmp_path: Path) -> Layout:
    """Let a demo run here: its folder, and the lock that its supervisor holds."""
    made = Layout(tmp_path / "data")
    made.make()
    demo.DATA_DIR = made.data
    assert Lock(made.lock).take()
    return made


def test_the_button_makes_a_sale_that_opens_in_a_moment_and_asks_for_its_play(
    place: Layout, db: None, client: Client
) -> None:
    response = client.post("/demo/rush/", START)
    event = Event.objects.get()
    assert response.headers["Location"] == f"/demo/rush/{event.pk}/"
    assert Wanted.read(place.rush) == Wanted(str(event.pk), 30)
    assert (event.mode, event.waitlist_size) == (Mode.REDIS, 3)
    assert sum(event.zones.values_list("capacity", flat=True)) == 15
    page = client.get(f"/demo/rush/{event.pk}/").content.decode()
    assert f"/demo/enter/student/?next=/events/{event.pk}/" in page
    assert 'http-equiv="refresh"' in client.get(f"/demo/rush/{event.pk}/report/").content.decode()


def test_a_second_press_leads_to_the_rush_that_is_going_on(place: Layout, db: None, client: Client) -> None:
    first = client.post("/demo/rush/", START).headers["Location"]
    assert client.post("/demo/rush/", START).headers["Location"] == first
    assert Event.objects.count() == 1
    assert first in client.get("/demo/").content.decode()
    assert [file.name for file in place.data.glob("rush*")] == ["rush.json", "rushes"]


@pytest.mark.parametrize("students", ["0", "3001", "many", ""])
def test_a_crowd_that_makes_no_sense_is_not_asked_for(
    place: Layout, db: None, client: Client, students: str
) -> None:
    assert client.post("/demo/rush/", {"students": students}).headers["Location"] == "/demo/"
    assert not Event.objects.exists()
    assert not place.rush.exists()


def test_without_a_supervisor_nothing_is_started(
    demo: Settings, db: None, client: Client, tmp_path: Path
) -> None:
    demo.DATA_DIR = tmp_path
    assert client.post("/demo/rush/", START).headers["Location"] == "/demo/"
    assert not Event.objects.exists()


@pytest.mark.parametrize("wired", [True, False])
def test_outside_the_demo_nobody_can_start_or_see_a_rush(
    place: Layout, demo: Settings, db: None, client: Client, wired: bool
) -> None:
    demo.DEMO = False
    demo.ROOT_URLCONF = "tests.demo.urls" if wired else "festival.urls"
    event = make_event()
    assert client.post("/demo/rush/", START).status_code == 404
    assert client.get(f"/demo/rush/{event.pk}/").status_code == 404
    assert client.get(f"/demo/rush/{event.pk}/report/").status_code == 404
    assert not place.rush.exists()


def test_a_rush_that_ended_without_a_report_says_so(place: Layout, db: None, client: Client) -> None:
    page = client.get(f"/demo/rush/{make_event().pk}/report/").content.decode()
    assert "보고서가 없습니다" in page
    assert "refresh" not in page


def test_the_report_may_have_its_own_style_and_nothing_else(place: Layout, db: None, client: Client) -> None:
    event = make_event()
    report_of(place, event.pk).write_text(json.dumps({"runs": [document(event)]}), encoding="utf-8")
    response = client.get(f"/demo/rush/{event.pk}/report/")
    assert "모든 약속을 지켰습니다." in response.content.decode()
    policy = response.headers["Content-Security-Policy"]
    assert f"style-src 'self' {style_source()}" in policy
    assert "unsafe" not in policy
    assert str(event.pk) in client.get("/demo/").content.decode()


def document(event: Event) -> dict[str, object]:
    """Return the smallest document that a play can leave."""
    kinds = dict.fromkeys(("won", "waitlisted", "sold_out", "refused", "busy", "error"), 1)
    names = ("oversold", "duplicates", "lost", "order_violations", "other_faults", "left", "throughput")
    times = dict.fromkeys(("p50", "p95", "p99", "sold_out_ms", "last_row_ms"), 5.0)
    return {
        "event": {"name": "밤", "name_en": "night", "mode": "redis", "opens_at": event.opens_at.isoformat()}
        | {"zones": {"A": 1}, "waitlist_size": 0},
        "played": {"students": 6, "within_s": 1, "seed": 1},
        "figures": {**kinds, **dict.fromkeys(names, 0), **times, "outage": None, "zones": []},
        "series": {
            "step_ms": 50,
            "answers": [kinds],
            "latency": [{"p50": 1, "p95": 2, "p99": 3}],
            "zones": {},
        },
        **{
            "verdict": "kept",
            "info": {},
            "faults": {},
            "broken": [],
            "missing": {},
            "not_judged": {},
            "acts": [],
        },
    }


class Short(Rush):
    """Runs a few words of Python in the place of a sale."""

    words = "import time; time.sleep(60)"

    def command(self, wanted: Wanted) -> list[str]:
        return [sys.executable, "-c", self.words]


def ask_for(place: Layout, event: UUID) -> None:
    place.rush.write_text(Wanted(str(event), 3).text(), encoding="utf-8")


def test_the_supervisor_plays_one_at_a_time_and_takes_it_off_when_it_is_over(tmp_path: Path) -> None:
    place = Layout(tmp_path)
    place.make()
    playing = Short(place, lambda: {})
    playing.words = "pass"
    playing.look()
    assert not playing.record.exists(), "nobody has asked"
    ask_for(place, uuid4())
    playing.look()
    first = playing.process
    assert first is not None
    assert processes.wait_until(lambda: first.poll() is not None, 10)
    playing.look()
    assert playing.process is None
    assert not place.rush.exists()
    assert not playing.record.exists()


def test_the_rush_ends_with_the_demo(tmp_path: Path) -> None:
    place = Layout(tmp_path)
    place.make()
    playing = Short(place, lambda: {})
    ask_for(place, uuid4())
    playing.look()
    process = playing.process
    assert process is not None
    playing.look()
    assert playing.process is process, "it goes on"
    playing.end()
    assert process.poll() is not None
    assert not place.rush.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"event": "x", "students": 3}', '{"students": 3}'])
def test_words_that_make_no_sense_are_taken_away(tmp_path: Path, text: str) -> None:
    place = Layout(tmp_path)
    place.make()
    place.rush.write_text(text, encoding="utf-8")
    Short(place, lambda: {}).look()
    assert not place.rush.exists()


def test_what_is_played_is_this_very_command(tmp_path: Path) -> None:
    event = uuid4()
    words = Rush(Layout(tmp_path), lambda: {}).command(Wanted(str(event), 3000))[2:]
    assert words[:3] == ["rush", "--event", str(event)]
    assert {"--visitors", "--within", "--json"} <= set(words)
    assert rush.STUDENTS == 3000
