"""Mail that comes back later: a report (RFC 3464) names the mail that it is about, and that mail is marked."""

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import Message
from uuid import UUID

from django.utils import timezone

from accounts.mail import mailbox
from accounts.mail.letters import sender_domain
from accounts.models import MailState, OutgoingMail

MOST_BYTES = 512 * 1024
STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")
DIAGNOSTIC = re.compile(r"^\s*smtp\s*;\s*([245]\d\d)\b", re.IGNORECASE)


def record(raw: bytes) -> bool:
    """Mark the mail that a report says could not be delivered; anything else, and mail not ours, is left alone.

    A Message-ID of ours cannot be guessed: who knows one has the mail, or the mail server that gave it back.
    """
    try:
        report = message_from_bytes(raw[:MOST_BYTES], policy=policy.compat32)
        facts = failure_of(report)
        named = list(mails_named(report)) if facts else []
    except (MessageError, LookupError, ValueError):  # a damaged mail is nobody's report
        return False
    if not facts or not named:
        return False
    code, status = facts
    left = OutgoingMail.objects.filter(pk__in=named, state__in=(MailState.HANDED, MailState.SENT))
    return bool(
        left.update(state=MailState.BOUNCED, ended_at=timezone.now(), address="", code=code, status=status)
    )


def failure_of(report: Message) -> tuple[int | None, str] | None:
    """Return code and status of the delivery that failed for good; None when the mail is no such report."""
    if report.get_content_type() != "multipart/report":
        return None
    for part in report.walk():
        if part.get_content_type() == "message/delivery-status":
            for fields in part.get_payload():
                if isinstance(fields, Message) and str(fields.get("Action", "")).strip().lower() == "failed":
                    return answer_in(fields)
    return None


def answer_in(fields: Message) -> tuple[int | None, str]:
    """Return the code of the other server, where it is told, and the status."""
    code = DIAGNOSTIC.search(str(fields.get("Diagnostic-Code", "")))
    status = STATUS.match(str(fields.get("Status", "")))
    return (int(code[1]) if code else None), (status[1] if status else "")


def mails_named(report: Message) -> Iterator[UUID]:
    """Yield the keys that Message-IDs of our domain hold: of the mail given back, or of the report's thread."""
    wanted = re.compile(rf"<([0-9a-f-]{{36}})@{re.escape(sender_domain())}>", re.IGNORECASE)
    for part in report.walk():
        for name in (
            "Message-ID",
            "References",
            "In-Reply-To",
            "Original-Message-ID",
            "X-Original-Message-ID",
        ):
            for text in part.get_all(name, []):
                yield from (UUID(found) for found in wanted.findall(str(text)))
        if part.get_content_type() == "text/rfc822-headers":
            text = str(part.get_payload())
            yield from (UUID(found) for found in wanted.findall(text))


def read_mailbox() -> int | None:
    """Record every report that has come since the last look; None where no mailbox is set."""
    return mailbox.read(record)
