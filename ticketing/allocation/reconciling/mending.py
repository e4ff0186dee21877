"""Mends the rows of a limit group, and records each repair in the transaction that makes it."""

import logging
from collections.abc import Callable, Sequence
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import User
from ticketing.allocation.reconciling.findings import Difference, Finding
from ticketing.models import Repair

log = logging.getLogger(__name__)
MOST_ROUNDS = 50
Look = Callable[[], Sequence[Finding]]


def mend_rows(group: UUID, look: Look, actor: User | None) -> int:
    """Mend what can be mended in the rows, until nothing is left of that; return the number of repairs.

    One repair may settle other differences, or show new ones, so it mends those of one kind, the first, and looks
    again. What cannot be mended is still found by whoever looks afterwards.
    """
    hopeless: set[tuple[str, str]] = set()
    repaired = 0
    for _round in range(MOST_ROUNDS):
        mendable = {key(it): it for it in look() if it.mend and key(it) not in hopeless}
        if not mendable:
            break
        first = next(iter(mendable))[0]
        for finding in [it for (kind, _about), it in mendable.items() if kind == first]:
            after = tried(finding)
            if after is None:
                hopeless.add(key(finding))
            else:
                record(group, finding.difference, after, actor)
                repaired += 1
    return repaired


def key(finding: Finding) -> tuple[str, str]:
    return finding.difference.kind, finding.difference.about


def tried(finding: Finding) -> str | None:
    """Mend one difference; None when it cannot be done, because a constraint says no, or there is no place left."""
    if finding.mend is None:
        return None
    try:
        with transaction.atomic():
            return finding.mend()
    except IntegrityError as error:
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        log.error("%s %s cannot be mended: %s", *key(finding), constraint)
        return None


def record(group: UUID, difference: Difference, after: str, actor: User | None) -> None:
    """Keep what a repair was about, in the transaction that makes it."""
    record_all(group, [difference], after, actor)


def record_all(group: UUID, differences: Sequence[Difference], after: str, actor: User | None) -> None:
    """Keep several repairs that were one act."""
    Repair.objects.bulk_create(
        Repair(group=group, kind=it.kind, about=it.about, before=it.before, after=after, actor=actor)
        for it in differences
    )
