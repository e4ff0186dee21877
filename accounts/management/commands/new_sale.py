"""manage.py new_sale"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from accounts.demo import sales

LONGEST_S = 7 * 24 * 3600


class Command(BaseCommand):
    help = "Makes one more sale with three zones, which opens in a minute, and prints its page and its id."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--in", dest="seconds", type=int, default=60, help="seconds until it opens (60)")
        parser.add_argument(
            "--places", type=int, default=sales.PLACES, help=f"places in all ({sales.PLACES})"
        )

    def handle(self, *_args: Any, seconds: int, places: int, **_options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This makes an invented sale: only with FESTIVAL_MODE=demo.")
        if not 0 <= seconds <= LONGEST_S:
            raise CommandError(f"--in: 0 to {LONGEST_S} seconds")
        if not sales.LEAST_PLACES <= places <= sales.MOST_PLACES:
            raise CommandError(f"--places: {sales.LEAST_PLACES} to {sales.MOST_PLACES}")
        event = sales.new_sale(opens_in=timedelta(seconds=seconds), places=places)
        self.stdout.write(f"{settings.DEMO_ADDRESS}{reverse('event', args=[event.pk])}")
        self.stdout.write(str(event.pk))
