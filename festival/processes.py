"""Processes that we start: tied to our life, recorded with their birth, found again and ended after a crash
of ours."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

LAUNCHER = Path(__file__).with_name("launch.py")
SAME_BIRTH_S = 2.0  # the kernel's birth times are derived from the clock and may shift a little


@dataclass(frozen=True)
class Record:
    """Who a process was when we started it; a pid alone may belong to somebody else by now."""

    pid: int
    born: float
    parent: int
    parent_born: float


def never() -> bool:
    """Say that nobody wants to stop."""
    return False


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    record: Path,
    result: Path | None = None,
    env: Mapping[str, str] | None = None,
    end_signal: signal.Signals = signal.SIGTERM,
    user: tuple[int, int] = (-1, -1),
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, its words in `log`, its identity in `record`.

    With `result`, what it prints on stdout goes there, and only stderr to the log.

    A session of its own keeps the terminal's Ctrl-C away: we end our children in order. Call it from the main
    thread: the kernel ties a child to the thread that started it.
    """
    start = [sys.executable, "-I", "-S", str(LAUNCHER), str(int(end_signal)), str(os.getpid())]
    with log.open("ab") as errors, result.open("wb") if result else contextlib.nullcontext(errors) as output:
        process = subprocess.Popen(
            [*start, str(user[0]), str(user[1]), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env=env,
            start_new_session=True,
        )
    write_record(record, process.pid)
    return process


def born(pid: int) -> float | None:
    """Return when a living process was born, None when it is gone or only waits to be collected."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.NoSuchProcess:
        return None


def write_record(file: Path, pid: int) -> None:
    """Remember process `pid` as our child; the file appears whole or not at all."""
    record = Record(pid, born(pid) or 0.0, os.getpid(), born(os.getpid()) or 0.0)
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps(asdict(record)), encoding="utf-8")
    draft.replace(file)


def read_record(file: Path) -> Record | None:
    """Return what `write_record` wrote, None when there is nothing that makes sense."""
    try:
        return Record(**json.loads(file.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def is_alive(pid: int, birth: float) -> bool:
    """Say whether this pid is still the process born then."""
    now = born(pid)
    return now is not None and abs(now - birth) < SAME_BIRTH_S


def runs_program(pid: int, name: str) -> bool:
    """Say whether the process with this pid runs the program of that name."""
    try:
        return bool(psutil.Process(pid).name() == name)
    except psutil.NoSuchProcess:
        return False


def wait_until(done: Callable[[], bool], seconds: float, stopping: Callable[[], bool] = never) -> bool:
    """Wait for `done` and say whether it came true in time and before somebody wanted to stop."""
    limit = time.monotonic() + seconds
    while not done():
        if stopping() or time.monotonic() > limit:
            return False
        time.sleep(0.03)
    return True


def group(pid: int) -> list[psutil.Process]:
    """Return the living processes of the group that a child leads or led, found by our environment's
    folder."""
    members = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):  # it ended while we looked
            ours = any(sys.prefix in word for word in process.cmdline()[:3])
            if os.getpgid(process.pid) == pid and ours and process.status() != psutil.STATUS_ZOMBIE:
                members.append(process)
    return members


def kill_group(pid: int) -> None:
    """Kill the child and whatever it started in its own session."""
    with contextlib.suppress(
        ProcessLookupError, PermissionError
    ):  # gone; macOS says "not permitted" for zombies
        os.killpg(pid, signal.SIGKILL)


def kill_rest(pid: int) -> list[psutil.Process]:
    """Kill what is left of the group of a child that is gone, and return it."""
    left = group(pid)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    return left


def end(
    process: subprocess.Popen[bytes],
    *,
    end_signal: signal.Signals,
    seconds: float,
    hurry: Callable[[], bool] = never,
) -> bool:
    """End our child kindly, then by force after `seconds` or in a hurry; say whether kindness was enough."""
    if process.returncode is not None:  # known to be dead: its pid may be another's by now
        kill_rest(process.pid)
        return True
    process.send_signal(end_signal)
    kind = wait_until(lambda: process.poll() is not None, seconds, hurry)
    kill_group(process.pid)
    process.wait(timeout=5)
    return kind


def end_stale(file: Path, *, end_signal: signal.Signals, seconds: float = 8) -> int | None:
    """End what a dead process of ours left running under this record; return its pid when there was
    something.

    Only call it when the parent in the record is known to be dead (see `has_living_parent`).
    """
    record = read_record(file)
    file.unlink(missing_ok=True)
    if record is None:
        return None
    leader_lives = is_alive(record.pid, record.born)
    if leader_lives:
        with contextlib.suppress(ProcessLookupError):
            os.kill(record.pid, end_signal)
        if not wait_until(lambda: not is_alive(record.pid, record.born), seconds):
            kill_group(record.pid)
    # Its pid may be another's by now: what is left of its group is told by our environment's folder.
    left = kill_rest(record.pid)
    wait_until(lambda: not group(record.pid) and not is_alive(record.pid, record.born), 3)
    return record.pid if leader_lives or left else None


def has_living_parent(file: Path) -> bool:
    """Say whether the process in this record still runs and so does whoever started it, somebody else than
    we."""
    record = read_record(file)
    return (
        record is not None
        and record.parent != os.getpid()
        and is_alive(record.pid, record.born)
        and is_alive(record.parent, record.parent_born)
    )


def last_lines(log: Path, count: int = 15) -> str:
    """Return the end of a log, each line shifted to the right."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    except FileNotFoundError:
        lines = []
    return "\n".join(f"    {line}" for line in lines) or "    (it said nothing)"
