"""What students type to verify, and what the booth types about them."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.guesses import LONG, SHORT
from accounts.models import RefusalReason
from accounts.models.booth import CODE_SIGNS
from accounts.text import tidy_number
from ticketing.signing import ALPHABET

# What a scanner reads is the address with the code at its end; what people type may hold look-alikes.
BEFORE_THE_CODE = "CODE="
MEANT = str.maketrans("ILO", "110")


class GuidingForm(forms.Form):
    """A form that comes back with the focus in the first field that is wrong, without JavaScript too."""

    def full_clean(self) -> None:
        super().full_clean()
        wrong = next((name for name in self.fields if name in self.errors), None)
        if wrong:
            self.fields[wrong].widget.attrs["autofocus"] = True


class ConsentForm(GuidingForm):
    """The consent that comes before everything else, whatever the way."""

    consent = forms.BooleanField(
        label=_("I have read this and agree"),
        error_messages={"required": _("Without your consent we cannot verify you.")},
    )


class VerifyForm(ConsentForm):
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


class CardForm(VerifyForm):
    """Who somebody says they are, their consent, and the picture of their card."""

    photo = forms.FileField(
        label=_("Photo of your student card"),
        widget=forms.FileInput({"accept": "image/jpeg,image/png,image/webp", "data-card-file": ""}),
        error_messages={
            "required": _("Please choose the picture once more: a browser does not keep it."),
            "empty": _("This file is empty."),
        },
    )
    covered = forms.BooleanField(
        label=_("The resident registration number is covered, or the card shows none"),
        error_messages={"required": _("Please cover the number first: we may not take it.")},
    )

    def __init__(self, *args: Any, too_big: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if too_big:
            self.fields["photo"].error_messages["required"] = too_big


class SharedForm(GuidingForm):
    """Whether the browser is somebody else's too."""

    shared = forms.BooleanField(label=_("This is a shared computer"), required=False)


class UniversityForm(ConsentForm, SharedForm):
    """What is asked before somebody leaves for the university's login."""


class CodeForm(SharedForm):
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

    def clean_code(self) -> Any:
        code = tidy_number(self.cleaned_data["code"])
        if len(code) not in (SHORT, LONG) or not (code.isascii() and code.isdigit()):
            raise forms.ValidationError(_("The code has six digits, or twelve where the mail shows twelve."))
        return code


class BoothCodeForm(GuidingForm):
    """The code that a student shows at the booth, typed or scanned."""

    code = forms.CharField(
        label=_("Code of the student"),
        max_length=300,
        widget=forms.TextInput(
            {
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "enterkeyhint": "go",
                "autofocus": True,
            }
        ),
    )

    def clean_code(self) -> str:
        typed: str = tidy_number(self.cleaned_data["code"]).rpartition(BEFORE_THE_CODE)[2].translate(MEANT)
        if len(typed) != CODE_SIGNS or not set(typed) <= set(ALPHABET):
            raise forms.ValidationError(_("The code has eight signs: digits and letters."))
        return typed


class RefusalForm(GuidingForm):
    """Why somebody is refused at the booth."""

    reason = forms.TypedChoiceField(
        label=pgettext_lazy("refusal", "Reason"),
        choices=[("", "–"), *RefusalReason.choices],
        coerce=RefusalReason,
    )
