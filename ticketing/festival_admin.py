"""The council's festivals: name and look, how students verify, and until when."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.models import VerificationMethod
from accounts.verification import METHODS, available
from ticketing.history_admin import WithHistory
from ticketing.models import Festival


class FestivalForm(forms.ModelForm[Festival]):
    """Offers the ways to verify that this system is set up for."""

    verification_methods = forms.MultipleChoiceField(
        label=_("Ways to verify"), widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Festival
        fields = "__all__"  # noqa: DJ007 - the admin class says which
        help_texts = {"verification_methods": None}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        saved = self.instance.verification_methods
        field = self.fields["verification_methods"]
        field.choices = [  # type: ignore[attr-defined]  # the form's own field, declared above
            (way.value, f"{way.label}: {METHODS[way].invitation}")
            for way in VerificationMethod
            if way in available() or (way in saved and way in METHODS)
        ]
        field.help_text = Festival._meta.get_field("verification_methods").help_text


@admin.register(Festival)
class FestivalAdmin(WithHistory):
    form = FestivalForm
    list_display = ["name", "name_en", "accent", "ends_at"]
    fieldsets = [
        (None, {"fields": ["name", "name_en", "accent", "banner", "banner_en", "ends_at"]}),
        (_("Verification of students"), {"fields": ["verification_methods", "verification_closes_at"]}),
        (_("Outgoing mail"), {"fields": ["mails_per_hour", "mails_per_day"]}),
    ]
