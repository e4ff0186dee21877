"""The running parts of the demo: started, watched, started again when they die, ended in order.

A part that dies is started again, as a service manager would do in production: the demo is there to show that
a death costs no ticket. One that keeps dying ends the demo with the last lines of its log.
"""

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from festival import processes
from festival.demo.screen import Problem, say

DEATHS_ALLOWED, WITHIN_SECONDS = 5, 60.0
FIRST_PAUSE_S = 0.5


class Stop:
    """What signals ask for: one to end in order, a second to end at once."""

    def __init__(self) -> None:
        self.asked = 0

    def listen(self) -> None:
        """Count SIGINT, SIGTERM and SIGHUP from now on; a SIGHUP that nohup ignores stays ignored."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._count)

    def _count(self, _number: int, _frame: object) -> None:
        self.asked += 1

    def wanted(self) -> bool:
        """Say whether anybody asked to end."""
        return self.asked > 0

    def hurry(self) -> bool:
        """Say whether somebody asked twice."""
        return self.asked > 1


@dataclass
class Part:
    """One program or server: how to start it, how to end it, and how often it died lately."""

    name: str
    log: Path
    launch: Callable[[], subprocess.Popen[bytes]]
    end_signal: signal.Signals = signal.SIGTERM
    seconds: float = 2.5
    record: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    deaths: list[float] = field(default_factory=list)
    again_at: float = 0.0

    def start(self) -> None:
        """Start the part."""
        self.process = self.launch()
        self.again_at = 0.0

    def is_dead(self) -> bool:
        """Say whether the part was started and has ended."""
        return self.process is not None and self.process.poll() is not None

    def last_words(self, lines: int = 15) -> str:
        """Return how the part ended and the end of its log."""
        code = self.process.poll() if self.process else None
        how = f"by signal {signal.Signals(-code).name}" if code and code < 0 else f"with exit code {code}"
        return f"{self.name} ended {how}. The last lines of {self.log}:\n\n{processes.last_lines(self.log, lines)}"


def watch(
    parts: Sequence[Part], stop: Stop, pause: float = 0.2, beside: Callable[[], None] = lambda: None
) -> None:
    """Keep the parts alive until somebody asks to end, and do something `beside`; raise Problem when one cannot be."""
    while not stop.wanted():
        for part in parts:
            look_after(part, time.monotonic())
        beside()
        time.sleep(pause)


def look_after(part: Part, now: float) -> None:
    """Notice a death, and start the part again after a pause that grows with every death."""
    if part.again_at:
        if now >= part.again_at:
            part.start()
            say(f"  {part.name} runs again.")
        return
    if not part.is_dead():
        return
    if part.process is not None:
        processes.kill_rest(part.process.pid)  # workers of a dead server would keep its port
    part.deaths = [*(death for death in part.deaths if now - death < WITHIN_SECONDS), now]
    if len(part.deaths) > DEATHS_ALLOWED:
        raise Problem(f"{part.last_words()}\n\nIt died {len(part.deaths)} times in a minute.", "make demo")
    part.again_at = now + FIRST_PAUSE_S * len(part.deaths) ** 2
    say(f"\n{part.last_words(lines=3)}\n\n  {part.name} is started again …")


def end_all(groups: Sequence[Sequence[Part]], hurry: Callable[[], bool]) -> None:
    """End the groups one after the other, the parts of a group together."""
    for group in groups:
        end_together([part for part in group if part.process is not None], hurry)


def end_together(parts: Sequence[Part], hurry: Callable[[], bool]) -> None:
    """Ask the parts to end, wait for all of them, and kill what does not go in time or in a hurry."""
    for part in parts:
        if part.process is not None and part.process.returncode is None:
            part.process.send_signal(part.end_signal)
    limit = max((part.seconds for part in parts), default=0)
    processes.wait_until(lambda: all(part.is_dead() for part in parts), limit, hurry)
    for part in parts:
        if part.process is not None:
            processes.end(part.process, end_signal=signal.SIGKILL, seconds=0)
        if part.record is not None:
            part.record.unlink(missing_ok=True)
