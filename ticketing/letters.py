"""What the mails about a place say: promoted or offered from the waiting list, or given by the council."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.mail.letters import write, writes
from accounts.mail.post import Letter
from accounts.models import OF_A_PLACE, MailKind, MailState, OutgoingMail, Student, StudentStatus
from ticketing.models import LIVE, Ticket, WaitingEntry, WaitingStatus

SUBJECTS: dict[MailKind, Callable[[], str]] = {
    MailKind.PROMOTED: lambda: _("You have a ticket: you moved up from the waiting list"),
    MailKind.OFFERED: lambda: _("A place for you: please accept it in time"),
    MailKind.GRANTED: lambda: _("The student council has given you a ticket"),
}


@writes(*OF_A_PLACE)
def letter_of(mail: OutgoingMail, now: datetime) -> Letter | MailState:
    """Return the mail about a place; what has changed meanwhile gets none."""
    kind = MailKind(mail.kind)
    found = offered(mail, now) if kind == MailKind.OFFERED else given(mail)
    if isinstance(found, MailState):
        return found
    student, facts = found
    if not student.email or student.status == StudentStatus.GONE:
        return MailState.NOTHING
    return write(
        mail, student.email, f"ticketing/mail/{kind}", SUBJECTS[kind], {"name": student.name, **facts}
    )


def given(mail: OutgoingMail) -> tuple[Student, dict[str, Any]] | MailState:
    """Return whose ticket it is, and which."""
    tickets = Ticket.objects.select_related("student", "event", "zone")
    ticket = tickets.filter(claim_id=about_of(mail), status__in=LIVE).first()
    if ticket is None or ticket.student is None:
        return MailState.NOTHING
    return ticket.student, {"event": ticket.event, "zone": ticket.zone, "number": ticket.number}


def offered(mail: OutgoingMail, now: datetime) -> tuple[Student, dict[str, Any]] | MailState:
    """Return to whom the place is offered, and until when."""
    entries = WaitingEntry.objects.select_related("student", "event", "offered_zone")
    entry = entries.filter(claim_id=about_of(mail), status=WaitingStatus.OFFERED).first()
    if entry is None or entry.offer_until is None:
        return MailState.NOTHING
    if entry.offer_until <= now:
        return MailState.LAPSED
    return entry.student, {"event": entry.event, "zone": entry.offered_zone, "until": entry.offer_until}


def about_of(mail: OutgoingMail) -> UUID:
    """Return the claim that the mail is about; a constraint of its row."""
    assert mail.about is not None  # noqa: S101 - a constraint of the row
    return mail.about
