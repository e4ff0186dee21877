"""Takes a receipt from the student who presents it; what is none of theirs, or none of ours, is refused on record."""

import hashlib

from accounts.models import Student
from festival.errors import FestivalError
from ticketing import receipts
from ticketing.allocation.restoring import Restoration, restore
from ticketing.models import Event, RefusedReceipt
from ticketing.receipts import Receipt

MOST_REFUSED = 20  # of one student: who presents more is not looking for a lost ticket


class ForgedReceipt(FestivalError):
    """The receipt is none of ours, or was changed."""

    code = "forged_receipt"


class ForeignReceipt(FestivalError):
    """The receipt is another student's."""

    code = "foreign_receipt"


class Superseded(FestivalError):
    """The receipt's claim has ended since, its place is somebody else's by now, or its time is over."""

    code = "superseded"


class TooManyReceipts(FestivalError):
    """Too many receipts of this student were refused."""

    code = "too_many_requests"


REFUSALS: dict[str, type[FestivalError]] = {kind.code: kind for kind in (ForgedReceipt, ForeignReceipt)}


def present(student: Student, text: str) -> Restoration:
    """Return what a student has by a receipt, restored if it was lost.

    Raises ForgedReceipt, ForeignReceipt, Superseded, TooManyReceipts; Recovering or Unavailable when nobody can say.
    """
    receipt = receipts.read(text)
    if receipt is None:
        raise refuse(student, text, ForgedReceipt)
    if receipt.student_id != student.pk:
        raise refuse(student, text, ForeignReceipt, receipt)
    restoration = restore(receipt)
    if restoration.outcome is None:
        raise Superseded
    return restoration


def refuse(
    student: Student, text: str, kind: type[FestivalError], receipt: Receipt | None = None
) -> FestivalError:
    """Return a refusal, recorded once: the same receipt gets the same one again."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    mine = RefusedReceipt.objects.filter(student=student)
    if (known := mine.filter(digest=digest).first()) is not None:
        return REFUSALS[known.code]()
    if mine.count() >= MOST_REFUSED:
        return TooManyReceipts()
    event = Event.objects.filter(pk=receipt.event_id).first() if receipt else None
    RefusedReceipt.objects.get_or_create(
        student=student, digest=digest, defaults={"code": kind.code, "event": event}
    )
    return kind()
