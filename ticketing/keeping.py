"""The receipts that a browser keeps for its student, in cookies, and that are presented when a claim is not found.

A cookie for each event, never read by a script, until the receipt's deadline. What another student left in a browser is
neither presented nor shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import Student
from accounts.passes import KEPT_PREFIX
from festival.errors import Unavailable
from ticketing import claims, presenting, receipts
from ticketing.allocation import Outcome
from ticketing.allocation.base import Recovering
from ticketing.allocation.restoring import Restored
from ticketing.errors import UnknownEvent
from ticketing.models import Ticket
from ticketing.presenting import Superseded
from ticketing.receipts import Receipt
from ticketing.signing import TicketCode

MOST_KEPT = 4  # a browser sends all of them with each request, and a server takes 8 KiB of headers


@dataclass(frozen=True, slots=True)
class Found:
    """What a student has by the authority, or by the receipt that the browser kept: `restored` when it was lost.

    `over` says that the kept receipt counts no more.
    """

    outcome: Outcome | None
    restored: bool = False
    over: bool = False


def name_of(event_id: UUID) -> str:
    return f"{KEPT_PREFIX}{event_id.hex}"


def kept(cookies: Mapping[str, str], student: Student, event_id: UUID) -> tuple[str, Receipt] | None:
    """Return the student's own receipt for an event, as the browser kept it."""
    text = cookies.get(name_of(event_id), "")
    receipt = receipts.read(text) if text else None
    if receipt is None or (receipt.student_id, receipt.event_id) != (student.pk, event_id):
        return None
    return text, receipt


def find(cookies: Mapping[str, str], student: Student, event_id: UUID) -> Found:
    """Return what a student has for an event; what the authority does not find, the kept receipt is presented for.

    Raises UnknownEvent, Unavailable, and Recovering when neither says anything.
    """
    mine = kept(cookies, student, event_id)
    try:
        outcome = claims.last_answer(event_id=event_id, student_id=student.pk)
    except Recovering:
        if mine is None:
            raise
        return presented(student, mine[0], None)
    if mine is None or is_of(outcome, mine[1]):
        return Found(outcome)
    return presented(student, mine[0], outcome)


def presented(student: Student, text: str, otherwise: Outcome | None) -> Found:
    """Present a receipt; return what the student has by it, or otherwise has."""
    try:
        restoration = presenting.present(student, text)
    except Superseded:
        return Found(otherwise, over=True)
    return Found(restoration.outcome, restored=restoration.result == Restored.RESTORED)


def is_of(outcome: Outcome | None, receipt: Receipt) -> bool:
    """Tell whether an answer has all that a receipt was given for: a place, where it names one."""
    if outcome is None:
        return False
    has = outcome.ticket or (outcome.waits if receipt.number is None else None)
    return has is not None and has.claim_id == receipt.claim_id


def keep(request: HttpRequest, response: HttpResponse, outcome: Outcome | None) -> None:
    """Let the browser keep the receipt of an outcome that has one; the oldest of too many goes."""
    if outcome is None or not (outcome.ticket or outcome.waits):
        return
    text, name = receipts.sign(outcome), name_of(outcome.event_id)
    seconds = round((receipts.deadline_of(outcome) - timezone.now()).total_seconds())
    if seconds <= 0 or request.COOKIES.get(name) == text:
        return
    response.set_cookie(
        name, text, max_age=seconds, path="/", secure=settings.HTTPS, httponly=True, samesite="Lax"
    )
    others = sorted(set(names(request)) - {name}, key=lambda other: deadline(request, other))
    for oldest in others[: max(0, len(others) + 1 - MOST_KEPT)]:
        forget(response, oldest)


def names(request: HttpRequest) -> list[str]:
    return [name for name in request.COOKIES if name.startswith(KEPT_PREFIX)]


def deadline(request: HttpRequest, name: str) -> float:
    """Return when a kept receipt is over; what is none goes first."""
    receipt = receipts.read(request.COOKIES[name])
    return receipt.deadline.timestamp() if receipt else 0.0


def own(cookies: Mapping[str, str], student: Student) -> list[Receipt]:
    """Return the receipts of tickets and waiting entries that the browser keeps for this student."""
    read = (receipts.read(text) for name, text in cookies.items() if name.startswith(KEPT_PREFIX))
    return [receipt for receipt in read if receipt is not None and receipt.student_id == student.pk]


def restore_missing(cookies: Mapping[str, str], student: Student) -> bool:
    """Present the kept receipts whose claims have no row; tell whether one of them has restored something."""
    mine = own(cookies, student)
    claims_of_mine = [receipt.claim_id for receipt in mine]
    there = set(Ticket.objects.filter(claim_id__in=claims_of_mine).values_list("claim_id", flat=True))
    missing = [receipt for receipt in mine if receipt.claim_id not in there]
    restored = [
        receipt for receipt in missing if restores(cookies, student, receipt)
    ]  # each of them is tried
    return bool(restored)


def restore_ticket(cookies: Mapping[str, str], student: Student, code: TicketCode) -> bool:
    """Present the kept receipt of a ticket that is not found; tell whether it has restored it."""
    mine = next((receipt for receipt in own(cookies, student) if receipt.code == code), None)
    return mine is not None and restores(cookies, student, mine)


def restores(cookies: Mapping[str, str], student: Student, receipt: Receipt) -> bool:
    try:
        return find(cookies, student, receipt.event_id).restored
    except (Unavailable, UnknownEvent):
        return False  # the page tries again when it is loaded again


def drop(request: HttpRequest, response: HttpResponse, event_id: UUID) -> None:
    """Let the browser forget the receipt of an event: it was given back, or counts no more."""
    if name_of(event_id) in request.COOKIES:
        forget(response, name_of(event_id))


def forget(response: HttpResponse, name: str) -> None:
    response.delete_cookie(name, path="/", samesite="Lax")
