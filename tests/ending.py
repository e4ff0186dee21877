"""Programs of the product as processes that are asked to end, and the connections that they have meanwhile."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from festival import processes
from tests.conftest import ROOT, test_database_url

PROMISED_SECONDS = 10


@contextmanager
def worker(folder: Path, *words: str, rows: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """Run a management command as the product runs its workers, on the test database or another; killed at last."""
    env = {**os.environ, "DATABASE_URL": rows or test_database_url(), "FESTIVAL_ROLE": "worker"}
    command = [sys.executable, str(ROOT / "manage.py"), *words]
    log, record = folder / f"{words[0]}.log", folder / f"{words[0]}.json"
    process = processes.spawn(command, log=log, record=record, env=env)
    try:
        yield process
    finally:
        processes.end(process, end_signal=signal.SIGKILL, seconds=0)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and its children so that they can do nothing about it."""
    assert process.poll() is None, "it ended before"
    processes.kill_group(process.pid)
    assert process.wait(timeout=PROMISED_SECONDS) == -signal.SIGKILL


def connections(process: subprocess.Popen[bytes], url: str) -> int:
    """Return how many connections a process and its children have to a server of this machine."""
    leader = psutil.Process(process.pid)
    links = [
        link for one in (leader, *leader.children(recursive=True)) for link in one.net_connections("tcp")
    ]
    return sum(bool(link.raddr) and link.raddr.port == urlsplit(url).port for link in links)


def visitors(process: subprocess.Popen[bytes], port: int) -> int:
    """Return how many connections clients have to a server at this port."""
    leader = psutil.Process(process.pid)
    links = [
        link for one in (leader, *leader.children(recursive=True)) for link in one.net_connections("tcp")
    ]
    return sum(bool(link.raddr) and link.laddr.port == port for link in links)


def refuses(port: int) -> bool:
    """Tell whether nobody listens at a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
