import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ticketing.writeback import write_back, write_back_forever


class Command(BaseCommand):
    help = "Let the rows follow what Redis has decided, until SIGTERM; any number may run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="apply what is there and end")

    def handle(self, *_args: Any, once: bool, **_options: Any) -> None:
        if once:
            self.stdout.write(f"{write_back()} applied")
            return
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        write_back_forever(stop)
