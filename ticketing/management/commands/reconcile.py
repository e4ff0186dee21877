"""manage.py reconcile"""

import json
import sys
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import redis
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from accounts.models import User
from festival.errors import FestivalError
from ticketing.allocation.reconciling.runs import Report, group_of, reconcile
from ticketing.allocation.rush.carrying import Group
from ticketing.models import Event, SaleCounter

ALIKE, DIFFERENT, UNKNOWN = 0, 1, 2


class Command(BaseCommand):
    help = (
        "Compare what PostgreSQL and Redis say of sales, each at one moment, and print every difference. "
        "Ends with 0 when there is none (or none is left), 1 when some are left, 2 when a sale could not be compared."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "event", type=UUID, nargs="?", metavar="EVENT", help="only the sale of this event"
        )
        parser.add_argument("--fix", action="store_true", help="repair what differs, and record each repair")
        parser.add_argument("--by", metavar="USER", help="who has it repaired, for the record")
        parser.add_argument("--json", action="store_true", help="print one document instead of lines")

    def handle(
        self, *_args: Any, event: UUID | None, fix: bool, by: str | None, json: bool, **_options: Any
    ) -> None:
        actor = User.objects.filter(username=by, is_staff=True).first() if by else None
        if by and actor is None:
            raise CommandError("Nobody of the staff has this name.", returncode=UNKNOWN)
        reports = [self.compare(group, fix=fix, actor=actor) for group in groups(event)]
        if event is not None and not reports:
            raise CommandError("There is no such event, or it has no sale yet.", returncode=UNKNOWN)
        if json:
            self.stdout.write(document(reports))
        else:
            self.tell(reports, fix=fix)
        if worst := max((verdict(report) for report in reports), default=ALIKE):
            sys.exit(worst)

    def compare(self, group: Group, *, fix: bool, actor: User | None) -> Report:
        try:
            return reconcile(group, fix=fix, actor=actor)
        except (FestivalError, redis.RedisError, DatabaseError) as error:
            return Report(group.keys.group, problem=f"a server does not answer: {type(error).__name__}")

    def tell(self, reports: Sequence[Report], *, fix: bool) -> None:
        """Print a line for each difference, and one for each sale that could not be compared."""
        for report in reports:
            for difference in report.found:
                self.stdout.write(difference.line(report.group))
            if report.problem:
                self.stderr.write(f"{report.group} not compared: {report.problem}")
            if fix:
                for difference in report.left:
                    self.stderr.write(f"{report.group} left: {difference.kind} {difference.about}")
        found, left = (sum(len(getattr(report, name)) for report in reports) for name in ("found", "left"))
        repaired = sum(report.repaired for report in reports)
        self.stderr.write(f"{len(reports)} sales, {found} differences, {repaired} repairs, {left} left")


def groups(event: UUID | None) -> list[Group]:
    """Return the limit groups that have a counter: all, or that of one event."""
    counters = SaleCounter.objects.order_by("group")
    if event is not None:
        counters = counters.filter(group__in=[it.group_key for it in Event.objects.filter(pk=event)])
    found = [group_of(counter.group) for counter in counters]
    return [group for group in found if group.events]


def verdict(report: Report) -> int:
    if report.problem:
        return UNKNOWN
    return DIFFERENT if report.left else ALIKE


def document(reports: Sequence[Report]) -> str:
    """Return the reports as JSON."""
    return json.dumps(
        [
            {
                "group": str(report.group),
                "found": [difference.document(report.group) for difference in report.found],
                "left": [difference.document(report.group) for difference in report.left],
                "repaired": report.repaired,
                "problem": report.problem,
            }
            for report in reports
        ],
        ensure_ascii=False,
    )
