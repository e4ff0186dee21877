"""Makes rules and lists for tests, and what the form of an event sends about them."""

from collections.abc import Sequence
from typing import Any

from accounts.models import Student
from tests.admin.desk import form_of
from ticketing.models import EligibilityRule, Event, StudentList, StudentListEntry


def make_rule(event: Event, zone: str | None = None, **criteria: Any) -> EligibilityRule:
    """Make a rule for a zone of the event, or for all of them."""
    found = event.zones.get(name=zone) if zone else None
    return EligibilityRule.objects.create(event=event, zone=found, **criteria)


def make_list(event: Event, *students: Student, name: str = "단체 관람") -> StudentList:
    """Make a list of the event's festival with these students on it."""
    made = StudentList.objects.create(festival=event.festival, name=name)
    StudentListEntry.objects.bulk_create(StudentListEntry(student_list=made, student=s) for s in students)
    return made


def form_with(
    event: Event, *rules: dict[str, Any], exclusions: Sequence[dict[str, Any]] = (), **fields: Any
) -> dict[str, Any]:
    """Return what the form of a saved event sends when these rules and exclusions are added."""
    sent = form_of(event)
    for prefix, rows in (("rules", rules), ("exclusions", exclusions)):
        sent |= {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": 0}
        for place, row in enumerate(rows):
            sent |= {f"{prefix}-{place}-event": str(event.pk)}
            sent |= {f"{prefix}-{place}-{name}": value for name, value in row.items()}
    return sent | fields
