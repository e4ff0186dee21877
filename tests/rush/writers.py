"""Write-back workers as real processes, and locks in PostgreSQL that let them stand at a known moment."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.db import connection

from festival import processes
from tests.conftest import ROOT, test_database_url

PATIENCE = 60
STANDING = """
SELECT pid, query FROM pg_stat_activity
 WHERE datname = current_database() AND backend_type = 'client backend' AND wait_event_type = 'Lock'
"""


@contextmanager
def writer(folder: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a write-back worker as the product starts it, on the test database; ended kindly, if it still lives."""
    env = {**os.environ, "DATABASE_URL": test_database_url(), "FESTIVAL_ROLE": "worker"}
    command = [sys.executable, str(ROOT / "manage.py"), "writeback"]
    log = folder / f"{name}.log"
    process = processes.spawn(command, log=log, record=folder / f"{name}.json", env=env)
    try:
        yield process
        assert process.poll() in (None, -signal.SIGKILL), processes.last_lines(log, 40)
    finally:
        processes.end(process, end_signal=signal.SIGTERM, seconds=10)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a worker so that it can do nothing about it."""
    assert process.poll() is None, "it ended before"
    process.kill()
    assert process.wait(timeout=10) == -signal.SIGKILL


@contextmanager
def held(statement: str) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """Hold the locks of a statement until the block ends or the connection rolls back."""
    with psycopg.connect(test_database_url()) as holder:
        holder.execute(statement.encode())
        yield holder
        holder.rollback()


def standing() -> dict[int, str]:
    """Return the statements that wait for a lock, by their sessions."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING)
        return {int(session): str(query) for session, query in cursor.fetchall()}


def wait_for(*words: str) -> set[int]:
    """Wait until as many statements as there are words wait for locks, and each word belongs to one of them.

    Return their sessions. A worker gives a lock up after five seconds, and tries again: it comes to stand there again.
    """

    def there() -> bool:
        left = list(standing().values())
        for word in words:
            found = next((query for query in left if word in query), None)
            if found is None:
                return False
            left.remove(found)
        return not left

    assert processes.wait_until(there, PATIENCE), f"wanted {words}, waiting are {standing()}"
    return set(standing())


def wait_for_another(dead: set[int]) -> None:
    """Wait until somebody else waits for a lock than the sessions of the dead, which may stand there still."""
    assert processes.wait_until(lambda: bool(standing().keys() - dead), PATIENCE), standing()
