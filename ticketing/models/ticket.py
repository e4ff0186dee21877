"""The right to a place."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Student
from ticketing.models.authority import Place
from ticketing.models.sale import Event, Zone


class TicketStatus(models.TextChoices):
    HELD = "held", _("held")
    USED = "used", _("used")
    CANCELLED = "cancelled", _("cancelled")
    VOID = "void", _("void")


LIVE = (TicketStatus.HELD, TicketStatus.USED)
_LIVE = Q(status__in=["held", "used"])


@pghistory.track(
    pghistory.UpdateEvent("ticket_changed"),
    pghistory.DeleteEvent("ticket_deleted"),
    fields=["id", "status", "place", "zone", "number", "used_at", "ended_at", "actor", "reason"],
    model_name="TicketChange",
)
class Ticket(models.Model):
    """The right of a student, or of a guest by name, to one place; live while held or used.

    `limit_group` is a copy (the event's own key when it has no group), fixed while the ticket is live. A ticket that
    is no longer live keeps its zone and number when its place is taken away.
    """

    claim_id = models.UUIDField(unique=True, editable=False)
    event = models.ForeignKey(
        Event, verbose_name=_("event"), on_delete=models.PROTECT, related_name="tickets"
    )
    limit_group = models.UUIDField(editable=False)
    zone = models.ForeignKey(Zone, verbose_name=_("zone"), on_delete=models.PROTECT, related_name="tickets")
    place = models.ForeignKey(
        Place, verbose_name=_("place"), null=True, on_delete=models.PROTECT, related_name="tickets"
    )
    number = models.PositiveIntegerField(_("number"))
    generation = models.PositiveIntegerField(editable=False)
    student = models.ForeignKey(
        Student,
        verbose_name=_("student"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="tickets",
    )
    guest_name = models.CharField(_("guest's name"), max_length=100, blank=True, default="", db_default="")
    code = models.CharField(_("code"), max_length=32, unique=True, editable=False)
    status = models.CharField(
        _("status"), max_length=10, choices=TicketStatus.choices, default=TicketStatus.HELD
    )
    arrival = models.PositiveBigIntegerField(_("arrival"), null=True, editable=False)
    sequence = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    elapsed_ms = models.BigIntegerField(_("milliseconds since the opening"), null=True, editable=False)
    issued_at = models.DateTimeField(_("issued at"), default=timezone.now, editable=False)
    used_at = models.DateTimeField(_("used at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("cancelled or void since"), null=True, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True, default="", db_default="")

    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("given by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    grant_reason = models.CharField(
        _("reason for giving it"), max_length=300, blank=True, default="", db_default=""
    )

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        ordering = ["-issued_at", "-id"]
        indexes = [
            models.Index(fields=["student", "-issued_at", "-id"], name="ticket_by_student"),
            models.Index(fields=["event", "-issued_at", "-id"], name="ticket_by_event"),
            models.Index(fields=["-issued_at", "-id"], name="ticket_newest_first"),
            models.Index(fields=["zone", "status"], name="ticket_by_zone"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["place"], condition=_LIVE, name="one_live_ticket_per_place"),
            models.UniqueConstraint(
                fields=["limit_group", "student"],
                condition=_LIVE,
                name="one_live_ticket_per_student_and_group",
            ),
            models.CheckConstraint(
                condition=Q(status__in=TicketStatus.values), name="ticket_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(student__isnull=False, guest_name="")
                | (Q(student__isnull=True) & ~Q(guest_name="")),
                name="ticket_has_one_holder",
            ),
            models.CheckConstraint(
                condition=Q(arrival__isnull=False) | ~Q(grant_reason=""), name="ticket_was_claimed_or_granted"
            ),
            models.CheckConstraint(condition=~_LIVE | Q(place__isnull=False), name="live_ticket_has_a_place"),
            models.CheckConstraint(
                condition=Q(status="used", used_at__isnull=False)
                | Q(status="held", used_at__isnull=True)
                | Q(status__in=["cancelled", "void"]),
                name="used_ticket_has_its_time",
            ),
            models.CheckConstraint(
                condition=_LIVE | Q(ended_at__isnull=False), name="ended_ticket_has_its_time"
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def holder_name(self) -> str:
        """Who should stand there with it."""
        return self.student.name if self.student else self.guest_name
