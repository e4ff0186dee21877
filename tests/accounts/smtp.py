"""The mail server of tests, and job workers as processes that can be killed."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection

from festival import processes
from tests.conftest import test_database_url


@dataclass
class MailServer:
    """A running SMTP server; it can be ended and started again at the same place."""

    folder: Path
    port: int
    seconds: float = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [
            *(sys.executable, "-m", "tests.mailserver"),
            *(str(self.port), str(self.file), str(self.seconds)),
        ]
        self.process = processes.spawn(
            command, log=self.folder / "smtp.log", record=self.folder / "smtp.json", env=dict(os.environ)
        )
        processes.wait_until(self.answers, 20)
        assert self.answers(), processes.last_lines(self.folder / "smtp.log", 20)

    def stop(self) -> None:
        if self.process is not None:
            processes.end(self.process, end_signal=signal.SIGTERM, seconds=5)
            self.process = None

    def answers(self) -> bool:
        with closing(socket.socket()) as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def file(self) -> Path:
        return self.folder / "taken.jsonl"

    def taken(self) -> list[dict[str, Any]]:
        """Return the mails it has taken, in their order."""
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return [json.loads(line) for line in lines]

    def ids(self) -> list[str]:
        """Return the keys in the Message-IDs of the mails it has taken."""
        return [mail["id"].strip("<>").partition("@")[0] for mail in self.taken()]


def start_worker(server: MailServer, *, name: str, dies: str = "") -> subprocess.Popen[bytes]:
    """Start a real job worker; `dies` says where it kills itself, and in which mail: `before-mark 3`."""
    env = {
        **os.environ,
        "DATABASE_URL": test_database_url(),
        "FESTIVAL_ROLE": "worker",
        "FESTIVAL_MAIL_URL": server.url,
    }
    command = [sys.executable, "-m", "tests.accounts.dying", *dies.split()]
    return processes.spawn(
        command,
        log=server.folder / f"{name}.log",
        record=server.folder / f"{name}.json",
        env=env,
    )


def age_the_dead() -> None:
    """Let the hearts of all workers have stopped a minute ago: nobody waits half a minute in a test."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
