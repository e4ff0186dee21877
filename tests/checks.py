"""`make test`: every check in turn, each with the environment that it needs; stops at the first that fails."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from festival import browser_parts, embedded, translations

ROOT = Path(__file__).resolve().parent.parent
# Two processes, each with servers of its own and whole files of tests: much of their time is waiting.
SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")


def say(text: str) -> None:
    """Show a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def bare() -> dict[str, str]:
    """Return our environment without anything that says which system this is."""
    ours = ("FESTIVAL_", "DATABASE_URL", "REDIS_URL", "CACHE_URL", "DJANGO_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def production() -> dict[str, str]:
    """Return what a production system would have; nothing listens at its addresses and nothing needs to."""
    return {
        **bare(),
        "FESTIVAL_MODE": "production",
        "FESTIVAL_SECRET_KEY": secrets.token_urlsafe(64),
        "FESTIVAL_SIGNING_KEYS": f"{secrets.token_urlsafe(48)},{secrets.token_urlsafe(48)}",
        "DATABASE_URL": f"postgresql://festival:unused@127.0.0.1:{embedded.free_port()}/festival",
        "REDIS_URL": f"redis://127.0.0.1:{embedded.free_port()}/0",
        "CACHE_URL": f"redis://127.0.0.1:{embedded.free_port()}/1",
        "FESTIVAL_HOSTS": "tickets.example.org",
        "FESTIVAL_MAIL_URL": "smtp://festival:unused@mail.example.org:587",
        "FESTIVAL_MAIL_FROM": "festival@example.org",
    }


def run(name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
    """Run one check; end the whole run when it fails."""
    say(f"\n== {name}")
    began = time.monotonic()
    code = subprocess.call([sys.executable, *command], cwd=ROOT, env=env, stdin=subprocess.DEVNULL)
    if code:
        say(f"\n{name} failed. Again by itself: {Path(sys.executable).name} {' '.join(command)}")
        sys.exit(code if code > 0 else 1)
    say(f"   {time.monotonic() - began:.1f} s")


def main() -> None:
    """Run everything."""
    translations.compile_all(ROOT / "locale")
    browser_parts.install(tools=True)
    like_production, warnings = production(), ["-W", "error"]
    run("Lint", ["-m", "ruff", "check", "."], bare())
    run("Format", ["-m", "ruff", "format", "--check", "."], bare())
    run("Types", ["-m", "mypy", "."], like_production)
    deploy = ["manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    run("Settings of a production system", [*warnings, *deploy], like_production)
    # No database at hand: it only warns that the history of migrations could not be compared with one.
    run(
        "Migrations", ["-W", "ignore", "manage.py", "makemigrations", "--check", "--dry-run"], like_production
    )
    run("Tests", ["-m", "pytest", *SIDE_BY_SIDE, *sys.argv[1:]], bare())
    say("\nEverything passed.")


if __name__ == "__main__":
    main()
