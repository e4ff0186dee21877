"""Who waits for a place, and what became of it."""

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Student
from ticketing.models.sale import Event, Zone


class WaitingStatus(models.TextChoices):
    """What became of an entry; it changes by promotion, by its owner, or by an act of the council."""

    WAITING = "waiting", pgettext_lazy("waiting list", "waiting")
    OFFERED = "offered", pgettext_lazy("waiting list", "has an offer")
    PROMOTED = "promoted", pgettext_lazy("waiting list", "has a ticket")
    LEFT = "left", pgettext_lazy("waiting list", "left the list")
    LAPSED = "lapsed", pgettext_lazy("waiting list", "offer lapsed")
    REMOVED = "removed", pgettext_lazy("waiting list", "taken off by the council")


ACTIVE = (WaitingStatus.WAITING, WaitingStatus.OFFERED)
_ACTIVE = Q(status__in=["waiting", "offered"])


@pghistory.track(
    pghistory.UpdateEvent("waiting_changed"),
    pghistory.DeleteEvent("waiting_deleted"),
    fields=["claim_id", "status", "offered_zone", "offered_number", "offer_until", "actor", "reason"],
    model_name="WaitingChange",
)
class WaitingEntry(models.Model):
    """A student who waits for a place of one of the wanted zones, in the order of arrival.

    The claim that made it gives it its key; the ticket that comes of it has the same. An offer holds a place back
    without a ticket: the place is not free.
    """

    claim_id = models.UUIDField(primary_key=True, editable=False)
    event = models.ForeignKey(
        Event, verbose_name=_("event"), on_delete=models.PROTECT, related_name="waiting"
    )
    student = models.ForeignKey(
        Student, verbose_name=_("student"), on_delete=models.PROTECT, related_name="waiting"
    )
    zones = ArrayField(models.UUIDField(), verbose_name=_("zones wanted"))
    arrival = models.PositiveBigIntegerField(_("arrival"))
    elapsed_ms = models.BigIntegerField(_("milliseconds since the opening"))
    since = models.DateTimeField(_("since"))
    status = models.CharField(
        _("status"), max_length=10, choices=WaitingStatus.choices, default=WaitingStatus.WAITING
    )
    offered_zone = models.ForeignKey(
        Zone, verbose_name=_("zone offered"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    offered_number = models.PositiveIntegerField(_("number offered"), null=True)
    offered_generation = models.PositiveIntegerField(null=True, editable=False)
    offer_until = models.DateTimeField(_("offer until"), null=True)
    changed_at = models.DateTimeField(_("changed at"), null=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True, default="", db_default="")
    sequence = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        verbose_name = _("waiting entry")
        verbose_name_plural = _("waiting list")
        ordering = ["arrival", "claim_id"]
        indexes = [
            models.Index(fields=["event", "arrival"], condition=_ACTIVE, name="waiting_in_order"),
            models.Index(fields=["student", "-arrival"], name="waiting_by_student"),
            models.Index(fields=["event", "-arrival", "claim_id"], name="waiting_by_arrival"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "student"], condition=_ACTIVE, name="one_waiting_entry_per_student_and_event"
            ),
            models.UniqueConstraint(
                fields=["offered_zone", "offered_number"],
                condition=Q(status="offered"),
                name="one_offer_per_place",
            ),
            models.CheckConstraint(
                condition=Q(status__in=WaitingStatus.values), name="waiting_status_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(status="offered")
                | Q(
                    offered_zone__isnull=False,
                    offered_number__isnull=False,
                    offered_generation__isnull=False,
                    offer_until__isnull=False,
                ),
                name="offer_names_place_and_deadline",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.arrival} {self.status}"
