"""What every site begins with, made once: what its pages are served from, and a PostgreSQL to copy."""

import os
import subprocess
import sys
from pathlib import Path

from festival import browser_parts, embedded, translations
from loadtest.faults.site import OPEN_TO_PLAYERS, ROOT
from tests.environment import settings_for_tests

STUDENTS = 500
MAKE_STUDENTS = f"""
from itertools import islice
from accounts.demo import roster
from accounts.models import Student
Student.objects.bulk_create(list(islice(roster.students(), {STUDENTS})))
"""


def prepare(folder: Path) -> Path:
    """Make what a site needs in a clone where nothing has run yet; return the PostgreSQL to copy."""
    translations.compile_all(ROOT / "locale")
    browser_parts.install()
    return make_template(folder)


def make_template(folder: Path) -> Path:
    """Make the folder of a PostgreSQL with our tables and students, that does not run."""
    server = embedded.start_postgres(folder / "postgres", synced=False)
    try:
        nowhere = {"REDIS_URL": "redis://127.0.0.1:1/0", "CACHE_URL": "redis://127.0.0.1:2/0"}
        values = settings_for_tests(folder, {"DATABASE_URL": server.url, **nowhere}) | OPEN_TO_PLAYERS
        migrate = ["migrate", "--verbosity", "0", "--skip-checks"]
        for words in (migrate, ["shell", "--verbosity", "0", "--command", MAKE_STUDENTS]):
            command = [sys.executable, "manage.py", *words]
            subprocess.run(command, cwd=ROOT, env={**os.environ, **values}, check=True, timeout=300)
    finally:
        embedded.stop(server, seconds=30)
    return folder / "postgres"
