"""`manage.py import_roster FILE [--complete]`: bring the roster to a file, all of it or nothing."""

import hashlib
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.models import RosterImport, RosterState
from accounts.roster import BadRows, Counts, Options, import_file
from accounts.roster_file import RosterRefused


class Command(BaseCommand):
    help = "Import a roster of students from an XLSX or CSV file. Bad rows are told one by one; then nothing is saved."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="XLSX, or CSV in UTF-8, UTF-16 or CP949")
        parser.add_argument(
            "--complete", action="store_true", help="the file is the whole roster: whoever is missing is gone"
        )
        parser.add_argument(
            "--mixed-lengths",
            action="store_true",
            help="student numbers may be shorter than nearly all others",
        )
        parser.add_argument(
            "--source", default="", help="who gave the roster; the notice to students says so"
        )
        parser.add_argument(
            "--legal-basis", default="", help="on what basis it was handed over; told as well"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            data = options["file"].read_bytes()
            with transaction.atomic():
                counts = import_file(
                    data,
                    Options(complete=options["complete"], mixed_lengths=options["mixed_lengths"]),
                    on_bad=lambda bad: self.stderr.write(str(bad)),
                )
                record(data, counts, options)
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}.") from error
        except BadRows as error:
            raise CommandError(f"{error.lines} bad rows. Nothing was saved.") from error
        except RosterRefused as error:
            raise CommandError(f"{error.detail} Nothing was saved.") from error
        self.stdout.write(
            f"added {counts.added}, changed {counts.changed}, unchanged {counts.unchanged}, gone {counts.gone}"
        )


def record(data: bytes, counts: Counts, options: dict[str, Any]) -> None:
    """Write the import down beside those that the council confirmed."""
    RosterImport.objects.create(
        file_name=options["file"].name[:200],
        digest=hashlib.sha256(data).hexdigest(),
        source=options["source"][:200],
        legal_basis=options["legal_basis"][:500],
        complete=options["complete"],
        mixed_lengths=options["mixed_lengths"],
        language="ko",
        state=RosterState.CONFIRMED,
        confirmed_at=timezone.now(),
        rows_read=counts.added + counts.changed + counts.unchanged,
        **asdict(counts),
    )
