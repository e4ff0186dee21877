"""What a mail server's answer means: about this address, about this moment, or about us."""

import re
import smtplib
from dataclasses import dataclass

OF_POST = (
    OSError,
    ValueError,
)  # smtplib's are OSErrors; an address that cannot be written down is a ValueError
CONNECT, LOGIN, SENDER, RECIPIENT, DOT, MANY = "connect", "login", "sender", "recipient", "dot", "refusals"
ACCEPTED = 250
GOING_AWAY = 421
STATUS = re.compile(rb"\s*([245]\.\d{1,3}\.\d{1,3})\b")
# The daily limit of the sender, as Google says it beside a permanent code: true tomorrow for everybody else too.
OUR_LIMIT = "5.4.5"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the mail server, by the step that it answers; without a code there was none."""

    stage: str
    code: int | None = None
    status: str = ""

    @property
    def definite(self) -> bool:
        """The server has said that it did not take the mail."""
        return self.code is not None

    @property
    def permanent(self) -> bool:
        return self.code is not None and 500 <= self.code < 600

    @property
    def about_us(self) -> bool:
        """The next mail would get the same answer."""
        return (
            self.stage not in (RECIPIENT, DOT) or self.code in (None, GOING_AWAY) or self.status == OUR_LIMIT
        )

    @property
    def about_the_mail(self) -> bool:
        """This mail is not taken, now and for ever."""
        return self.permanent and not self.about_us


REFUSALS = Answer(MANY)


def read(error: Exception) -> Answer:
    """Return what an exception of the post says."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()))
        return answer(RECIPIENT, code, words)
    if isinstance(error, smtplib.SMTPResponseException):
        return answer(stage_of(error), error.smtp_code, error.smtp_error)
    if isinstance(error, ValueError | smtplib.SMTPNotSupportedError):
        return Answer(
            RECIPIENT, 553, "5.1.3"
        )  # the code and the status that a server has for such an address
    return Answer(CONNECT)


def stage_of(error: smtplib.SMTPResponseException) -> str:
    """Return which step an answer belongs to."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return LOGIN
    if isinstance(error, smtplib.SMTPSenderRefused):
        return SENDER
    return DOT if isinstance(error, smtplib.SMTPDataError) else CONNECT


def answer(stage: str, code: int, words: bytes | str) -> Answer:
    """Return an answer without its words, which may quote an address."""
    found = STATUS.match(words if isinstance(words, bytes) else words.encode())
    return Answer(stage, code if 100 <= code < 600 else None, found[1].decode() if found else "")
