"""What all tests share: clean Redis databases, the production server as a process, a real browser."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest
import redis
from django.conf import settings
from django.core.cache import caches
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from festival import embedded, processes
from festival.demo.supervisor import WEB_OPTIONS, answers
from festival.redis import at_each_master
from tests import cleaning, versions

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI") == "true"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


# Files that take minutes: begun last, one of them would go on alone while the other process has nothing left to do.
LONGEST = (
    *("pages/test_sales.py", "pages/test_addresses.py", "load/", "demo/", "properties/", "test_demo.py"),
    "test_rolling_restart.py",
)


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest; mark what is run again on other versions of the servers."""

    def path(item: pytest.Item) -> str:
        return item.path.relative_to(ROOT / "tests").as_posix()

    def rank(item: pytest.Item) -> int:
        return next(
            (place for place, begin in enumerate(LONGEST) if path(item).startswith(begin)), len(LONGEST)
        )

    items.sort(key=rank)
    for item in items:
        versions.mark(item, path(item))


@pytest.fixture(autouse=True)
def nothing_remembered(request: pytest.FixtureRequest) -> None:
    """Empty what a process remembers before every test, and both Redis databases for one that touches the database."""
    caches["process"].clear()
    if request.node.get_closest_marker("django_db") or {"db", "transactional_db"} & set(request.fixturenames):
        at_each_master("flushdb")
        with redis.Redis.from_url(settings.CACHE_URL) as client:
            client.flushdb()


@dataclass(frozen=True)
class Live:
    """The production server on the test database; a test sees what it commits and the other way round."""

    url: str
    client: Callable[..., httpx.Client]


def test_database_url() -> str:
    """Return the address of the database that pytest-django made for this run."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(parts._replace(path=f"/{connection.settings_dict['NAME']}"))


test_database_url.__test__ = False  # type: ignore[attr-defined]  # a helper, whatever its name begins with


LEFT_OVER = """
SELECT pid, backend_type, application_name, state, left(query, 80) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def left_over() -> list[tuple[Any, ...]]:
    """Return the sessions of the test database that are not this thread's."""
    with connection.cursor() as cursor:
        cursor.execute(LEFT_OVER)
        return list(cursor.fetchall())


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Drop the test database when nobody is in it any more: PostgreSQL itself waits five seconds only.

    A process that a test has killed may leave a session that still waits for a lock, and PostgreSQL itself may be
    vacuuming what tests wrote by the ten thousand. Whoever stays longer is named
    and ended, so that a leak can be found and does not hide what the tests have said.
    """
    with django_db_blocker.unblock():
        cleaning.keep()
    with cleaning.quick():
        yield
    with django_db_blocker.unblock():
        processes.wait_until(lambda: not left_over(), 20)
        leaks = left_over()
        for session in leaks:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [session[0]])
        connection.close()
    assert not leaks, f"left over in the test database: {leaks}"


@contextmanager
def production_server(
    folder: Path, port: int, *, options: Sequence[str] = WEB_OPTIONS, **changes: str
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run the production server on the test database, as the demo starts it, with a changed environment."""
    env = {**os.environ, "DATABASE_URL": test_database_url(), "FESTIVAL_ROLE": "web", **changes}
    address = ["--host", "127.0.0.1", "--port", str(port)]
    command = [sys.executable, "-m", "granian", "festival.wsgi:application", *options, *address]
    log = folder / "web.log"
    process = processes.spawn(command, log=log, record=folder / "web.json", env=env)
    url = f"http://127.0.0.1:{port}"
    try:
        processes.wait_until(lambda: process.poll() is not None or answers(f"{url}/healthz"), 30)
        assert answers(f"{url}/healthz"), f"the server did not start:\n{processes.last_lines(log, 40)}"
        yield url, process
    finally:
        processes.end(process, end_signal=signal.SIGTERM, seconds=5)


@pytest.fixture(scope="session")
def live_process(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run the production server until the tests are over."""
    with production_server(tmp_path_factory.mktemp("live"), embedded.free_port()) as running:
        yield running


@pytest.fixture
def live(live_process: tuple[str, subprocess.Popen[bytes]], transactional_db: None) -> Iterator[Live]:
    """Give a test the production server and clients for it, which are closed afterwards."""
    url, process = live_process
    assert process.poll() is None, "an earlier test ended the server"
    with clients_of(url) as ready:
        yield ready


@contextmanager
def clients_of(url: str) -> Iterator[Live]:
    """Give clients for a running server, and close them afterwards."""
    with ExitStack() as clients:

        def client(**options: object) -> httpx.Client:
            arguments = {"base_url": url, "timeout": 20.0} | options
            made = httpx.Client(**arguments)  # type: ignore[arg-type]  # httpx's own names
            clients.callback(made.close)
            return made

        yield Live(url, client)


def browser_path() -> str:
    """Return the browser of this machine; without one a test is skipped on a laptop and fails in CI."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        words = "no Chromium on this machine; this helps: apt install chromium fonts-noto-cjk"
        if IN_CI:
            pytest.fail(words)
        pytest.skip(words)
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Start a real browser that tests open pages in.

    For one module: its event loop stays in this thread, where tests of asyncio could not start theirs.
    """
    from playwright.sync_api import sync_playwright  # slow to import, and most runs need no browser

    path = browser_path()
    # Playwright keeps an event loop in this thread, which makes Django think that our ORM calls are asynchronous.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        chromium = playwright.chromium.launch(executable_path=path, args=arguments)
        yield chromium
        chromium.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
