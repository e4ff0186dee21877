"""The one rule of eligibility, as pieces of SQL: for a claim, for a student's page, and for counting the roster.

The statement around a piece names its rows: `e` the event, `student`, `wanted` with the zone's key as `zone_id`, and
`rule`, joined by COVERS, where it groups by zone and student.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q

from ticketing.allocation.base import Ineligible
from ticketing.models import EligibilityRule

# A rule of the event covers a zone by name, or all of them.
COVERS = "rule.event_id = e.id AND (rule.zone_id IS NULL OR rule.zone_id = wanted.zone_id)"

# A student meets a rule by meeting each of its criteria; an empty one is no criterion. What the roster does not know
# of a student (no year) meets none.
MEETS = """student.status = ANY(rule.statuses)
       AND (cardinality(rule.levels) = 0 OR student.level = ANY(rule.levels))
       AND (cardinality(rule.years) = 0 OR student.year = ANY(rule.years))
       AND (cardinality(rule.departments) = 0 OR student.department = ANY(rule.departments))
       AND (cardinality(rule.campuses) = 0 OR student.campus = ANY(rule.campuses))
       AND (rule.student_list_id IS NULL OR EXISTS (
               SELECT FROM ticketing_studentlistentry listed
                WHERE listed.student_list_id = rule.student_list_id AND listed.student_id = student.id))"""

# When the zone opens for the student; NULL: it does not. A zone without a rule is for the enrolled.
OPENING = f"""CASE WHEN count(rule.id) > 0
            THEN min(coalesce(rule.opens_at, e.opens_at)) FILTER (WHERE {MEETS})
            WHEN student.status = 'enrolled' THEN e.opens_at END"""

# Why the student is kept out of the whole event; no row: not at all.
EXCLUDED = """SELECT exclusion.reason FROM ticketing_exclusion exclusion
        JOIN ticketing_studentlistentry listed ON listed.student_list_id = exclusion.student_list_id
       WHERE exclusion.event_id = e.id AND listed.student_id = student.id"""


def cause(*, event_id: UUID, zone_ids: Sequence[UUID] | None, status: str) -> Ineligible:
    """Return why the rules of these zones (None: of all) leave a student out: by the status alone, or by the rest."""
    rules = EligibilityRule.objects.filter(event=event_id, statuses__contains=[status])
    if zone_ids is not None:
        rules = rules.filter(Q(zone=None) | Q(zone__in=zone_ids))
    return Ineligible.RULES if rules.exists() else Ineligible.STATUS
