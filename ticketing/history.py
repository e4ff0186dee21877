"""What the triggers recorded about a row, as the council reads it: when, who, what it was and what it became."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db.models import Field, ForeignKey, Model, QuerySet
from django.template.defaultfilters import date
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.models import Student, User
from ticketing.models import (
    EligibilityRule,
    Event,
    Exclusion,
    Festival,
    StudentList,
    StudentListEntry,
    Ticket,
    WaitingEntry,
    Zone,
)

MOST_SHOWN = 200
NOTHING = "–"
Related = dict[tuple[type[Model], Any], str]
# Keys of their own, the place whose number is recorded beside it, and who did it, which stands there anyway.
NOT_SHOWN = {"id", "claim_id", "event", "place", "created_at", "actor"}
RECORDS = {
    **{Festival: "FestivalChange", Event: "EventChange", Ticket: "TicketChange", Zone: "ZoneChange"},
    **{
        StudentList: "StudentListChange",
        EligibilityRule: "EligibilityRuleChange",
        Exclusion: "ExclusionChange",
    },
    StudentListEntry: "StudentListEntryChange",
    WaitingEntry: "WaitingChange",
}
# What is edited on the form of its event, and told in its history.
OF_AN_EVENT = (Zone, EligibilityRule, Exclusion)


@dataclass(frozen=True, slots=True)
class Step:
    """One field's way from one value to another; `before` is None where the row was new to the record."""

    label: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """One recorded change; `who` is empty when nobody of the council did it (a student, the gate, a command)."""

    at: datetime
    who: str
    what: str
    deleted: bool
    steps: tuple[Step, ...]


def changes_of(row: Model) -> list[Change]:
    """Return the newest recorded changes of a row, an event's with those of its zones; the newest first."""
    records = [list(rows.select_related("pgh_context").order_by("pgh_id")) for rows in records_of(row)]
    names = names_of(record for rows in records for record in rows)
    changes = [change for rows in records for change in reversed([*in_steps(rows, names)])]
    return sorted(changes, key=lambda change: change.at, reverse=True)[:MOST_SHOWN]


def records_of(row: Model) -> list[QuerySet[Any]]:
    """Return the rows that triggers wrote about a row, by model."""

    def written(model: type[Model]) -> Any:
        return apps.get_model("ticketing", RECORDS[model]).objects

    found = [written(type(row)).filter(pgh_obj_id=row.pk)]
    if isinstance(row, Event):
        found += [written(model).filter(event_id=row.pk) for model in OF_AN_EVENT]
    if isinstance(row, StudentList):
        members = written(StudentListEntry)
        newest = members.filter(student_list_id=row.pk).order_by("-pgh_id").values("pgh_id")[:MOST_SHOWN]
        found.append(members.filter(pgh_id__in=newest))
    return found


def what_of(record: Any, related: Related) -> str:
    """Return which part of an event or list a record is about; nothing for what has a page of its own."""
    model = record.pgh_tracked_model
    if model is StudentListEntry:
        return related.get((Student, record.student_id), "")
    name = record.name if model is Zone else ""
    return f"{model._meta.verbose_name} {name}".strip() if model in OF_AN_EVENT else ""


def in_steps(records: Sequence[Any], names: dict[Any, str]) -> Iterable[Change]:
    """Compare each record with the one before it of the same row; a record without a difference is left out."""
    before: dict[Any, Any] = {}
    related = related_of(records)
    for record in records:
        steps = steps_between(before.get(record.pgh_obj_id), record, related)
        before[record.pgh_obj_id] = record
        deleted = record.pgh_label.endswith("delete") or record.pgh_label.endswith("deleted")
        if steps or deleted:
            who = names.get(user_key(record), "")
            yield Change(record.pgh_created_at, who, what_of(record, related), deleted, steps)


def steps_between(before: Any, after: Any, related: Related) -> tuple[Step, ...]:
    """Return the fields that differ; against nothing, those that hold something."""
    steps = []
    for field in fields_of(after):
        new, old = getattr(after, field.attname), getattr(before, field.attname) if before else None
        if new == old or (before is None and new in (None, "", False, [])):
            continue
        label = capfirst(str(field.verbose_name))
        was = in_words(field, old, related) if before else None
        steps.append(Step(label, was, in_words(field, new, related)))
    return tuple(steps)


def fields_of(record: Any) -> list[Field[Any, Any]]:
    return [
        field
        for field in record._meta.concrete_fields
        if not field.name.startswith("pgh_") and field.name not in NOT_SHOWN
    ]


def in_words(field: Field[Any, Any], value: Any, related: Related) -> str:
    """Return a value as the council writes it."""
    if value is None or value == "":
        return NOTHING
    if isinstance(field, ForeignKey):
        return related.get((field.remote_field.model, value), str(value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return date(localtime(value), "DATETIME_FORMAT")
    if isinstance(field, ArrayField):
        words: dict[Any, Any] = dict(field.base_field.flatchoices)
        return ", ".join(str(words.get(each, each)) for each in value) or NOTHING
    choices: dict[Any, Any] = dict(field.flatchoices)
    return str(choices.get(value, value))


def related_of(records: Sequence[Any]) -> Related:
    """Return the names of all rows that these records point to, by model and key, in one query for each field."""
    found: Related = {}
    links = [field for field in fields_of(records[0]) if isinstance(field, ForeignKey)] if records else []
    for field in links:
        keys = {getattr(record, field.attname) for record in records} - {None}
        model = field.remote_field.model
        found |= {(model, key): str(row) for key, row in model._base_manager.in_bulk(keys).items()}
    return found


def user_key(record: Any) -> Any:
    """Return who changed a row: the request's user, or whom the authority named where a worker wrote it."""
    user = record.pgh_context.metadata.get("user") if record.pgh_context else None
    return user or getattr(record, "actor_id", None)


def names_of(records: Iterable[Any]) -> dict[Any, str]:
    """Return the names of the users who changed something, by key."""
    keys = {user_key(record) for record in records} - {None}
    return {user.pk: str(user) for user in User.objects.filter(pk__in=keys)}
