"""The mailbox to which undeliverable mail comes back, read by IMAP without changing anything in it."""

import imaplib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.utils import timezone

from accounts.mail import service
from accounts.models import MailService

SECONDS = 20
MOST_AT_ONCE = 500
MOST_BYTES = 512 * 1024
LOOK_BACK = timedelta(days=14)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class MailboxAway(Exception):
    """The mailbox of bounces cannot be read."""


def read(take: Callable[[bytes], bool]) -> int | None:
    """Give every mail that is new since the last look to `take`; return how many it took, None without a mailbox.

    How far it is read stands in the database and not in the mailbox: people read there too. A mail is given again when
    we die in between, which changes nothing.
    """
    if not settings.BOUNCES_URL:
        return None
    try:
        taken = sum(take(raw) for raw in new_mails())
    except (OSError, imaplib.IMAP4.error) as error:
        MailService.objects.filter(pk=service.state().pk).update(bounces_failed_at=timezone.now())
        raise MailboxAway(type(error).__name__) from None  # its words may hold the password's owner
    MailService.objects.filter(pk=1).update(bounces_read_at=timezone.now(), bounces_failed_at=None)
    return taken


def new_mails() -> Iterator[bytes]:
    """Yield the mails after the last one read, and remember each when the next is asked for."""
    row, connection = service.state(), connect()
    try:
        validity = open_folder(connection)
        last = row.bounces_uid if validity == row.bounces_validity else 0
        for uid in uids_after(connection, last)[:MOST_AT_ONCE]:
            yield mail_of(connection, uid)
            MailService.objects.filter(pk=row.pk).update(bounces_validity=validity, bounces_uid=uid)
    finally:
        connection.shutdown()


def connect() -> imaplib.IMAP4:
    """Connect and log in."""
    url = urlsplit(settings.BOUNCES_URL)
    host = url.hostname or ""
    if url.scheme == "imaps":
        connection: imaplib.IMAP4 = imaplib.IMAP4_SSL(host, url.port or 993, timeout=SECONDS)
    else:
        connection = imaplib.IMAP4(host, url.port or 143, timeout=SECONDS)
    try:
        connection.login(unquote(url.username or ""), unquote(url.password or ""))
    except imaplib.IMAP4.error:
        connection.shutdown()
        raise
    return connection


def open_folder(connection: imaplib.IMAP4) -> int:
    """Open the folder for reading only; return what its numbers of mails are valid for."""
    folder = unquote(urlsplit(settings.BOUNCES_URL).path.strip("/")) or "INBOX"
    quoted = folder.replace("\\", "\\\\").replace('"', '\\"')
    must(connection.select(f'"{quoted}"', readonly=True))
    found = connection.response("UIDVALIDITY")[1]
    return int(found[0]) if found and found[0] else 0


def uids_after(connection: imaplib.IMAP4, last: int) -> list[int]:
    """Return the numbers of the mails of the last days that come after a number, the oldest first."""
    first_day = timezone.now() - LOOK_BACK
    since = f"{first_day.day}-{MONTHS[first_day.month - 1]}-{first_day.year}"
    found = must(connection.uid("SEARCH", "UID", f"{last + 1}:*", "SINCE", since))
    numbers = (int(number) for number in (found[0] or b"").split())
    return sorted(number for number in numbers if number > last)  # `*` is the last mail, however old


def mail_of(connection: imaplib.IMAP4, uid: int) -> bytes:
    """Return the beginning of a mail, which holds its report, and leave it unread."""
    found = must(connection.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{MOST_BYTES}>)"))
    return next((bytes(part[1]) for part in found if isinstance(part, tuple)), b"")


def must(answer: tuple[str, Any]) -> list[Any]:
    """Return what a command was answered; raise when it was refused."""
    if answer[0] != "OK":
        raise imaplib.IMAP4.error(answer[0])
    return list(answer[1])
