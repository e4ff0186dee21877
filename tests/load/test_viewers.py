"""Who waits on a page before the opening: played as a real browser does it, and judged by what it costs."""

import asyncio
import random
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from festival.processes import wait_until
from loadtest.costs import dear, refused
from loadtest.gauges import Spent
from loadtest.viewers import arguments, arrivals, phases
from loadtest.viewing import ASSETS, CLOCK, STUDENT, VISITOR, Plan, Seen, looks_of, rhythm
from loadtest.viewing import Browser as Viewer
from tests.checks import bare
from tests.conftest import ROOT, Live
from tests.factories import make_event

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MORE_THAN_BEFORE = 4_200  # connections: two workers used to hold 4,096


def test_a_crowd_that_waits_is_answered_and_asks_postgresql_for_nothing_of_its_own() -> None:
    """The whole tool: servers of its own, two players, the verdict."""
    command = [sys.executable, "-m", "loadtest.viewers", "--viewers", "240", "--minutes", "0.15"]
    done = subprocess.run(command, cwd=ROOT, env=bare(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    loaded = re.findall(r"page of a (?:visitor|student): (\d+) × 200;", done.stdout)
    assert len(loaded) == 2
    assert min(map(int, loaded)) >= 120, "each at least once"
    assert "kept: everybody was answered" in done.stdout


@pytest.mark.servers
@pytest.mark.browser
def test_a_viewer_asks_for_what_a_real_browser_asks_for(live: Live, browser: "Browser") -> None:
    event = make_event({"A": 5, "B": 5}, opens_in=600)
    path, clock = f"/events/{event.pk}/", f"/api/clock/?event={event.pk}"
    page, asked = browser.new_page(base_url=live.url), Counter[str]()
    page.on("request", lambda request: asked.update([request.url.removeprefix(live.url)]))
    page.goto(path)
    page.locator("[data-clock-line]").wait_for()  # after the last sample
    page.close()

    now = time.time()
    plan = Plan(live.url, path, clock, now, now + 60, now + 600, [now], [""])
    seen = Seen()
    viewer = Viewer(plan, seen, "")
    with ThreadPoolExecutor(1) as thread:  # the browser's event loop lives in this one
        thread.submit(asyncio.run, load_and_go(viewer)).result()
    assert {kind: told.statuses for kind, told in seen.kinds.items()} == {
        VISITOR: {"200": asked.pop(path)},
        CLOCK: {"200": asked.pop(clock)},
        ASSETS: {"200": len(viewer.kept)},
    }
    icon = {path for path in viewer.kept if "favicon" in path}  # a browser without a window shows none
    assert set(viewer.kept) - icon == set(asked) - icon
    assert set(asked.values()) == {1}


@pytest.mark.servers
@pytest.mark.browser
def test_who_waits_looks_once_more_at_the_clock(live: Live, browser: "Browser") -> None:
    event = make_event({"A": 5}, opens_in=600)
    page, asked = browser.new_page(base_url=live.url), list[float]()
    page.clock.install()
    page.on("request", lambda request: asked.append(time.time()) if "/api/clock/" in request.url else None)
    page.goto(f"/events/{event.pk}/")
    page.locator("[data-clock-line]").wait_for()
    assert len(asked) == rhythm().samples
    page.clock.fast_forward(585_000)
    assert wait_until(lambda: page.title() != "" and len(asked) == 2 * rhythm().samples, 20)
    page.close()


async def load_and_go(viewer: Viewer) -> None:
    await viewer.load()
    viewer.connection.close()
    await asyncio.sleep(0)  # until it is closed


@pytest.mark.servers
def test_thousands_of_idle_connections_leave_room_for_the_next_one(live: Live) -> None:
    address = urlsplit(live.url)
    with ExitStack() as stack:
        for _ in range(MORE_THAN_BEFORE):
            stack.enter_context(socket.create_connection((address.hostname, address.port), timeout=20))
        assert live.client(timeout=10).get("/healthz").status_code == 200


def plan_of(*, opens_in: float) -> Plan:
    return Plan("http://127.0.0.1:1", "/", "/", 0, 600, opens_in, [0], [""])


def test_a_page_looks_at_the_clock_once_more_before_the_opening() -> None:
    plan = plan_of(opens_in=615)
    lasts = []
    for seed in range(300):
        looks = looks_of(plan, 0.0, 600.0, random.Random(seed))
        assert sum(surely for _, surely in looks) == 1
        lasts += [moment for moment, surely in looks if surely]
    first = plan.opens - rhythm().last_look - rhythm().spread
    assert first <= min(lasts) < first + 10
    assert plan.opens - rhythm().last_look - 10 < max(lasts) <= plan.opens - rhythm().last_look


def test_visitors_come_first_and_everybody_comes_in_the_first_half() -> None:
    crowd = arguments(["--viewers", "10", "--students", "4", "--minutes", "10"])
    assert arrivals(crowd, 0.0)[6] == phases(crowd)[0][1] == 180.0
    assert max(arrivals(crowd, 0.0)) < 300.0
    assert phases(crowd)[-1] == ("the last minute", 600.0)
    assert [name for name, _ in phases(arguments(["--viewers", "10", "--students", "0"]))][
        1
    ] == "everybody waits"


def spent(name: str, begins: float, seconds: float, **statements: int) -> Spent:
    return Spent(name, begins, seconds, Counter(statements), {}, {}, 0)


def pages(number: int, *, at: int) -> dict[str, Any]:
    return {STUDENT: {"seconds": Counter({at: number})}}


@pytest.mark.parametrize(
    ("sent", "loads", "kept"),
    [
        (80, 0, True),  # 8 threads, 8 seconds, and a refresh at both ends
        (81, 0, False),
        (180, 100, True),
        (181, 100, False),
    ],
)
def test_statements_are_allowed_once_a_second_and_for_each_page_of_a_student(
    sent: int, loads: int, kept: bool
) -> None:
    assert bool(dear(pages(loads, at=3), [spent("a", 100.0, 8.5, event=sent)], 100.0)) is not kept


def test_what_later_pages_may_cost_does_not_excuse_what_came_before() -> None:
    before, after = spent("visitors", 0.0, 8.0, event=90), spent("students", 8.0, 8.0, event=0)
    [line] = dear(pages(100, at=9), [before, after], 0.0)
    assert "visitors" in line


def test_whatever_is_not_answered_is_told() -> None:
    kinds = {"clock": {"statuses": Counter({"200": 5, "503": 1, "error": 2})}}
    assert refused(kinds, [{"faults": ["clock: TimeoutError"]}]) == [
        "clock: 1 × 503",
        "clock: 2 × error",
        "clock: TimeoutError",
    ]
