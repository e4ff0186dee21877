"""manage.py rush_sessions"""

import os
import secrets
from argparse import ArgumentTypeError
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Exists, OuterRef
from django.utils import timezone

from accounts import consent
from accounts.models import Student
from accounts.passes import PASS_COOKIE
from accounts.sessions import LoginCookies, open_many
from ticketing.eligibility import eligible_students
from ticketing.models import Bar, Event

SHORTEST, AFTER_CLOSING = timedelta(hours=6), timedelta(hours=1)


class Command(BaseCommand):
    help = (
        "Logs demo students in for a load test and writes a line for each: number, cookie header, CSRF token."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--event", type=UUID, required=True, help="id of the event they will press for")
        parser.add_argument(
            "--students", type=at_least_one, required=True, help="how many: so many lines, or none"
        )
        parser.add_argument(
            "--out", type=Path, required=True, help="the file to write (readable by you only)"
        )

    def handle(self, *_args: Any, event: UUID, students: int, out: Path, **_options: Any) -> None:
        if not settings.ALLOW_LOADTEST:
            raise CommandError(
                "This opens sessions without anybody's doing: only with FESTIVAL_ALLOW_LOADTEST=1."
            )
        if not out.parent.is_dir() or (out.exists() and not out.is_file()):
            raise CommandError(
                f"{out} cannot be written: its folder is missing, or it is something else than a file."
            )
        sale = Event.objects.filter(pk=event).first()
        if sale is None:
            raise CommandError(f"There is no event {event}.")
        players = eligible(sale, students)
        if len(players) < students:
            raise CommandError(
                f"Only {len(players)} demo students may press for this event, not {students}. Nothing was written."
            )
        consent.give_many(players)
        now = timezone.now()
        cookies = open_many(players, max(now + SHORTEST, sale.closes_at + AFTER_CLOSING))
        write_privately(out, map(line, cookies))
        self.stdout.write(f"{len(cookies)} sessions in {out}")


def at_least_one(text: str) -> int:
    """Read a number of students."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def eligible(event: Event, count: int) -> list[Student]:
    """Return demo students who may press for the event: eligible for a zone of it, not barred, able to log in.

    The highest numbers come first, so that the well-known students of the demo stay free for whoever tries by hand.
    """
    barred = Bar.objects.filter(event=event, student=OuterRef("pk"), lifted_at__isnull=True)
    may = Student.objects.filter(demo=True, pk__in=eligible_students(event)).exclude(user__is_active=False)
    return list(may.exclude(Exists(barred)).order_by("-student_number")[:count])


def line(cookies: LoginCookies) -> str:
    """Return what a load tool needs to be that student."""
    header = "; ".join(
        (
            f"{settings.SESSION_COOKIE_NAME}={cookies.session_key}",
            f"{settings.CSRF_COOKIE_NAME}={cookies.csrf}",
            f"{PASS_COOKIE}={cookies.claim_pass}",
        )
    )
    return f"{cookies.student.student_number}\t{header}\t{cookies.csrf}\n"


def write_privately(file: Path, lines: Iterable[str]) -> None:
    """Write the lines so that only this user reads them; the file appears whole or not at all."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as target:
            target.writelines(lines)
            target.flush()
            os.fsync(target.fileno())
        draft.replace(file)
    except OSError as error:
        raise CommandError(f"{file} cannot be written: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
