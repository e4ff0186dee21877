"""One delivery's connection: opened when a mail is due, kept for many, opened anew when the server hangs up."""

import smtplib
from types import TracebackType
from typing import Any, Self

from django.core.mail import get_connection

from accounts.mail import faults, service
from accounts.mail.faults import Answer
from accounts.mail.post import Letter, SmtpBackend


class Moved(Exception):
    """This mail has been handed over by another delivery, or is not wanted any more."""


class Way:
    """The connection of one run, and what has happened on it."""

    def __init__(self) -> None:
        self.connection: Any = get_connection()  # Django has no type for what all backends share
        self.refused_in_a_row = 0
        self.sent = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say good-bye; after a fault of ours hang up without a word."""
        if kind is not None:
            self.drop()
            return
        self.close()

    def open(self) -> bool:
        """Connect and log in if need be; False, and noted, when that fails."""
        try:
            if self.connection.open():
                self.sent = 0
        except OSError as error:
            service.note_fault(faults.read(error))
            return False
        return True

    def send(self, letter: Letter) -> None:
        """Send a letter; where no server answers a dot (a folder), the mark comes before everything."""
        if isinstance(self.connection, SmtpBackend):
            self.connection.hand_in(letter)
            return
        with letter.hand_over():
            pass
        self.connection.send_messages([letter])

    def note_sent(self) -> None:
        """Remember that a mail was taken."""
        if not self.sent:
            service.note_success()
        self.sent += 1
        self.refused_in_a_row = 0

    def recover(self, fault: Answer) -> bool:
        """Hang up after a fault of the way; True when a new connection may be tried at once.

        Many servers hang up after a number of mails. One that has taken none on this connection is left alone.
        """
        taken, self.sent = self.sent, 0
        self.drop()
        if taken and fault.stage in (faults.RECIPIENT, faults.DOT, faults.CONNECT, faults.SENDER):
            return fault.status != faults.OUR_LIMIT
        service.note_fault(fault)
        return False

    def drop(self) -> None:
        """Hang up without a word."""
        if isinstance(self.connection, SmtpBackend):
            self.connection.drop()
        else:
            self.connection.close()

    def close(self) -> None:
        """Say good-bye; a server that does not listen any more has all that it got."""
        try:
            self.connection.close()
        except (OSError, smtplib.SMTPException):
            self.drop()
