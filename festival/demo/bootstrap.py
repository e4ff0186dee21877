"""Make .venv/ and install the locked packages: `python3 -I festival/demo/bootstrap.py [--dev]`.

Only the standard library, and only words that Python 3.7 understands, so that an old one can be told kindly.
Does nothing when the lock files have not changed since the last time.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.sha256"
OLDEST, NEWEST = 11, 14
RUNTIME, TOOLS = "requirements.txt", "requirements-dev.txt"


def say(text: str) -> None:
    """Show a line at once, through a pipe too."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def give_up(problem: str, helps: str) -> None:
    """End with the problem and the one command that helps."""
    sys.exit(f"\n{problem}\nThis helps:\n\n    {helps}\n")


def use_new_python() -> None:
    """Go on in a Python that is new enough, or say how to get one."""
    if sys.version_info[:2] >= (3, OLDEST):
        return
    for minor in range(NEWEST, OLDEST - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            os.execv(found, [found, "-I", *sys.argv])
    helps = (
        "brew install python@3.13" if sys.platform == "darwin" else "apt install python3.11 python3.11-venv"
    )
    give_up(f"Python 3.{OLDEST} or newer is needed, this is {sys.version.split()[0]}.", helps)


def fingerprint(locks: list[str]) -> str:
    """Return what the environment is made from: the lock files and the Python."""
    digest = hashlib.sha256(sys.version.encode())
    for name in locks:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def installed() -> list[str]:
    """Return the fingerprints of what is installed already."""
    return STAMP.read_text().split() if STAMP.exists() and PYTHON.exists() else []


def works(python: Path) -> bool:
    """Say whether this Python starts: the one that an environment was made with may be gone."""
    try:
        command = [str(python), "-I", "-c", "import pip"]
        return subprocess.call(command, stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def make_venv() -> None:
    """Make the environment unless there is one that works."""
    if works(PYTHON):
        return
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        sudo = "" if os.geteuid() == 0 else "sudo "
        give_up("Python's venv module is missing.", f"{sudo}apt install python3-venv")
    say(f"Making the environment in .venv/ (Python {sys.version.split()[0]})")
    if subprocess.call([sys.executable, "-I", "-m", "venv", "--clear", str(VENV)]) != 0:
        give_up("The environment in .venv/ could not be made (see above).", "rm -rf .venv && make")


def pinned(locks: list[str]) -> int:
    """Return how many packages the lock files name."""
    lines = [line for name in locks for line in (ROOT / name).read_text().splitlines()]
    return len({line.split("==")[0] for line in lines if "==" in line and not line.startswith((" ", "#"))})


def install(locks: list[str]) -> None:
    """Install the locked packages and show the progress."""
    flags = ["--require-hashes", "--disable-pip-version-check", "--no-input"]
    command = [str(PYTHON), "-I", "-m", "pip", "install", *flags]
    for name in locks:
        command += ["-r", name]
    total, seen, said = pinned(locks), 0, []
    say(f"Downloading and installing {total} packages")
    env = dict(os.environ, PYTHONUNBUFFERED="1", PIP_PROGRESS_BAR="off")
    pip = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env)
    for raw in pip.stdout or ():
        line = raw.decode("utf-8", "replace").rstrip()
        said.append(line)
        if line.startswith(("Collecting ", "Requirement already satisfied: ")):
            seen = min(seen + 1, total)
            show_progress(seen, total, line.split("==")[0].split()[-1])
        elif line.startswith("Installing collected"):
            show_progress(total, total, "unpacking")
    if sys.stdout.isatty():
        sys.stdout.write("\r\033[K")
    if pip.wait() != 0:
        say("\n".join(said[-25:]))
        give_up("The packages could not be installed (see above). Is the network there?", "make")


def show_progress(seen: int, total: int, name: str) -> None:
    """Show how far the installation is: in place on a terminal, every tenth package elsewhere."""
    text = f"  {seen:3} of {total}  {name}"
    if sys.stdout.isatty():
        sys.stdout.write(f"\r\033[K{text[:78]}")
        sys.stdout.flush()
    elif seen % 10 == 0 or seen == total:
        say(text)


def main() -> None:
    """Make the environment whole, once."""
    use_new_python()
    locks = [RUNTIME, TOOLS] if "--dev" in sys.argv else [RUNTIME]
    with (ROOT / RUNTIME).open() as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # another make in this clone may be at it
        wanted = fingerprint(locks)
        if wanted in installed():
            return
        began = time.monotonic()
        make_venv()
        install(locks)
        STAMP.write_text(f"{fingerprint([RUNTIME])}\n{wanted}\n")
        say(f"Installed in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nStopped. The next start goes on from here.")
