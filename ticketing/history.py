"""What the triggers recorded about a row, as the council reads it: when, who, what it was and what it became."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db.models import Field, ForeignKey, Model, QuerySet
from django.template.defaultfilters import date
from django.utils.text import capfirst
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.models import User
from ticketing.models import Event, Festival, Ticket, Zone

MOST_SHOWN = 200
NOTHING = "–"
# Keys of their own, and the place whose number is recorded beside it.
NOT_SHOWN = {"id", "event", "place", "created_at"}


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
    own = {Festival: "FestivalChange", Event: "EventChange", Ticket: "TicketChange", Zone: "ZoneChange"}
    model = apps.get_model("ticketing", own[type(row)])
    found = [model.objects.filter(pgh_obj_id=row.pk)]
    if isinstance(row, Event):
        found.append(apps.get_model("ticketing", "ZoneChange").objects.filter(event_id=row.pk))
    return found


def in_steps(records: Sequence[Any], names: dict[Any, str]) -> Iterable[Change]:
    """Compare each record with the one before it of the same row; a record without a difference is left out."""
    before: dict[Any, Any] = {}
    related = related_of(records)
    for record in records:
        steps = steps_between(before.get(record.id), record, related)
        before[record.id] = record
        deleted = record.pgh_label.endswith("delete") or record.pgh_label.endswith("deleted")
        if steps or deleted:
            what = f"{Zone._meta.verbose_name} {record.name}" if hasattr(record, "capacity") else ""
            who = names.get(user_key(record), "")
            yield Change(record.pgh_created_at, who, what, deleted, steps)


def steps_between(before: Any, after: Any, related: dict[Any, str]) -> tuple[Step, ...]:
    """Return the fields that differ; against nothing, those that hold something."""
    steps = []
    for field in fields_of(after):
        new, old = getattr(after, field.attname), getattr(before, field.attname) if before else None
        if new == old or (before is None and new in (None, "", False)):
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


def in_words(field: Field[Any, Any], value: Any, related: dict[Any, str]) -> str:
    """Return a value as the council writes it."""
    if value is None or value == "":
        return NOTHING
    if isinstance(field, ForeignKey):
        return related.get(value, str(value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return date(localtime(value), "DATETIME_FORMAT")
    choices: dict[Any, Any] = dict(field.flatchoices)
    return str(choices.get(value, value))


def related_of(records: Sequence[Any]) -> dict[Any, str]:
    """Return the names of all rows that these records point to, by key, in one query for each kind."""
    found: dict[Any, str] = {}
    links = [field for field in fields_of(records[0]) if isinstance(field, ForeignKey)] if records else []
    for field in links:
        keys = {getattr(record, field.attname) for record in records} - {None}
        found |= {key: str(row) for key, row in field.remote_field.model._base_manager.in_bulk(keys).items()}
    return found


def user_key(record: Any) -> Any:
    return record.pgh_context.metadata.get("user") if record.pgh_context else None


def names_of(records: Iterable[Any]) -> dict[Any, str]:
    """Return the names of the users who changed something, by key."""
    keys = {user_key(record) for record in records} - {None}
    return {user.pk: str(user) for user in User.objects.filter(pk__in=keys)}
