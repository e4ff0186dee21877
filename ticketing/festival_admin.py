"""The council's festivals: name, look and poster, how students verify, and until when."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminFileWidget
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.models import VerificationMethod
from accounts.verification import METHODS, available
from accounts.verification.pictures import PictureRefused
from ticketing import posters
from ticketing.history_admin import WithHistory
from ticketing.models import Festival


class PosterInput(AdminFileWidget):
    """Shows the poster that hangs beside the way to change it."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        choice = super().render(name, value, attrs, renderer)
        if not isinstance(value, posters.Poster):
            return choice
        picture = format_html(
            '<img class="poster-hung" src="{}" width="{}" height="{}" alt="{}">',
            *(value.smallest, value.width, value.height, value.words),
        )
        return format_html("<div>{}{}</div>", picture, choice)


class FestivalForm(forms.ModelForm[Festival]):
    """Offers the ways to verify that this system is set up for."""

    verification_methods = forms.MultipleChoiceField(
        label=_("Ways to verify"), widget=forms.CheckboxSelectMultiple
    )

    poster_file = forms.FileField(
        label=_("Poster"),
        required=False,
        widget=PosterInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        help_text=_(
            "JPEG, PNG or WebP, up to 8 MB and at least 600 pixels wide. It leads the home page and the pages "
            "of events, and is the picture when their address is shared."
        ),
    )
    made: posters.Made | None = None

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
        self.fields["poster_file"].initial = posters.shown(self.instance)

    def clean_poster_file(self) -> Any:
        """Make the pictures of a poster that was sent; they are kept when the rest of the form is right too."""
        sent = self.cleaned_data["poster_file"]
        if isinstance(sent, UploadedFile):
            try:
                self.made = posters.made_of(sent)
            except PictureRefused as error:
                raise ValidationError(str(error.detail)) from error
        if self.made or sent is False:
            posters.name(self.instance, self.made)
        return sent


@admin.register(Festival)
class FestivalAdmin(WithHistory):
    form = FestivalForm
    list_display = ["name", "name_en", "accent", "ends_at"]
    fieldsets = [
        (None, {"fields": ["name", "name_en", "accent", "banner", "banner_en", "ends_at"]}),
        (_("Poster"), {"fields": ["poster_file", "poster_words", "poster_words_en"]}),
        (_("Verification of students"), {"fields": ["verification_methods", "verification_closes_at"]}),
        (_("Outgoing mail"), {"fields": ["mails_per_hour", "mails_per_day"]}),
    ]

    def save_model(self, request: HttpRequest, obj: Festival, form: Any, change: bool) -> None:
        """Save the festival, and its poster's pictures with it."""
        super().save_model(request, obj, form, change)
        posters.keep(obj, form.made)

    def poster_file(self, obj: Festival) -> str:
        """Show the poster to who may look at festivals only."""
        poster = posters.shown(obj)
        return format_html('<a href="{}">{}</a>', poster.url, poster) if poster else "-"
