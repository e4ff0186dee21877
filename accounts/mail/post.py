"""The way out: a connection to the mail server that marks a mail as handed over just before its final dot."""

import re
import smtplib
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends import smtp

# RFC 5321 gives a server ten minutes to answer the dot: whoever hangs up earlier does not know what became of the mail.
SECONDS_AFTER_THE_DOT = 600
DOTS = re.compile(rb"^\.", re.MULTILINE)
GO_ON = 354
DOT = b".\r\n"


HandOver = Callable[[], AbstractContextManager[None]]


class Letter(EmailMessage):
    """A mail that is marked when it leaves our hands: in the block of `hand_over`; what entering it raises stops it."""

    hand_over: HandOver


class MarkingSMTP(smtplib.SMTP):
    """Sends the whole of a mail, and in the block of `around_dot` the dot that makes it the server's.

    Until the dot the server throws away what it has got, whatever happens to us; the dot itself is one packet.
    """

    around_dot: HandOver = nullcontext

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Send the text of a mail and return the answer to its dot."""
        self.putcmd("data")
        code, reply = self.getreply()
        if code != GO_ON:
            raise smtplib.SMTPDataError(code, reply)
        text = DOTS.sub(b"..", bytes(msg))
        self.send(text if text.endswith(b"\r\n") else text + b"\r\n")
        with self.around_dot():
            self.send(DOT)
        return self.answer_to_the_dot()

    def answer_to_the_dot(self) -> tuple[int, bytes]:
        """Wait for the answer as long as the standard asks for."""
        assert self.sock is not None  # noqa: S101 - the dot has just gone out on it
        usual = self.sock.gettimeout()
        self.sock.settimeout(SECONDS_AFTER_THE_DOT)
        reply = self.getreply()
        self.sock.settimeout(usual)
        return reply


class MarkingSMTPS(MarkingSMTP, smtplib.SMTP_SSL):
    """The same over TLS from the start."""


class SmtpBackend(smtp.EmailBackend):
    """Django's way to send by SMTP, with our mark in it for letters."""

    connection: MarkingSMTP | None

    @property
    def connection_class(self) -> type[MarkingSMTP]:
        return MarkingSMTPS if self.use_ssl else MarkingSMTP

    def open(self) -> bool | None:
        """Connect and log in; what we write leaves at once, because the dot must not wait for more."""
        new = super().open()
        if new and self.connection and self.connection.sock:
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return new

    def hand_in(self, letter: Letter) -> None:
        """Send one letter over the connection, which stays open."""
        self.open()
        assert self.connection is not None  # noqa: S101 - open() raises what it cannot do
        self.connection.around_dot = letter.hand_over
        try:
            self.send_messages([letter])
        finally:
            if self.connection:
                self.connection.around_dot = nullcontext

    def drop(self) -> None:
        """Hang up without a word, so that a mail without its dot is thrown away."""
        if self.connection:
            self.connection.close()
        self.connection = None
