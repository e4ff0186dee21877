"""Jobs of the accounts: what leaves a request to the job worker."""

import smtplib
from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from accounts.guesses import SHORT
from accounts.models import StudentSession, VerificationAttempt

# An attempt lives for ten minutes: later tries would mail a dead code.
FAULTS_OF_POST = [OSError, smtplib.SMTPException]
AGAIN = RetryStrategy(max_attempts=6, exponential_wait=3, retry_exceptions=FAULTS_OF_POST)
AGAIN_FOR_HOURS = RetryStrategy(max_attempts=12, exponential_wait=3, retry_exceptions=FAULTS_OF_POST)
AFTER_THE_CODES = -1


@app.task(queue="mail", retry=AGAIN)
def mail_code(attempt: str) -> None:
    """Mail the code of an attempt to its student; nobody, sent before and too late are all nothing to do."""
    found = VerificationAttempt.objects.select_related("student").filter(
        pk=UUID(attempt),
        student__isnull=False,
        sent_at=None,
        succeeded_at=None,
        expires_at__gt=timezone.now(),
    )
    if (row := found.first()) is None:
        return
    from accounts.verification.mailed import code_of  # that module defers this task

    if (code := code_of(row)) is None:
        return
    compose(row, code).send()
    # A worker killed in between mails the same code again, with the same Message-ID: better than never.
    VerificationAttempt.objects.filter(pk=row.pk).update(sent_at=timezone.now())


def compose(attempt: VerificationAttempt, code: str) -> EmailMessage:
    """Return the mail, in Korean and in English, whatever the reader has chosen."""
    assert attempt.student is not None  # noqa: S101 - the caller has asked for one
    subjects, bodies = [], []
    long = len(code) > SHORT
    shown = " ".join(code[start : start + 4] for start in range(0, len(code), 4)) if long else code
    for language in ("ko", "en"):
        with translation.override(language):
            subjects.append(_("Your code is %(code)s") % {"code": shown})
            bodies.append(
                render_to_string(
                    "accounts/mail/code.txt", {"code": shown, "name": attempt.student.name, "long": long}
                )
            )
    return mail(attempt.student.email, subjects, bodies, identity=str(attempt.pk))


@app.task(queue="mail", retry=AGAIN_FOR_HOURS, priority=AFTER_THE_CODES)
def mail_new_device(session: str) -> None:
    """Tell a student of a login from a device never seen before; where they have no address there is nothing to do.

    A worker killed after sending mails it again, with the same Message-ID: better than never.
    """
    found = StudentSession.objects.select_related("student").exclude(student__email="")
    if row := found.filter(pk=UUID(session)).first():
        compose_new_device(row).send()


def compose_new_device(session: StudentSession) -> EmailMessage:
    """Return the mail of a new device, in Korean and in English; without a link, so that a false one stands out."""
    subjects, bodies = [], []
    facts = {"name": session.student.name, "device": session.device, "at": session.created_at}
    for language in ("ko", "en"):
        with translation.override(language):
            subjects.append(_("New device: you are logged in to the festival's tickets"))
            bodies.append(render_to_string("accounts/mail/new_device.txt", facts))
    return mail(session.student.email, subjects, bodies, identity=str(session.pk))


def mail(to: str, subjects: Sequence[str], bodies: Sequence[str], *, identity: str) -> EmailMessage:
    """Put the languages of a mail together; the same identity gives the same Message-ID."""
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")
    return EmailMessage(
        " / ".join(dict.fromkeys(subjects)),
        "\n\n".join(body.strip() for body in dict.fromkeys(bodies)) + "\n",
        to=[to],
        headers={"Message-ID": f"<{identity}@{domain}>", "Auto-Submitted": "auto-generated"},
    )
