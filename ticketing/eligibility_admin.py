"""The council's desk for eligibility: rules and exclusions on the form of their event."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Level, Student
from ticketing.models import EligibilityRule, Event, Exclusion, StudentList, Zone
from ticketing.models.eligibility import STATUSES, only_enrolled


class LenientFormSet(forms.models.BaseInlineFormSet[Any, Any, Any]):
    """A form that was sent without any of these rows leaves them as they are."""

    def __init__(self, data: Any = None, files: Any = None, **kwargs: Any) -> None:
        rows = kwargs.get("prefix") or self.get_default_prefix()
        if data is not None and f"{rows}-TOTAL_FORMS" not in data:
            data = data.copy()
            data.update({f"{rows}-TOTAL_FORMS": "0", f"{rows}-INITIAL_FORMS": "0"})
        super().__init__(data, files, **kwargs)


class Choices(forms.TypedMultipleChoiceField):
    """Ticks for an array: none ticked is an empty one."""

    def __init__(
        self, choices: Any, *, label: Any, coerce: Any = str, required: bool = False, initial: Any = None
    ) -> None:
        super().__init__(
            choices=choices,
            label=label,
            coerce=coerce,
            required=required,
            initial=initial,
            empty_value=[],
            widget=forms.CheckboxSelectMultiple,
        )

    def prepare_value(self, value: Any) -> Any:
        return [str(each) for each in value] if isinstance(value, list) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        return {str(each) for each in initial or ()} != {str(each) for each in data or ()}


class RuleForm(forms.ModelForm[EligibilityRule]):
    """A rule, its criteria as ticks: of the roster's own words where the roster makes them."""

    statuses = Choices(STATUSES, label=_("academic status"), required=True, initial=only_enrolled)
    levels = Choices(Level.choices, label=_("level"))

    class Meta:
        model = EligibilityRule
        fields = (
            *("zone", "opens_at", "statuses", "levels", "years"),
            *("departments", "campuses", "student_list"),
        )

    def has_changed(self) -> bool:
        """Count a row that was added as one, though it says no more than "every enrolled student"."""
        return self.instance.pk is None or super().has_changed()

    def clean(self) -> dict[str, Any]:
        """Leave a time alone that nobody touched: the input ends at the second."""
        cleaned = super().clean() or self.cleaned_data
        if "opens_at" not in self.changed_data:
            cleaned["opens_at"] = self.instance.opens_at
        return cleaned


def rule_form(event: Event | None) -> type[RuleForm]:
    """Return the form of a rule of this event: its zones, and the words that the roster uses."""
    zones = Zone.objects.filter(event=event) if event else Zone.objects.none()

    class FormOfEvent(RuleForm):
        zone = forms.ModelChoiceField(
            zones,
            required=False,
            label=_("zone"),
            empty_label=pgettext_lazy("zones of a rule", "all zones"),
            help_text="" if event else _("Save the event first to make a rule for one zone."),
        )
        years = Choices(known("year", "years", event), label=_("year of study"), coerce=int)
        departments = Choices(known("department", "departments", event), label=_("department"))
        campuses = Choices(known("campus", "campuses", event), label=_("campus"))

    return FormOfEvent


def known(field: str, array: str, event: Event | None) -> list[tuple[Any, str]]:
    """Return the values of a column of the roster, and those that a rule names though nobody has them now."""
    found = set(Student.objects.order_by().values_list(field, flat=True).distinct())
    rules = EligibilityRule.objects.filter(event=event) if event else EligibilityRule.objects.none()
    named = {value for values in rules.values_list(array, flat=True) for value in values}
    return [(value, str(value)) for value in sorted((found | named) - {"", None})]


def lists_of(event: Event | None) -> QuerySet[StudentList]:
    """Return the lists that a rule of this event may name; for a new event those of every festival."""
    lists = StudentList.objects.select_related("festival")
    return lists.filter(festival=event.festival_id) if event else lists


class OfFestival:
    """Offers only lists of the event's own festival; the lists are the same rows for every form of a page."""

    def get_formset(self, request: HttpRequest, obj: Event | None = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)  # type: ignore[misc]  # beside an inline
        formset.form.base_fields["student_list"].queryset = lists_of(obj)
        return formset


class RuleInline(OfFestival, admin.StackedInline[EligibilityRule, Event]):
    model = EligibilityRule
    formset = LenientFormSet
    extra = 0
    verbose_name = _("rule of eligibility")
    verbose_name_plural = _("Who may press (without a rule: every enrolled student)")
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("zone", "opens_at"),
                    *("statuses", "levels", "years", "departments", "campuses", "student_list"),
                ]
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[EligibilityRule]:
        return super().get_queryset(request).select_related("zone")

    def get_formset(self, request: HttpRequest, obj: Event | None = None, **kwargs: Any) -> Any:
        return super().get_formset(request, obj, **{"form": rule_form(obj)} | kwargs)


class ExclusionInline(OfFestival, admin.TabularInline[Exclusion, Event]):
    model = Exclusion
    formset = LenientFormSet
    extra = 0
    verbose_name_plural = _("Who may not, whatever the rules say")
