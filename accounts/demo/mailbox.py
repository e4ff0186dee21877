"""The mails that the demo has written into its folder instead of sending them, newest first."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.utils import timezone

MOST_FILES = 40
MOST_BYTES = 256 * 1024
BETWEEN = b"\n" + b"-" * 79 + b"\n"  # what Django's file backend writes after each mail
CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as a reader sees it; `code` is the code of six digits in it, if there is one."""

    at: datetime
    to: str
    subject: str
    body: str
    code: str


def newest(count: int) -> list[Mail]:
    """Return the newest mails, decoded; none where mail leaves by SMTP."""
    folder = getattr(settings, "EMAIL_FILE_PATH", None)
    if not folder or not Path(folder).is_dir():
        return []
    by_age = sorted(Path(folder).glob("*.log"), key=lambda file: file.stat().st_mtime, reverse=True)
    mails = [mail for file in by_age[:MOST_FILES] for mail in read(file)]
    return sorted(mails, key=lambda mail: mail.at, reverse=True)[:count]


def read(file: Path) -> Iterator[Mail]:
    """Yield the mails of one file of the backend; one that is being written just now is left for the next look."""
    written = datetime.fromtimestamp(file.stat().st_mtime, tz=timezone.get_current_timezone())
    with file.open("rb") as source:
        parts = source.read(MOST_BYTES).split(BETWEEN)
    for part in parts[:-1]:
        message = message_from_bytes(part.lstrip(), policy=policy.default)
        if isinstance(message, EmailMessage):
            yield as_mail(message, written)


def as_mail(message: EmailMessage, written: datetime) -> Mail:
    """Return what a reader sees of a message; its own date where it has a good one."""
    at, body = written, ""
    try:
        at = message["Date"].datetime or written if message["Date"] else written
        text = message.get_body(("plain",))
        body = text.get_content().strip() if text else ""
    except (MessageError, LookupError, ValueError):  # a damaged mail is shown as far as it can be read
        pass
    subject = str(message["Subject"] or "")
    found = CODE.search(f"{subject}\n{body}")
    return Mail(
        at=at if at.tzinfo else timezone.make_aware(at),
        to=str(message["To"] or ""),
        subject=subject,
        body=body,
        code=found[0] if found else "",
    )
