"""What the council wants: festivals, their events, the zones of an event. The authority's copy stands apart."""

import uuid

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import VerificationMethod

MOST_PLACES = 1_000_000


class Accent(models.TextChoices):
    """The colours of a festival; each has its shades in static/css/tokens.css."""

    VIOLET = "violet", pgettext_lazy("colour", "violet")
    BLUE = "blue", pgettext_lazy("colour", "blue")
    TEAL = "teal", pgettext_lazy("colour", "teal")
    GREEN = "green", pgettext_lazy("colour", "green")
    ORANGE = "orange", pgettext_lazy("colour", "orange")
    RED = "red", pgettext_lazy("colour", "red")
    PINK = "pink", pgettext_lazy("colour", "pink")


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
        ]

    @property
    def display_banner(self) -> str:
        """The banner in the language of the reader."""
        return self.banner_en if self.banner_en and get_language() == "en" else self.banner


def newest_festival() -> uuid.UUID | None:
    """Return the key of the newest festival; there is one from the first migration on."""
    return Festival.objects.order_by("-created_at", "id").values_list("pk", flat=True).first()


class LimitGroup(models.Model):
    """Events that together give a student one ticket."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    festival = models.ForeignKey(
        Festival,
        verbose_name=_("festival"),
        default=newest_festival,
        on_delete=models.PROTECT,
        related_name="limit_groups",
    )
    name = models.CharField(pgettext_lazy("thing", "name"), max_length=100)

    class Meta:
        verbose_name = _("limit group")
        verbose_name_plural = _("limit groups")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class Mode(models.TextChoices):
    """Where an event's claims are decided."""

    DATABASE = "database", _("everyday")
    REDIS = "redis", _("rush")


@pghistory.track(
    pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), model_name="EventChange"
)
class Event(Named):
    """A show with a sale, as the council wants it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    festival = models.ForeignKey(
        Festival,
        verbose_name=_("festival"),
        default=newest_festival,
        on_delete=models.PROTECT,
        related_name="events",
    )
    opens_at = models.DateTimeField(_("sale opens at"))
    closes_at = models.DateTimeField(_("sale closes at"))
    doors_open_at = models.DateTimeField(
        _("doors open at"),
        null=True,
        blank=True,
        help_text=_("Students may cancel until then; empty: until their ticket is used."),
    )
    mode = models.CharField(
        _("mode"), max_length=10, choices=Mode.choices, default=Mode.DATABASE, db_default=Mode.DATABASE
    )
    waitlist_size = models.PositiveIntegerField(_("size of the waiting list"), default=0, db_default=0)
    limit_group = models.ForeignKey(
        LimitGroup,
        verbose_name=_("limit group"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="events",
        help_text=_("Events of a group together give a student one ticket; empty: this event by itself."),
    )
    rehearsal = models.BooleanField(
        _("rehearsal"), default=False, db_default=False, help_text=_("Its tickets never open a gate.")
    )
    paused = models.BooleanField(_("paused"), default=False, db_default=False)
    pause_reason = models.CharField(
        _("public reason of the pause"), max_length=200, blank=True, db_default=""
    )
    pause_reason_en = models.CharField(_("reason in English"), max_length=200, blank=True, db_default="")
    resumes_at = models.DateTimeField(_("goes on at (announced)"), null=True, blank=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["opens_at", "id"]
        indexes = [
            models.Index(fields=["opens_at", "id"], name="event_by_opening"),
            models.Index(fields=["festival", "opens_at", "id"], name="event_by_festival"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(closes_at__gt=F("opens_at")),
                name="event_closes_after_opening",
                violation_error_message=_("The sale must close after it opens."),
            ),
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="event_mode_is_known"),
            models.CheckConstraint(
                condition=Q(waitlist_size__lte=MOST_PLACES), name="event_waiting_list_is_possible"
            ),
        ]

    @property
    def group_key(self) -> uuid.UUID:
        """The key of the event's limit group: by default the event itself."""
        return self.limit_group_id or self.pk

    @property
    def display_pause_reason(self) -> str:
        """The public reason of the pause in the language of the reader."""
        return self.pause_reason_en if self.pause_reason_en and get_language() == "en" else self.pause_reason

    def clean(self) -> None:
        """Refuse a group of another festival, and a change of group while tickets of the event are live."""
        if self.limit_group is not None and self.limit_group.festival_id != self.festival_id:
            raise ValidationError({"limit_group": _("This group belongs to another festival.")})
        known = Event.objects.filter(pk=self.pk).first()
        if known and known.group_key != self.group_key and known.has_live_tickets():
            raise ValidationError(
                {"limit_group": _("The group is fixed while tickets of this event are live.")}
            )

    def has_live_tickets(self) -> bool:
        """Tell whether anybody holds or has used a ticket of this event."""
        from ticketing.models.ticket import LIVE, Ticket  # the ticket's module needs this one first

        return Ticket.objects.filter(event=self, status__in=LIVE).exists()


@pghistory.track(
    pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), model_name="ZoneChange"
)
class Zone(Named):
    """A part of an event (구역) and the number of places the council wants in it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    event = models.ForeignKey(Event, verbose_name=_("event"), on_delete=models.PROTECT, related_name="zones")
    capacity = models.PositiveIntegerField(
        _("capacity"), validators=[MinValueValidator(0), MaxValueValidator(MOST_PLACES)]
    )

    class Meta:
        verbose_name = _("zone")
        verbose_name_plural = _("zones")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "name"],
                name="one_zone_per_name_and_event",
                violation_error_message=_("This event has a zone of that name."),
            ),
            models.CheckConstraint(condition=~Q(name=""), name="zone_has_a_name"),
            models.CheckConstraint(condition=Q(capacity__lte=MOST_PLACES), name="zone_capacity_is_possible"),
        ]
