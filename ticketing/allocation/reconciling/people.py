"""Compares who may press: the roster, the ended log-ins, the classes of events with rules.

What triggers have marked as changed, the priming loop tells Redis next: that is no difference.
"""

from collections.abc import Iterator
from uuid import UUID

from django.utils import timezone

from accounts.models import Student
from ticketing.allocation.reconciling.findings import NOTHING, Difference, Finding
from ticketing.allocation.reconciling.redis_side import EventSide, Side
from ticketing.allocation.rush import eligibility
from ticketing.allocation.rush.building import pages
from ticketing.allocation.rush.carrying import Group
from ticketing.allocation.rush.classes import basis_of_rules
from ticketing.allocation.rush.lines import milliseconds
from ticketing.allocation.rush.roster import SENTINEL, ended_sessions, student_line
from ticketing.models import Event, PrimingMark, Topic


def look(group: Group, side: Side) -> Iterator[Finding]:
    """Return what differs; the marks are read last, so that each change that was read has its mark."""
    found = [*students(side), *sessions(side)]
    ruled = [it for event in group.events for it in rules(event, side.events.get(event.pk))]
    marks = set(PrimingMark.objects.values_list("topic", "key"))
    changed_rules = any(topic == Topic.RULES for topic, _key in marks)
    for topic, key, difference in found + ([] if changed_rules else ruled):
        if (topic, key) not in marks:
            yield Finding(difference)


Marked = tuple[str, str, Difference]


def students(side: Side) -> Iterator[Marked]:
    rows = {
        str(key): student_line(generation, status)
        for key, generation, status in Student.objects.values_list("pk", "generation", "status")
    }
    redis = {student: line for student, line in side.students.items() if line and student != SENTINEL}
    for student in sorted({*rows, *redis}):
        says, has = rows.get(student, NOTHING), redis.get(student, NOTHING)
        if says != has:
            yield Topic.STUDENT, student, Difference("student", student, says, has)


def sessions(side: Side) -> Iterator[Marked]:
    """Yield log-ins that have ended on one side only, and whose passes would still be good."""
    rows, now = dict(ended_sessions()), milliseconds(timezone.now())
    for session in sorted({*rows, *side.ended} - {SENTINEL}):
        until = rows.get(session) or side.ended.get(session, 0)
        if (session in rows) != (session in side.ended) and until > now:
            words = ("ended", "not ended") if session in rows else ("not ended", "ended")
            yield Topic.SESSION, session, Difference("session", session, *words)


def rules(event: Event, its: EventSide | None) -> Iterator[Marked]:
    """Yield students who are of another class; rules that the loop has yet to apply are no difference."""
    if its is None or its.conf.get("ruled_for") != basis_of_rules(event):
        return
    ruled, applied = eligibility.has_rules(event.pk), its.conf.get("rules") == "1"
    if ruled != applied:
        says, has = ("rules" if it else "no rules" for it in (ruled, applied))
        yield Topic.RULES, str(event.pk), Difference("rules", str(event.pk), says, has)
    elif ruled:
        yield from classes(event.pk, event, its)


def classes(key: UUID, event: Event, its: EventSide) -> Iterator[Marked]:
    for page in pages(Student.objects.values_list("pk", "status")):
        keys = [student for student, _status in page]
        found = eligibility.classes(key, event.opens_at, keys)
        for student in keys:
            says = found.get(student, NOTHING)
            number = its.classes.get(str(student))
            has = NOTHING if number is None else its.openings.get(number, NOTHING)
            if says != has:
                about = f"{key} {student}"  # the classes themselves are not told: they say why
                words = ("a class" if says != NOTHING else NOTHING, "another" if has != NOTHING else NOTHING)
                yield Topic.STUDENT, str(student), Difference("student_rules", about, *words)
