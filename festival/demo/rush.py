"""The rush that somebody has asked for on the demo's page: a child of the supervisor, one at a time.

The page writes what it wants into a file that only one can write at a time; the supervisor plays it and takes the file
away when it is over. A web process could not do it: its threads come and go, and its children would outlive it.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

from festival import processes
from festival.demo.files import Layout
from festival.demo.screen import say

MOST_STUDENTS = 3000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A sale that is there already, and how many press in it at the same second."""

    event: str
    students: int

    @classmethod
    def read(cls, file: Path) -> "Wanted":
        """Read what the page has written; raises ValueError for anything else."""
        found = json.loads(file.read_text(encoding="utf-8"))
        wanted = cls(str(UUID(found["event"])), int(found["students"]))
        if not 1 <= wanted.students <= MOST_STUDENTS:
            raise ValueError(f"{wanted.students} students")
        return wanted

    def text(self) -> str:
        return json.dumps(asdict(self))


def report_of(place: Layout, event: UUID | str) -> Path:
    """Return the file in which a rush leaves what it has shown."""
    return place.rushes / f"{event}.json"


class Rush:
    """Starts the rush that is wanted, and notices its end."""

    def __init__(self, place: Layout, environment: Callable[[], Mapping[str, str]]) -> None:
        self.place, self.environment = place, environment
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def record(self) -> Path:
        return self.place.records / "rush.json"

    def look(self) -> None:
        """Start what is wanted; take it off the list when it is over."""
        if self.process is None:
            if self.place.rush.exists():
                self.start()
        elif self.process.poll() is not None:
            self.over()

    def start(self) -> None:
        """Play what the page has asked for; a file that makes no sense is taken away."""
        try:
            wanted = Wanted.read(self.place.rush)
        except (ValueError, KeyError, TypeError) as error:
            say(f"  A rush was asked for in words that make no sense: {error}")
            self.place.rush.unlink()
            return
        log = self.place.logs / "rush.log"
        log.write_bytes(b"")
        env = {**self.environment(), "FESTIVAL_ALLOW_LOADTEST": "1", "FESTIVAL_LOG_LEVEL": "WARNING"}
        self.process = processes.spawn(self.command(wanted), log=log, record=self.record, env=env)

    def command(self, wanted: Wanted) -> list[str]:
        """Return the command line of a play; whoever looks may press beside its crowd."""
        words = ["rush", "--event", wanted.event, "--students", str(wanted.students), "--within", "1"]
        report = report_of(self.place, wanted.event)
        return [sys.executable, "manage.py", *words, "--visitors", "--json", str(report)]

    def over(self) -> None:
        """Let the next one be asked for."""
        self.process = None
        self.record.unlink(missing_ok=True)
        self.place.rush.unlink(missing_ok=True)

    def end(self) -> None:
        """End a rush that still runs, with the demo."""
        if self.process is not None:
            processes.end(self.process, end_signal=signal.SIGTERM, seconds=1)
            self.over()
