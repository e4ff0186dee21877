"""What the authority of mode `database` keeps: counters, places, claims, budgets, bars.

These rows change only inside the allocator's transactions (`ticketing/allocation/`), under the lock that
docs/locking.md describes.
"""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Student
from ticketing.models.sale import Event, Zone


class Authority(models.TextChoices):
    """Who decides for a limit group now; the mode of its events is what the council wants."""

    DATABASE = "database", _("everyday")
    LOADING = "loading", _("being handed over")
    REDIS = "redis", _("rush")
    RECOVERING = "recovering", _("being restored")  # nobody: the rows are what is known, receipts add to them


class SaleCounter(models.Model):
    """The row that makes the decisions of one limit group serial: its lock is the queue, its numbers the order.

    In mode `redis` the scripts decide and this row follows; `epoch` counts the changes of authority, `decisions` what
    PostgreSQL decides that is no arrival: cancels, promotions, gifts, bars, places made.
    """

    group = models.UUIDField(primary_key=True)
    authority = models.CharField(
        _("decides now"),
        max_length=10,
        choices=Authority.choices,
        default=Authority.DATABASE,
        db_default=Authority.DATABASE,
    )
    epoch = models.PositiveBigIntegerField(default=0, db_default=0)
    arrival = models.PositiveBigIntegerField(_("last arrival"), default=0, db_default=0)
    decisions = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    last_at = models.DateTimeField(_("time of the last arrival"), null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(authority__in=Authority.values), name="counter_authority_is_known"
            )
        ]

    def __str__(self) -> str:
        return str(self.group)

    @property
    def reached(self) -> tuple[int, int]:
        """How far the group has been decided, for whoever asks later whether it has fallen back."""
        return self.epoch, self.arrival + self.decisions


class EventState(models.Model):
    """What the authority has seen of an event: the opening is a latch, a clock that steps back does not close it."""

    event = models.OneToOneField(Event, primary_key=True, on_delete=models.CASCADE, related_name="state")
    opening = models.DateTimeField(_("opening that has been seen"), null=True)
    applied = models.JSONField(_("applied in mode redis"), null=True)

    def __str__(self) -> str:
        return str(self.event_id)


class ZoneState(models.Model):
    """The capacity that the authority has applied to a zone: the number of its places."""

    zone = models.OneToOneField(Zone, primary_key=True, on_delete=models.CASCADE, related_name="state")
    capacity = models.PositiveIntegerField(_("places made"), default=0, db_default=0)

    def __str__(self) -> str:
        return f"{self.zone_id}: {self.capacity}"


class Place(models.Model):
    """One numbered place of a zone; `free` and the live tickets change in one transaction."""

    zone = models.ForeignKey(Zone, verbose_name=_("zone"), on_delete=models.PROTECT, related_name="places")
    number = models.PositiveIntegerField(_("number"))
    free = models.BooleanField(_("free"), default=True, db_default=True)
    generation = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        verbose_name = _("place")
        verbose_name_plural = _("places")
        ordering = ["zone", "number"]
        indexes = [models.Index(fields=["zone", "number"], condition=Q(free=True), name="place_lowest_free")]
        constraints = [
            models.UniqueConstraint(fields=["zone", "number"], name="one_place_per_number_and_zone"),
            models.CheckConstraint(condition=Q(number__gte=1), name="place_number_starts_at_one"),
        ]

    def __str__(self) -> str:
        return str(self.number)


class Answer(models.TextChoices):
    """What a counted claim was answered."""

    WON = "won", _("won")
    WAITLISTED = "waitlisted", _("on the waiting list")
    SOLD_OUT = "sold_out", _("sold out")


class Claim(models.Model):
    """A counted press of a student: its arrival, its time and its answer, the losers' too."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    event = models.ForeignKey(Event, verbose_name=_("event"), on_delete=models.PROTECT, related_name="claims")
    group = models.UUIDField(editable=False)
    student = models.ForeignKey(
        Student, verbose_name=_("student"), on_delete=models.PROTECT, related_name="claims"
    )
    arrival = models.PositiveBigIntegerField(_("arrival"))
    decided_at = models.DateTimeField(_("time"))
    elapsed_ms = models.BigIntegerField(_("milliseconds since the opening"))
    answer = models.CharField(_("answer"), max_length=10, choices=Answer.choices)
    sequence = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    zones = ArrayField(models.CharField(max_length=100), verbose_name=_("zones wanted"))

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        ordering = ["-arrival", "id"]
        indexes = [
            models.Index(fields=["event", "student", "-arrival"], name="claim_by_student"),
            models.Index(fields=["event", "-arrival", "id"], name="claim_by_arrival"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["group", "arrival"], name="one_claim_per_arrival_and_group"),
            models.CheckConstraint(condition=Q(answer__in=Answer.values), name="claim_answer_is_known"),
            models.CheckConstraint(condition=Q(arrival__gte=1), name="claim_arrival_starts_at_one"),
        ]

    def __str__(self) -> str:
        return f"{self.arrival} {self.answer}"


class TryBudget(models.Model):
    """How often one student has pressed for one event: before the opening in all, after it in the present window."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+")
    student = models.ForeignKey(Student, on_delete=models.CASCADE, related_name="+")
    early = models.PositiveIntegerField(default=0, db_default=0)
    window_at = models.DateTimeField(null=True)
    in_window = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "student"], name="one_budget_per_student_and_event")
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.student_id}"


class Bar(models.Model):
    """A student shut out of one event by the council, with reason; lifted, never deleted."""

    event = models.ForeignKey(Event, verbose_name=_("event"), on_delete=models.PROTECT, related_name="bars")
    student = models.ForeignKey(
        Student, verbose_name=_("student"), on_delete=models.PROTECT, related_name="bars"
    )
    reason = models.CharField(_("reason"), max_length=300)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(_("since"), default=timezone.now)
    lifted_at = models.DateTimeField(_("lifted at"), null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("lifted by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    lift_reason = models.CharField(_("reason for lifting it"), max_length=300, default="", db_default="")

    class Meta:
        verbose_name = _("bar")
        verbose_name_plural = _("bars")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "student"],
                condition=Q(lifted_at__isnull=True),
                name="one_bar_per_student_and_event",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="bar_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} {self.student_id}"
