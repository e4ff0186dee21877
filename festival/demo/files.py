"""Where the demo keeps its things, and the file that tells other commands about its servers."""

import fcntl
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from festival import owners

ROOT = Path(__file__).resolve().parent.parent.parent
MARK = "This folder belongs to the demo. `make reset` deletes it.\n"


@dataclass(frozen=True)
class Layout:
    """The demo's folder (FESTIVAL_DATA_DIR, by default .data/ in the clone) and what is in it."""

    data: Path

    @property
    def environment(self) -> Path:
        """The settings of the running demo, KEY=value."""
        return self.data / "demo.env"

    @property
    def lock(self) -> Path:
        """Locked by the running supervisor, whose pid it holds."""
        return self.data / "demo.lock"

    @property
    def mark(self) -> Path:
        """Says that the whole folder may be deleted."""
        return self.data / "BELONGS-TO-THE-DEMO"

    @property
    def logs(self) -> Path:
        """One file for each program."""
        return self.data / "logs"

    @property
    def records(self) -> Path:
        """Who our children are, for the start after a crash."""
        return self.data / "run"

    @property
    def rush(self) -> Path:
        """Which rush the demo's page has asked for, as JSON; there from the press on the button until it is over."""
        return self.data / "rush.json"

    @property
    def rushes(self) -> Path:
        """What rushes have shown, a file for each event."""
        return self.data / "rushes"

    def make(self) -> None:
        """Make the folders; a folder that held something before us gets no mark, so that reset spares it."""
        self.data.mkdir(parents=True, exist_ok=True)
        if self.data == ROOT / ".data" or not any(self.data.iterdir()):
            self.mark.write_text(MARK, encoding="utf-8")
        for folder in (self.logs, self.records, self.data / "mail", self.data / "static", self.rushes):
            folder.mkdir(exist_ok=True)


def layout(environ: Mapping[str, str] = os.environ) -> Layout:
    """Return where the demo of this clone lives."""
    return Layout(Path(environ.get("FESTIVAL_DATA_DIR") or ROOT / ".data").resolve())


class Lock:
    """Held by the one supervisor of a data folder; the kernel lets go of it when the process dies."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._handle = -1

    def take(self) -> bool:
        """Take the lock and write our pid, or say that another process has it."""
        self._handle = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.release()
            return False
        os.ftruncate(self._handle, 0)
        os.write(self._handle, str(os.getpid()).encode())
        return True

    def release(self) -> None:
        """Let go."""
        os.close(self._handle)
        self._handle = -1

    def holder(self) -> int | None:
        """Return the pid of whoever holds the lock now, None when it is free."""
        if not self.file.exists():
            return None
        probe = os.open(self.file, os.O_RDONLY)
        try:
            fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(self.file.read_text(encoding="ascii") or 0) or None
        finally:
            os.close(probe)
        return None


def demo_is_meant_but_asleep(environ: Mapping[str, str]) -> bool:
    """Say whether settings come from the demo's file while no demo runs."""
    place = layout(environ)
    elsewhere = environ.get("FESTIVAL_MODE") or environ.get("DATABASE_URL")
    return not elsewhere and place.environment.exists() and Lock(place.lock).holder() is None


def read_environment(file: Path) -> dict[str, str]:
    """Return the KEY=value lines of the last start, nothing before the first."""
    if not file.exists():
        return {}
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def write_environment(file: Path, values: Mapping[str, str]) -> None:
    """Write the settings for every other command in this clone, readable by their owner only."""
    head = "# Written by `make demo` at every start; `manage.py` reads it while FESTIVAL_MODE is not set."
    owners.write_private(file, "\n".join([head, *(f"{key}={value}" for key, value in values.items()), ""]))


def secret() -> str:
    """Return a new secret that is long enough for any key."""
    return secrets.token_urlsafe(48)
