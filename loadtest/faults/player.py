"""One site and its cells, in a process of its own: `python -m loadtest.faults.player`, its plan on stdin.

Writes a line of JSON for each cell, and ends after one that has failed: the next needs a fresh site.
"""

import json
import os
import signal
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

from loadtest.faults.site import Site, site

TRIES = 3


def main() -> None:
    """Run the site that the plan describes, and play its cells."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended from outside: stop the servers too
    plan: dict[str, Any] = json.load(sys.stdin)
    with site(
        Path(plan["folder"]), Path(plan["template"]), clustered=plan["clustered"], settings=plan["settings"]
    ) as running:
        os.environ.update(running.environment | {"DJANGO_SETTINGS_MODULE": "festival.settings"})
        import django

        django.setup()
        for cell in plan["cells"]:
            line = {"cell": cell} | played(running, cell, short=plan["short"])
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()
            if "failed" in line:  # nobody knows what state it has left the site in
                sys.exit(1)


def played(running: Site, cell: dict[str, Any], *, short: bool) -> dict[str, Any]:
    """Play a cell, again when nothing was under way at its strike; return its figures or why there are none."""
    from loadtest.faults.cell import Cell, NotCounted, play

    why = ""
    for attempt in range(TRIES):
        chosen = Cell(**cell | {"seed": cell["seed"] + 1000 * attempt})
        try:
            return {"figures": asdict(play(running, chosen, short=short))}
        except NotCounted as reason:
            why = str(reason)
        except Exception:  # whatever it is, it is told
            return {"failed": f"{traceback.format_exc()}{running.ended()}"}
    return {"failed": f"not counted: {why}"}


if __name__ == "__main__":
    main()
