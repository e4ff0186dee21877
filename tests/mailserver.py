"""A real SMTP server as a process: `python -m tests.mailserver PORT FILE [SECONDS]`; it writes each mail it takes.

How it treats a mail is said by whom it is for: `nobody@` has no mailbox, `later@` is asked to come again, `full@` is
refused after the dot, `busy@` ends the connection with 421 after the dot, `silent@` is taken without an answer.
Every other answer to a dot comes after SECONDS.
"""

import asyncio
import json
import sys
from email import message_from_bytes, policy
from pathlib import Path

from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import SMTP, Envelope, Session

AT_THE_RECIPIENT = {"nobody": "550 5.1.1 No such user", "later": "451 4.7.1 Come again later"}
AT_THE_DOT = {"full": "552 5.2.2 Mailbox full", "busy": "421 4.3.2 Going away"}


class Keeper:
    """Takes mails and writes them down, one JSON line each, before it answers."""

    def __init__(self, file: Path, seconds: float) -> None:
        self.file, self.seconds = file, seconds

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if refusal := AT_THE_RECIPIENT.get(address.partition("@")[0]):
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        who = envelope.rcpt_tos[0].partition("@")[0]
        if refusal := AT_THE_DOT.get(who):
            return refusal
        self.keep(session, envelope)
        if who == "silent" and server.transport:
            server.transport.close()
        await asyncio.sleep(self.seconds)
        return "250 2.0.0 taken"

    def keep(self, session: Session, envelope: Envelope) -> None:
        """Write a mail down."""
        mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        taken = {
            "from_port": (session.peer or ("", 0))[1],
            "to": envelope.rcpt_tos[0],
            "id": str(mail["Message-ID"]),
            "subject": str(mail["Subject"]),
            "text": mail.get_content(),
        }
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(taken) + "\n")


def main(port: str, file: str, seconds: str = "0") -> None:
    """Serve until the process ends."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    controller = UnthreadedController(
        Keeper(Path(file), float(seconds)), hostname="127.0.0.1", port=int(port), loop=loop
    )
    controller.begin()  # type: ignore[no-untyped-call]  # aiosmtpd has types for some
    loop.run_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
