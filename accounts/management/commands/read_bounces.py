"""`manage.py read_bounces`: read the mailbox of FESTIVAL_BOUNCES_URL now; the job worker does so every five minutes."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.mail import bounces
from accounts.mail.mailbox import MailboxAway


class Command(BaseCommand):
    help = "Read the mailbox to which undeliverable mail comes back, and mark the mails that it names."

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            marked = bounces.read_mailbox()
        except MailboxAway as error:
            raise CommandError(f"The mailbox cannot be read ({error}).") from error
        if marked is None:
            raise CommandError("FESTIVAL_BOUNCES_URL is not set.")
        self.stdout.write(f"{marked} mail(s) marked as undeliverable")
