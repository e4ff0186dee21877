"""Reports of non-delivery (RFC 3464) as mail servers write them."""

from email.message import EmailMessage
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

SENDER = "festival@example.org"


def report(
    message_id: str,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    headers_only: bool = False,
    kind: str = "report",
) -> bytes:
    """Return a report about the mail with this Message-ID."""
    whole = MIMEMultipart(kind, report_type="delivery-status")
    whole["From"], whole["To"] = "MAILER-DAEMON@mx.univ.example", SENDER
    whole["Subject"], whole["Message-ID"] = "Undelivered Mail Returned to Sender", "<bounce@mx.univ.example>"
    whole.attach(MIMEText("Your mail to alice@univ.example could not be delivered.", "plain", "utf-8"))
    whole.attach(status_part(action, status))
    whole.attach(returned(message_id, headers_only=headers_only))
    return whole.as_bytes()


def status_part(action: str, status: str) -> MIMEBase:
    """Return the part for machines: one block for the mail, one for its recipient."""
    part = MIMEBase("message", "delivery-status")
    about, recipient = EmailMessage(), EmailMessage()
    about["Reporting-MTA"] = "dns; mx.univ.example"
    recipient["Final-Recipient"] = "rfc822; alice@univ.example"
    recipient["Action"], recipient["Status"] = action, status
    recipient["Diagnostic-Code"] = "smtp; 550 5.1.1 <alice@univ.example>: no such user"
    part.set_payload([about, recipient])
    return part


def returned(message_id: str, *, headers_only: bool) -> MIMEBase | MIMEText:
    """Return the part that gives our mail back."""
    original = EmailMessage()
    original["From"], original["To"] = SENDER, "alice@univ.example"
    original["Subject"], original["Message-ID"] = "Your code", message_id
    original.set_content("")
    if headers_only:
        return MIMEText(f"Message-ID: {message_id}\nSubject: Your code\n", "rfc822-headers")
    return MIMEMessage(original)
