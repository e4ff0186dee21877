"""manage.py rush"""

import json
import sys
from argparse import ArgumentTypeError
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from loadtest import acts, report, staging
from loadtest.crowd import PlayError
from loadtest.result import Result
from loadtest.rush import Plan, rush
from loadtest.telling import tell
from loadtest.wire import Target
from ticketing.models import Event, Mode

BOTH = "both"
MODES = {
    BOTH: [Mode.REDIS, Mode.DATABASE],
    Mode.REDIS.value: [Mode.REDIS],
    Mode.DATABASE.value: [Mode.DATABASE],
}


class Command(BaseCommand):
    help = (
        "Plays a sale against a running server: demo students press by HTTP, once each, and what they were told is "
        "held against PostgreSQL and Redis. Exit code 1: a promise is broken; 2: a figure is missing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        sale = parser.add_argument_group("the sale")
        sale.add_argument("--event", type=UUID, help="play this event; without it one is made")
        sale.add_argument("--zones", type=zones, default="A=3000,B=1500,C=500", help="(A=3000,B=1500,C=500)")
        sale.add_argument("--waitlist", type=count, default=0, help="size of the waiting list (0)")
        sale.add_argument("--mode", choices=list(MODES), default=Mode.REDIS.value, help="who decides (redis)")
        crowd = parser.add_argument_group("the crowd")
        crowd.add_argument("--students", type=count, default=12_000, help="how many press (12000)")
        crowd.add_argument("--within", type=seconds, default=10.0, help="seconds in which all press (10)")
        crowd.add_argument("--early", type=seconds, default=0.0, help="begin so many seconds too soon (0)")
        crowd.add_argument("--seed", type=int, default=1, help="another seed, another crowd (1)")
        crowd.add_argument(
            "--weight", action="append", default=[], metavar="ZONE=N", help="how wanted a zone is (1)"
        )
        crowd.add_argument("--visitors", action="store_true", help="students beside the crowd may press too")
        council = parser.add_argument_group("what the council does meanwhile, in seconds after the opening")
        council.add_argument("--switch-at", action="append", default=[], metavar="S=MODE")
        council.add_argument("--capacity-at", action="append", default=[], metavar="S:ZONE=N")
        council.add_argument("--pause-at", action="append", type=seconds, default=[], metavar="S")
        council.add_argument("--resume-at", action="append", type=seconds, default=[], metavar="S")
        way = parser.add_argument_group("the way there")
        way.add_argument("--url", default=settings.DEMO_ADDRESS, help="the server (the demo's)")
        way.add_argument("--connections", type=count, default=256, help="kept-alive connections (256)")
        way.add_argument(
            "--timeout", type=seconds, default=30.0, help="seconds until a press is unanswered (30)"
        )
        way.add_argument(
            "--rows-within", type=seconds, default=60.0, help="seconds the rows may be behind (60)"
        )
        told = parser.add_argument_group("what is told")
        told.add_argument("--json", type=Path, help="file for every figure")
        told.add_argument("--html", type=Path, help="file for the report with plots")
        told.add_argument("--log", type=Path, help="file for the client's log of answers")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not settings.ALLOW_LOADTEST:
            raise CommandError(
                "A play logs thousands of demo students in without anybody's doing. Allow it for this one "
                "command: FESTIVAL_ALLOW_LOADTEST=1 .venv/bin/python manage.py rush …"
            )
        if not options["students"]:
            raise CommandError("--students: from 1 on")
        try:
            results = self.play(options)
        except (PlayError, OSError, ValueError) as error:
            raise CommandError(f"The play did not come about: {error}", returncode=2) from error
        self.write(results, options)
        sys.exit(worst(results))

    def play(self, options: dict[str, Any]) -> list[Result]:
        """Play the named event, or one of our own for each wanted mode."""
        plan = plan_of(options)
        if options["event"]:
            event = Event.objects.filter(pk=options["event"]).first()
            if event is None:
                raise PlayError(f"there is no event {options['event']}")
            return [rush(event, plan, self.say, opens_itself=True)]
        results = []
        for mode in MODES[options["mode"]]:
            wanted = staging.Wanted(options["zones"], options["waitlist"], mode)
            event = staging.make_event(wanted)
            self.say(f"event {event.pk}, mode {mode.value}")
            results.append(rush(event, plan, self.say, opens_itself=False))
        return results

    def say(self, text: str) -> None:
        """Tell how far the play is, on stderr: the result alone goes to stdout."""
        self.stderr.write(text, self.style.NOTICE)
        self.stderr.flush()

    def write(self, results: Sequence[Result], options: dict[str, Any]) -> None:
        """Print every figure, and write the files that were asked for."""
        documents = [result.document() for result in results]
        self.stdout.write("\n".join(tell(document) for document in documents))
        if options["json"]:
            whole = {"format": 1, "exit_code": worst(results), "runs": documents}
            draft = options["json"].with_name(f".{options['json'].name}.new")
            draft.write_text(json.dumps(whole, ensure_ascii=False, indent=1), encoding="utf-8")
            draft.replace(options["json"])  # whole or not at all: the demo waits for it
        if options["html"]:
            options["html"].write_text(report.render(documents), encoding="utf-8")
            self.say(f"The report with its plots: {options['html'].resolve()}")


def plan_of(options: dict[str, Any]) -> Plan:
    """Return how to play, as the options say."""
    done = [
        *map(acts.read_switch, options["switch_at"]),
        *map(acts.read_capacity, options["capacity_at"]),
        *(acts.Act(at, acts.Kind.PAUSE) for at in options["pause_at"]),
        *(acts.Act(at, acts.Kind.RESUME) for at in options["resume_at"]),
    ]
    return Plan(
        target=Target.parse(options["url"]),
        students=options["students"],
        within=options["within"],
        seed=options["seed"],
        weights=options["weight"],
        connections=options["connections"],
        timeout=options["timeout"],
        early=options["early"],
        rows_within=options["rows_within"],
        acts=done,
        log=options["log"],
        visitors=options["visitors"],
    )


def worst(results: Sequence[Result]) -> int:
    """Return 1 when a promise is broken anywhere, else 2 when a figure is missing, else 0."""
    codes = {result.exit_code for result in results}
    return 1 if 1 in codes else max(codes)


def zones(text: str) -> dict[str, int]:
    """Read `A=3000,B=1500`."""
    found = {}
    for part in text.split(","):
        name, _, places = part.strip().rpartition("=")
        if not name or not (places.isascii() and places.isdigit()) or name in found:
            raise ArgumentTypeError(f"{text!r} is not like A=3000,B=1500")
        found[name] = int(places)
    return found


def count(text: str) -> int:
    """Read a whole number from 0 on."""
    if not (text.isascii() and text.isdigit()):
        raise ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def seconds(text: str) -> float:
    """Read a number of seconds."""
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 3600:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value
