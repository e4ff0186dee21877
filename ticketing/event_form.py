"""The form of an event: what was typed is saved, or only counted by the rule that decides claims."""

from typing import Any
from uuid import UUID

from django import forms

from ticketing import eligibility
from ticketing.allocation.turns import lock
from ticketing.figures import grouped
from ticketing.models import Event, SaleCounter


def saved_counts(key: str) -> list[eligibility.Count]:
    """Return how many students are eligible by the saved rules; nothing for an address that names no event."""
    try:
        return eligibility.count(UUID(key))
    except ValueError:
        return []


def in_words(counts: list[eligibility.Count]) -> list[dict[str, Any]]:
    """Return the figures as the form shows them: a zone, and each time with the number of students from then on."""
    zones: dict[str, list[dict[str, Any]]] = {}
    for row in counts:
        steps = zones.setdefault(row.zone, [])
        if row.opens_at is not None:
            steps.append(
                {"opens_at": row.opens_at, "number": row.students, "students": grouped(row.students)}
            )
    return [
        {"zone": zone, "steps": steps, "students": grouped(sum(step["number"] for step in steps))}
        for zone, steps in zones.items()
    ]


class CountedInsteadOfSaved(Exception):
    """Ends the transaction of a form whose rules were only to be counted; carries the figures."""

    def __init__(self, counts: list[eligibility.Count]) -> None:
        super().__init__()
        self.counts = counts


class EventForm(forms.ModelForm[Event]):
    """An event as the council edits it."""

    def clean(self) -> dict[str, Any]:
        """Leave times alone that nobody touched, and nobody wins a ticket while the group is being changed.

        The form's inputs end at the second, a time that a program wrote does not. The present group's turn is taken
        before the model looks for live tickets; the admin judges and saves a form in one transaction.
        """
        cleaned = super().clean() or self.cleaned_data
        for name, field in self.fields.items():
            if isinstance(field, forms.SplitDateTimeField) and name not in self.changed_data:
                cleaned[name] = getattr(self.instance, name)
        if "limit_group" in self.changed_data and (
            present := Event.objects.filter(pk=self.instance.pk).first()
        ):
            SaleCounter.objects.get_or_create(group=present.group_key)
            lock(present.group_key)
        return cleaned
