#!/usr/bin/env python
"""The project's commands; `demo` starts the servers that the settings need, so it runs before Django."""

import os
import sys


def main() -> None:
    """Run the command."""
    if sys.argv[1:2] == ["demo"]:
        from festival.demo.commands import main as demo

        sys.exit(demo(sys.argv[2:]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "festival.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"{error}\nFor a system to look at, run: make demo")
    except OperationalError as error:
        from festival.demo.files import demo_is_meant_but_asleep

        if not demo_is_meant_but_asleep(os.environ):
            raise
        sys.exit(f"{str(error).strip()}\nThe demo does not run. This helps: make demo")


if __name__ == "__main__":
    main()
