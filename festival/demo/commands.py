"""`manage.py demo`, `manage.py demo stop` and `manage.py demo reset`."""

import os
import shutil
import signal
from collections.abc import Callable, Sequence

from festival import embedded, processes
from festival.demo import supervisor
from festival.demo.files import Layout, Lock, layout
from festival.demo.screen import Problem, say, tell

STOP_SECONDS = 15


def main(words: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    commands: dict[str, Callable[[], int]] = {"": supervisor.start, "stop": stop, "reset": reset}
    command = commands.get(" ".join(words))
    if command is None:
        tell(Problem(f"`manage.py demo {' '.join(words)}` is unknown.", "make help"))
        return 2
    try:
        return command()
    except Problem as problem:
        tell(problem)
    except embedded.EmbeddedError as error:
        tell(Problem(str(error), "make reset && make demo"))
    return 1


def stop() -> int:
    """End the demo of this clone, running or left over."""
    place = layout()
    pid = Lock(place.lock).holder()
    if pid is not None:
        end_supervisor(place, pid)
    if place.data.exists():
        supervisor.end_left_over(place)
    say("The demo has ended." if pid else "No demo runs in this clone.")
    return 0


def end_supervisor(place: Layout, pid: int) -> None:
    """Ask the running demo to end, and kill it when it does not."""
    os.kill(pid, signal.SIGTERM)
    gone = processes.wait_until(lambda: Lock(place.lock).holder() is None, STOP_SECONDS)
    if not gone:
        os.kill(pid, signal.SIGKILL)
        processes.wait_until(lambda: Lock(place.lock).holder() is None, 5)


def reset() -> int:
    """End the demo and delete its folder."""
    place = layout()
    stop()
    if not place.data.exists():
        return 0
    if not place.mark.exists():
        raise Problem(
            f"{place.data} held other things before the demo: nothing was deleted.", f"ls {place.data}"
        )
    shutil.rmtree(place.data)
    say(f"Deleted {place.data}")
    return 0
