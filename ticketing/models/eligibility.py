"""Whom the council wants in a sale: rules for zones, lists of students, and lists of those who may not."""

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from accounts.models import Level, Student, StudentStatus
from ticketing.models.festival import Festival, newest_festival
from ticketing.models.sale import Event, Zone

# No index but what a claim needs: these tables are small, and planning a claim looks at every index of them.

# Who has gone from the roster is never eligible, so no rule can name that status.
STATUSES = [(value, label) for value, label in StudentStatus.choices if value != StudentStatus.GONE]


def only_enrolled() -> list[str]:
    return [StudentStatus.ENROLLED.value]


@pghistory.track(
    pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), model_name="StudentListChange"
)
class StudentList(models.Model):
    """Students whom the council has listed by their numbers, for rules and exclusions of a festival."""

    festival = models.ForeignKey(
        Festival,
        verbose_name=_("festival"),
        default=newest_festival,
        on_delete=models.PROTECT,
        related_name="student_lists",
    )
    name = models.CharField(pgettext_lazy("thing", "name"), max_length=100)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("student list")
        verbose_name_plural = _("student lists")
        ordering = ["name", "id"]
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="student_list_has_a_name")]

    def __str__(self) -> str:
        return self.name


@pghistory.track(pghistory.InsertEvent(), pghistory.DeleteEvent(), model_name="StudentListEntryChange")
class StudentListEntry(models.Model):
    """One student on a list."""

    student_list = models.ForeignKey(
        StudentList,
        verbose_name=_("student list"),
        on_delete=models.CASCADE,
        related_name="entries",
        db_index=False,
    )
    student = models.ForeignKey(
        Student, verbose_name=_("student"), on_delete=models.CASCADE, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["student_list", "student"], name="one_entry_per_student_and_list")
        ]

    def __str__(self) -> str:
        return f"{self.student_list_id} {self.student_id}"


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.UpdateEvent(),
    pghistory.DeleteEvent(),
    model_name="EligibilityRuleChange",
)
class EligibilityRule(models.Model):
    """Lets the students who meet all of its criteria into a zone, or into all zones, from a time on.

    A zone that no rule covers is open to every enrolled student; a zone with several, to whoever meets one of them.
    """

    event = models.ForeignKey(Event, verbose_name=_("event"), on_delete=models.CASCADE, related_name="rules")
    zone = models.ForeignKey(
        Zone,
        verbose_name=_("zone"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="rules",
        db_index=False,
        help_text=_("Empty: all zones of this event."),
    )
    statuses = ArrayField(
        models.CharField(max_length=20, choices=STATUSES),
        verbose_name=_("academic status"),
        default=only_enrolled,
    )
    levels = ArrayField(
        models.CharField(max_length=20, choices=Level.choices),
        verbose_name=_("level"),
        default=list,
        blank=True,
    )
    years = ArrayField(
        models.PositiveSmallIntegerField(), verbose_name=_("year of study"), default=list, blank=True
    )
    departments = ArrayField(
        models.CharField(max_length=100), verbose_name=_("department"), default=list, blank=True
    )
    campuses = ArrayField(models.CharField(max_length=60), verbose_name=_("campus"), default=list, blank=True)
    student_list = models.ForeignKey(
        StudentList,
        verbose_name=_("student list"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text=_("Only students on this list; empty: any."),
    )
    opens_at = models.DateTimeField(
        _("opens for them at"),
        null=True,
        blank=True,
        help_text=_("Empty: when the sale opens."),
    )

    class Meta:
        verbose_name = _("rule of eligibility")
        verbose_name_plural = _("rules of eligibility")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(statuses__len__gte=1)
                & Q(statuses__contained_by=[value for value, _label in STATUSES]),
                name="rule_statuses_are_known",
            ),
            models.CheckConstraint(
                condition=Q(levels__contained_by=Level.values), name="rule_levels_are_known"
            ),
        ]

    def __str__(self) -> str:
        return str(self.zone) if self.zone else pgettext("zones of a rule", "all zones")

    def clean(self) -> None:
        """Refuse a zone of another event, a list of another festival, and an opening after the end."""
        faults: dict[str, object] = {}
        if self.zone is not None and self.zone.event_id != self.event_id:
            faults["zone"] = _("This zone belongs to another event.")
        if self.student_list is not None and self.student_list.festival_id != self.event.festival_id:
            faults["student_list"] = _("This list belongs to another festival.")
        if self.opens_at is not None and self.event.closes_at and self.opens_at >= self.event.closes_at:
            faults["opens_at"] = _("The sale must close after it opens.")
        if faults:
            raise ValidationError(faults)


@pghistory.track(
    pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent(), model_name="ExclusionChange"
)
class Exclusion(models.Model):
    """Keeps everybody on a list out of an event, whatever its rules say."""

    event = models.ForeignKey(
        Event, verbose_name=_("event"), on_delete=models.CASCADE, related_name="exclusions", db_index=False
    )
    student_list = models.ForeignKey(
        StudentList,
        verbose_name=_("student list"),
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    reason = models.CharField(
        _("public reason"), max_length=200, help_text=_("Told to the students on the list when they press.")
    )

    class Meta:
        verbose_name = _("exclusion")
        verbose_name_plural = _("exclusions")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "student_list"],
                name="one_exclusion_per_list_and_event",
                violation_error_message=_("This list is excluded already."),
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="exclusion_has_a_reason"),
        ]

    def __str__(self) -> str:
        return self.reason

    def clean(self) -> None:
        """Refuse a list of another festival."""
        if self.student_list_id and self.student_list.festival_id != self.event.festival_id:
            raise ValidationError({"student_list": _("This list belongs to another festival.")})
