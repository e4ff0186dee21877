"""How much of a file would survive a power cut, read from a trace of the system calls of the process that writes it.

kill -9 takes nothing away: what was written stands in the kernel's memory, and the kernel lives. Only what a sync has
brought to the disk survives the kernel's own end; which bytes those are, nobody but the trace knows.
"""

import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from festival import processes
from loadtest.faults.site import expect

CALLS = "write,writev,pwrite64,fsync,fdatasync,sync_file_range,ftruncate"
WRITES, SYNCS = ("write", "writev"), ("fsync", "fdatasync")
WHOLE = re.compile(r"^(\d+) +([\d.]+) (\w+)\(\d+<(.*?)>.*\) += (-?\d+)")
BEGUN = re.compile(r"^(\d+) +([\d.]+) (\w+)\(\d+<(.*?)>.* <unfinished \.\.\.>$")
ENDED = re.compile(r"^(\d+) +([\d.]+) <\.\.\. (\w+) resumed>.*\) += (-?\d+)")


class NoTrace(Exception):
    """System calls cannot be traced here, or the trace says something that this does not understand."""


@dataclass
class Synced:
    """A file as its trace tells it: how many bytes were written since it began, how many a completed sync covers."""

    path: str
    written: int = 0
    synced: int = 0
    _begun: dict[str, tuple[str, str, int]] = field(default_factory=dict)

    def follow(self, lines: Sequence[str]) -> None:
        """Take note of lines of the trace, in their order.

        A sync covers what was written before it began, once it has come back without an error.
        """
        for line in lines:
            if found := WHOLE.match(line):
                _thread, _at, call, path, result = found.groups()
                self._begins(call, path)
                self._ends(call, path, int(result), self.written)
            elif found := BEGUN.match(line):
                thread, _at, call, path = found.groups()
                self._begins(call, path)
                self._begun[thread] = (call, path, self.written)
            elif found := ENDED.match(line):
                thread, _at, call, result = found.groups()
                begun = self._begun.pop(thread, None)
                if begun is not None and begun[0] == call:
                    self._ends(call, begun[1], int(result), begun[2])

    def _begins(self, call: str, path: str) -> None:
        if path == self.path and call not in (*WRITES, *SYNCS):
            raise NoTrace(f"{call} of {path}: only appending is understood")

    def _ends(self, call: str, path: str, result: int, covers: int) -> None:
        if path != self.path or result < 0:
            return
        if call in WRITES:
            self.written += result
        elif call in SYNCS:
            self.synced = max(self.synced, covers)


@dataclass
class Trace:
    """The trace of a running process, which grows."""

    file: Path
    seen: int = 0

    def new_lines(self) -> list[str]:
        """Return the whole lines since the last look."""
        with self.file.open("rb") as source:
            source.seek(self.seen)
            text = source.read()
        whole = text[: text.rfind(b"\n") + 1]
        self.seen += len(whole)
        return whole.decode(errors="replace").splitlines()


@contextmanager
def traced(pid: int, folder: Path) -> Iterator[Trace]:
    """Trace what a running process and its threads write and sync meanwhile; raise NoTrace where that cannot be."""
    file, log = folder / "trace", folder / "strace.log"
    command = ["strace", "--follow-forks", "-y", "-s", "0", "-ttt", "-e", f"trace={CALLS}", "-o", str(file)]
    tracer = processes.spawn([*command, "-p", str(pid)], log=log, record=folder / "strace.json")
    try:
        expect(
            lambda: tracer.poll() is not None or "attached" in log.read_text(),
            lambda: "strace does not begin",
        )
        if tracer.poll() is not None:
            raise NoTrace(
                f"strace: {log.read_text().strip() or 'not installed'}. This helps: apt install strace"
            )
        yield Trace(file)
    finally:
        processes.end(tracer, end_signal=signal.SIGTERM, seconds=5)
