"""Runs the command in this process, and says what a difference is expected to become."""

import io
import json
from dataclasses import dataclass
from typing import Any

from django.core.management import call_command

from ticketing.models import Event, Repair

Found = set[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run of the command ended with, and what it said of one sale."""

    code: int
    found: Found
    left: Found
    repaired: int
    problem: str


def reconcile(event: Event, *options: str) -> Ran:
    """Compare the sale of an event."""
    out, code = io.StringIO(), 0
    try:
        call_command("reconcile", str(event.pk), "--json", *options, stdout=out)
    except SystemExit as end:
        code = int(str(end.code))
    [document] = json.loads(out.getvalue())
    return Ran(
        code, kinds(document["found"]), kinds(document["left"]), document["repaired"], document["problem"]
    )


def kinds(documents: list[dict[str, Any]]) -> Found:
    return {(document["kind"], document["about"]) for document in documents}


def assert_repaired(event: Event, *expected: tuple[str, object], settled: tuple[str, ...] = ()) -> None:
    """See that exactly these differences are found, repaired and recorded, and that a second run finds nothing.

    `settled` are the kinds that another repair settles: they need none of their own.
    """
    wanted = {(kind, str(about)) for kind, about in expected}
    looked = reconcile(event)
    assert looked == Ran(1, wanted, wanted, 0, ""), looked
    assert not Repair.objects.exists(), "looking changes nothing"
    fixed = reconcile(event, "--fix")
    recorded = set(Repair.objects.values_list("kind", "about"))
    assert recorded == {(kind, about) for kind, about in wanted if kind not in settled}, recorded
    repairs = Repair.objects.count()  # some are two: of the rows, and of Redis
    assert fixed == Ran(0, wanted, set(), repairs, ""), fixed
    again = reconcile(event, "--fix")
    assert again == Ran(0, set(), set(), 0, ""), again
    assert Repair.objects.count() == repairs, "a second run changes nothing"


def assert_alike(event: Event) -> None:
    ran = reconcile(event)
    assert ran == Ran(0, set(), set(), 0, ""), ran
