"""The button "let 3,000 others press with me": makes the sale, has the supervisor play it, knows how far it is."""

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.demo import sales
from festival.demo.files import Layout, Lock
from festival.demo.rush import MOST_STUDENTS, Wanted, report_of
from ticketing.models import Event, Mode

OPENS_IN = timedelta(seconds=20)
STUDENTS = MOST_STUDENTS


class State(StrEnum):
    """How far a rush is."""

    PLAYED = "played"  # it is being played, or waits for its opening
    TOLD = "told"  # its report is there
    FAILED = "failed"  # it has ended without one


class Busy(Exception):
    """Another rush is being played."""


def place() -> Layout:
    return Layout(settings.DATA_DIR)


def can_play() -> bool:
    """Tell whether somebody is there who plays what is asked for: the supervisor of `make demo`."""
    return Lock(place().lock).holder() is not None


def start(students: int) -> Event:
    """Make a sale that opens in a moment and have it played; raises Busy while another one is.

    The file is the guard: it comes into being whole, and only where there is none, in the same step as the sale.
    """
    wanted = place().rush
    draft = wanted.with_name(f"rush.{secrets.token_hex(6)}.new")
    with transaction.atomic():
        event = sales.new_sale(
            opens_in=OPENS_IN,
            places=max(sales.LEAST_PLACES, students // 2),
            mode=Mode.REDIS,
            waitlist=students // 10,
        )
        try:
            draft.write_text(Wanted(str(event.pk), students).text(), encoding="utf-8")
            os.link(draft, wanted)
        except FileExistsError:
            raise Busy from None
        finally:
            draft.unlink(missing_ok=True)
    return event


def running() -> UUID | None:
    """Return the event of the rush that is being played."""
    try:
        return UUID(Wanted.read(place().rush).event)
    except (FileNotFoundError, ValueError):
        return None


def state(event: UUID) -> State:
    """Tell how far the rush of an event is."""
    if report_of(place(), event).exists():
        return State.TOLD
    return State.PLAYED if running() == event else State.FAILED


def newest() -> UUID | None:
    """Return the event of the newest report."""
    found = sorted(place().rushes.glob("*.json"), key=lambda file: file.stat().st_mtime)
    return UUID(found[-1].stem) if found else None


def documents(event: UUID) -> Sequence[Mapping[str, Any]]:
    """Return what a rush has shown."""
    document = json.loads(report_of(place(), event).read_text(encoding="utf-8"))
    return list(document["runs"])
