"""manage.py seed_demo"""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.demo import roster, sales, staff
from accounts.models import Student

BATCH = 2000


class Command(BaseCommand):
    help = "Makes the demo's festival, invented students, staff and first sale; what is there already stays as it is."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This fills the database with invented people: only with FESTIVAL_MODE=demo.")
        with transaction.atomic():
            Student.objects.bulk_create(roster.students(), batch_size=BATCH, ignore_conflicts=True)
            staff.keep_staff()
            sales.first_night()
        for line in self.accounts():
            self.stdout.write(line)

    def accounts(self) -> list[str]:
        """Return whom one can be, a line each."""
        known = zip(roster.WELL_KNOWN[:3], roster.WELL_KNOWN_NUMBERS, strict=False)
        students = ", ".join(f"{name} {number}" for name, number in known)
        logins = ", ".join(staff.POSTS)
        return [
            f"Students  {students} … ({Student.objects.filter(demo=True).count()} in all)",
            f"Staff     {logins}",
            "Log in as any of them at /demo/; codes that would be mailed are shown there too.",
        ]
