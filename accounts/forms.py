"""What students type to verify."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.text import tidy_number

DIGITS = 6


class VerifyForm(forms.Form):
    """Who somebody says they are, and their consent."""

    number = forms.CharField(
        label=_("Student number"),
        max_length=20,
        widget=forms.TextInput(
            {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
    name = forms.CharField(
        label=pgettext_lazy("person", "Name"),
        max_length=100,
        widget=forms.TextInput({"autocomplete": "name", "spellcheck": "false"}),
    )
    consent = forms.BooleanField(
        label=_("I have read this and agree"),
        error_messages={"required": _("Without your consent we cannot verify you.")},
    )


class CodeForm(forms.Form):
    """The code from the mail; spaces and full-width digits are taken too."""

    code = forms.CharField(
        label=_("Code from the mail"),
        max_length=20,
        widget=forms.TextInput(
            {
                "autocomplete": "one-time-code",
                "inputmode": "numeric",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
    )

    shared = forms.BooleanField(
        label=_("This is a shared computer"),
        required=False,
    )

    def clean_code(self) -> Any:
        code = tidy_number(self.cleaned_data["code"])
        if len(code) != DIGITS or not (code.isascii() and code.isdigit()):
            raise forms.ValidationError(_("The code has six digits."))
        return code
