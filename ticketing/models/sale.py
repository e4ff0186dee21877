"""What the council wants: events and the zones of an event. The authority's copy stands apart."""

import uuid

import pghistory
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from ticketing.models.festival import Festival, Named, newest_festival

MOST_PLACES = 1_000_000
MOST_OFFER_MINUTES = 24 * 60


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


class Promotion(models.TextChoices):
    """What the next of the waiting list gets when a place is freed."""

    IMMEDIATE = "immediate", _("a ticket at once")
    OFFER = "offer", _("an offer with a deadline")


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
        _("mode"), max_length=10, choices=Mode.choices, default=Mode.REDIS, db_default=Mode.REDIS
    )
    waitlist_size = models.PositiveIntegerField(
        _("size of the waiting list"),
        default=0,
        db_default=0,
        help_text=_("How many students may wait at a time; 0: no waiting list."),
    )
    promotion = models.CharField(
        _("the next one gets"),
        max_length=10,
        choices=Promotion.choices,
        default=Promotion.IMMEDIATE,
        db_default=Promotion.IMMEDIATE,
    )
    offer_minutes = models.PositiveIntegerField(
        _("minutes to accept an offer"),
        default=30,
        db_default=30,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_OFFER_MINUTES)],
        help_text=_("Quiet hours do not count."),
    )
    quiet_from = models.TimeField(
        _("quiet from"),
        null=True,
        blank=True,
        help_text=_("Nobody moves up in quiet hours; empty: at any hour."),
    )
    quiet_until = models.TimeField(_("quiet until"), null=True, blank=True)
    promotions_end_at = models.DateTimeField(
        _("nobody moves up after"),
        null=True,
        blank=True,
        help_text=_("From then on freed places go to whoever presses first; empty: no end."),
    )
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
            models.CheckConstraint(
                condition=Q(promotion__in=Promotion.values), name="event_promotion_is_known"
            ),
            models.CheckConstraint(
                condition=Q(offer_minutes__gte=1, offer_minutes__lte=MOST_OFFER_MINUTES),
                name="event_offer_can_be_accepted",
            ),
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | (Q(quiet_from__isnull=False, quiet_until__isnull=False) & ~Q(quiet_from=F("quiet_until"))),
                name="event_quiet_hours_are_whole",
                violation_error_message=_("Quiet hours need a beginning and another end."),
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
