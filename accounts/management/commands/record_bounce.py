"""`manage.py record_bounce < mail`: mark the mail that a report of non-delivery is about; for a mail server's pipe."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from accounts.mail import bounces


class Command(BaseCommand):
    help = "Read one mail from standard input, and mark the mail of ours that it says could not be delivered."

    def handle(self, *_args: Any, **_options: Any) -> None:
        marked = bounces.record(sys.stdin.buffer.read(bounces.MOST_BYTES))
        self.stdout.write("marked as undeliverable" if marked else "not about a mail of ours")
