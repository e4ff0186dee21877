"""A festival: what its events share, and how its students prove who they are."""

import uuid

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import get_language, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import VerificationMethod


class Accent(models.TextChoices):
    """The colours of a festival; each has its shades in static/css/tokens.css."""

    VIOLET = "violet", pgettext_lazy("colour", "violet")
    BLUE = "blue", pgettext_lazy("colour", "blue")
    TEAL = "teal", pgettext_lazy("colour", "teal")
    GREEN = "green", pgettext_lazy("colour", "green")
    ORANGE = "orange", pgettext_lazy("colour", "orange")
    RED = "red", pgettext_lazy("colour", "red")
    PINK = "pink", pgettext_lazy("colour", "pink")

    @property
    def night(self) -> str:
        """The colour of its night sky, for what a browser draws around a page."""
        return NIGHTS[self]

    @property
    def picture(self) -> str:
        """The static picture of a shared page whose festival has no poster."""
        return f"img/share-{self.value}.jpg"


NIGHTS = {
    Accent.VIOLET: "#140a30",
    Accent.BLUE: "#061332",
    Accent.TEAL: "#031f26",
    Accent.GREEN: "#031d15",
    Accent.ORANGE: "#251003",
    Accent.RED: "#26060d",
    Accent.PINK: "#27051c",
}


class Named(models.Model):
    """Something with a Korean name, which is also its key in the API, and an English one for show."""

    name = models.CharField(pgettext_lazy("thing", "name"), max_length=100)
    name_en = models.CharField(
        _("English name"),
        max_length=100,
        blank=True,
        help_text=_("Shown to readers of English; empty: the name."),
    )

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def display_name(self) -> str:
        """The name in the language of the reader."""
        return self.name_en if self.name_en and get_language() == "en" else self.name


def by_mail() -> list[str]:
    """Return the ways to verify of a festival that chose none itself."""
    return [VerificationMethod.MAIL.value]


@pghistory.track(
    pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), model_name="FestivalChange"
)
class Festival(Named):
    """A festival of several nights: it gives its events their name, colour and banner."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    accent = models.CharField(_("colour"), max_length=10, choices=Accent.choices, default=Accent.VIOLET)
    banner = models.CharField(
        _("banner"), max_length=200, blank=True, help_text=_("Shown on every page at once; empty: no banner.")
    )
    banner_en = models.CharField(_("English banner"), max_length=200, blank=True)
    poster = models.CharField(_("poster"), max_length=32, blank=True, editable=False)
    poster_width = models.PositiveSmallIntegerField(default=0, editable=False)
    poster_height = models.PositiveSmallIntegerField(default=0, editable=False)
    poster_words = models.CharField(
        _("words on the poster"),
        max_length=300,
        blank=True,
        help_text=_("Read out to those who cannot see it; empty: “Poster” and the name."),
    )
    poster_words_en = models.CharField(_("words on the poster in English"), max_length=300, blank=True)
    ends_at = models.DateTimeField(
        pgettext_lazy("festival", "ends at"),
        null=True,
        blank=True,
        help_text=_("Students stay logged in until then; empty: 14 days from their login."),
    )
    verification_methods = ArrayField(
        models.CharField(max_length=10, choices=VerificationMethod.choices),
        verbose_name=_("ways to verify"),
        default=by_mail,
        help_text=_("How students may prove who they are; several at once are possible."),
    )
    verification_closes_at = models.DateTimeField(
        _("verification closes at"),
        null=True,
        blank=True,
        help_text=_("Nobody can begin to verify after it; empty: it stays open."),
    )
    mails_per_hour = models.PositiveIntegerField(
        _("mails an hour"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("What your mail account may send in an hour; empty: no limit."),
    )
    mails_per_day = models.PositiveIntegerField(
        _("mails a day"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("What it may send in 24 hours; what is more waits its turn. Empty: no limit."),
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("festival")
        verbose_name_plural = _("festivals")
        ordering = ["-created_at", "id"]
        indexes = [models.Index(fields=["-created_at", "id"], name="festival_newest_first")]
        constraints = [
            models.CheckConstraint(condition=Q(accent__in=Accent.values), name="festival_colour_is_known"),
            models.CheckConstraint(
                condition=Q(verification_methods__contained_by=VerificationMethod.values)
                & Q(verification_methods__len__gt=0),
                name="festival_verifies_by_known_ways",
            ),
            models.CheckConstraint(
                condition=(Q(mails_per_hour__isnull=True) | Q(mails_per_hour__gte=1))
                & (Q(mails_per_day__isnull=True) | Q(mails_per_day__gte=1)),
                name="festival_sends_some_mail",
            ),
            models.CheckConstraint(
                condition=Q(poster="", poster_width=0, poster_height=0)
                | Q(poster__regex="^[0-9a-f]{32}$", poster_width__gt=0, poster_height__gt=0),
                name="festival_poster_has_a_size",
            ),
        ]

    @property
    def display_banner(self) -> str:
        """The banner in the language of the reader."""
        return self.banner_en if self.banner_en and get_language() == "en" else self.banner

    @property
    def display_poster_words(self) -> str:
        """What the poster says, in the language of the reader."""
        english = self.poster_words_en if get_language() == "en" else ""
        return (
            english
            or self.poster_words
            or pgettext("poster", "Poster: %(name)s") % {"name": self.display_name}
        )

    @property
    def banners(self) -> dict[str, str]:
        """The banner in every language that it has, for pages that do not know their reader's."""
        texts = {"ko": self.banner, "en": self.banner_en}
        return {language: text for language, text in texts.items() if text}


class PosterPicture(models.Model):
    """A festival's poster in one of its sizes, made anew by us; its address holds a digest, so it never changes."""

    festival = models.ForeignKey(Festival, on_delete=models.CASCADE, related_name="pictures")
    digest = models.CharField(max_length=32)
    size = models.CharField(max_length=10)
    content = models.BinaryField()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["digest", "size"], name="poster_by_address")]
        constraints = [
            models.UniqueConstraint(fields=["festival", "size"], name="festival_has_one_poster_of_a_size"),
        ]

    def __str__(self) -> str:
        return f"{self.digest} {self.size}"


def newest_festival() -> uuid.UUID | None:
    """Return the key of the newest festival; there is one from the first migration on."""
    return Festival.objects.order_by("-created_at", "id").values_list("pk", flat=True).first()
