"""What a mail says: made from its row in the moment it leaves, and kept nowhere."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.guesses import DAY, SHORT
from accounts.mail.post import Letter
from accounts.models import MailKind, MailState, OutgoingMail, StudentStatus
from accounts.verification.mailed import code_of
from accounts.verification.validity import good_for

# A login of last week is no news, and whoever asked for a test has long gone on.
NEWS = {MailKind.NEW_DEVICE: timedelta(days=3), MailKind.TEST: timedelta(days=1)}

Writer = Callable[[OutgoingMail, datetime], Letter | MailState]
WRITERS: dict[MailKind, Writer] = {}


def writes(*kinds: MailKind) -> Callable[[Writer], Writer]:
    """Let another app write the mails of its kinds; it knows what they are about."""

    def register(writer: Writer) -> Writer:
        WRITERS.update(dict.fromkeys(kinds, writer))
        return writer

    return register


def letter_of(mail: OutgoingMail, now: datetime) -> Letter | MailState:
    """Return what a mail says now, or why it is not sent."""
    if writer := WRITERS.get(MailKind(mail.kind)):
        return writer(mail, now)
    if mail.kind == MailKind.CODE:
        return code_letter(mail, now)
    if mail.queued_at < now - NEWS[MailKind(mail.kind)]:
        return MailState.LAPSED
    return new_device_letter(mail) if mail.kind == MailKind.NEW_DEVICE else trial_letter(mail)


def code_letter(mail: OutgoingMail, now: datetime) -> Letter | MailState:
    """Return the mail of a code; a miss, and who is verified or gone meanwhile, get none."""
    attempt = mail.attempt
    assert attempt is not None  # noqa: S101 - a constraint of the row
    if attempt.expires_at <= now:
        return MailState.LAPSED
    student = attempt.student
    if student is None or not student.email or student.status == StudentStatus.GONE or attempt.succeeded_at:
        return MailState.NOTHING
    if (code := code_of(attempt)) is None:
        return MailState.NOTHING
    long, waited = len(code) > SHORT, good_for(attempt, now) == DAY
    shown = " ".join(code[start : start + 4] for start in range(0, len(code), 4)) if long else code
    facts = {"code": shown, "name": student.name, "long": long, "waited": waited}
    return write(
        mail, student.email, "accounts/mail/code", lambda: _("Your code is %(code)s") % {"code": shown}, facts
    )


def new_device_letter(mail: OutgoingMail) -> Letter | MailState:
    """Return the mail of a new device; without a link, so that a false one stands out."""
    session = mail.session
    assert session is not None  # noqa: S101 - a constraint of the row
    student = session.student
    if not student.email or student.status == StudentStatus.GONE:
        return MailState.NOTHING
    facts = {"name": student.name, "device": session.device, "at": session.created_at}
    return write(
        mail,
        student.email,
        "accounts/mail/new_device",
        lambda: _("New device: you are logged in to the festival's tickets"),
        facts,
    )


def trial_letter(mail: OutgoingMail) -> Letter:
    """Return the council's test mail."""
    facts = {"at": mail.queued_at, "user": str(mail.user or "")}
    return write(
        mail, mail.address, "accounts/mail/test", lambda: _("Test mail of the festival's tickets"), facts
    )


def write(
    mail: OutgoingMail, to: str, template: str, subject: Callable[[], str], facts: Mapping[str, Any]
) -> Letter:
    """Return a mail in Korean and in English, whatever the reader has chosen; its row's key is its Message-ID."""
    subjects, bodies = [], []
    for language in ("ko", "en"):
        with translation.override(language):
            subjects.append(subject())
            bodies.append(render_to_string(f"{template}.txt", dict(facts)).strip())
    return Letter(
        " / ".join(dict.fromkeys(subjects)),
        "\n\n".join(dict.fromkeys(bodies)) + "\n",
        to=[to],
        headers={
            "Message-ID": f"<{mail.pk}@{sender_domain()}>",
            "Auto-Submitted": "auto-generated",
        },
    )


def sender_domain() -> str:
    """Return the domain of our sender, which our Message-IDs end with."""
    return settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
