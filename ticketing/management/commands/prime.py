from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from festival.ending import until_asked
from ticketing.allocation.priming import prime, prime_forever


class Command(BaseCommand):
    help = "Make counters for new events and places for zones whose capacity changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--forever", action="store_true", help="go on, twice a second, until SIGTERM")

    def handle(self, *_args: Any, forever: bool, **_options: Any) -> None:
        if not forever:
            self.stdout.write(f"{prime()} changed")
            return
        until_asked(prime_forever)
