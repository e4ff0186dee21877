"""`manage.py import_roster FILE [--complete]`: bring the roster to a file, all of it or nothing."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.roster import BadRows, import_file
from accounts.roster_file import RosterRefused


class Command(BaseCommand):
    help = "Import a roster of students from a CSV file. Bad rows are told one by one; then nothing is saved."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="CSV in UTF-8, UTF-16 or CP949")
        parser.add_argument(
            "--complete", action="store_true", help="the file is the whole roster: whoever is missing is gone"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            counts = import_file(options["file"].read_bytes(), complete=options["complete"])
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}.") from error
        except BadRows as error:
            for bad in error.bad:
                self.stderr.write(str(bad))
            lines = len({bad.line for bad in error.bad})
            raise CommandError(f"{lines} bad rows. Nothing was saved.") from error
        except RosterRefused as error:
            raise CommandError(f"{error.detail} Nothing was saved.") from error
        self.stdout.write(
            f"added {counts.added}, changed {counts.changed}, unchanged {counts.unchanged}, gone {counts.gone}"
        )
