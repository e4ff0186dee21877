from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from festival.ending import until_asked
from ticketing import foreign
from ticketing.writeback import write_back, write_back_forever


class Command(BaseCommand):
    help = "Let the rows follow what Redis has decided, until SIGTERM; any number may run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="apply what is there and end")
        parser.add_argument(
            "--remove",
            type=UUID,
            metavar="GROUP",
            help="remove the entry of a stranger that stopped a stream",
        )
        parser.add_argument("--by", metavar="USER", help="who removes it")
        parser.add_argument("--reason", default="", help="why")

    def handle(
        self, *_args: Any, once: bool, remove: UUID | None, by: str | None, reason: str, **_options: Any
    ) -> None:
        if remove is not None:
            self.remove(remove, by=by, reason=reason.strip())
            return
        if once:
            self.stdout.write(f"{write_back()} applied")
            return
        until_asked(write_back_forever)

    def remove(self, group: UUID, *, by: str | None, reason: str) -> None:
        """Remove a stranger's entry; without a name and a reason only show it."""
        keys = foreign.keys_of(group)
        entry = foreign.next_entry(keys) if keys else None
        if keys is None or entry is None:
            raise CommandError("There is no such stream, or nothing waits in it.")
        self.stdout.write(f"{entry[0]} {entry[1]}")
        if not by or not reason:
            raise CommandError("Say --by USER and --reason to remove it.")
        user = User.objects.filter(username=by, is_staff=True).first()
        if user is None:
            raise CommandError("Nobody of the staff has this name.")
        if not foreign.remove(keys, entry[0], user=user, reason=reason):
            raise CommandError("A decision made this entry: it cannot be removed.")
