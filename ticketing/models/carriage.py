"""What is carried between PostgreSQL and Redis: how far rows have followed, what the loop has to do."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class StreamPosition(models.Model):
    """How far the rows of a limit group have followed its stream; moved in the transaction that applies a batch."""

    group = models.UUIDField(primary_key=True)
    position = models.PositiveBigIntegerField(_("last entry applied"), default=0, db_default=0)
    applied_at = models.DateTimeField(_("applied at"), null=True)
    stopped_at = models.DateTimeField(_("stopped at"), null=True)
    stopped_by = models.TextField(_("stopped by"), blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("record of a sale")
        verbose_name_plural = _("records of the sales")

    def __str__(self) -> str:
        return f"{self.group}: {self.position}"


class Topic(models.TextChoices):
    STUDENT = "student"
    SESSION = "session"
    RULES = "rules"
    TICKET = "ticket"


class PrimingMark(models.Model):
    """Something that changed and that Redis has not been told of yet; written by triggers, one row for each key.

    Rows instead of a counter: they take no lock that two writers would share, and none is missed when transactions
    commit in another order than they began.
    """

    topic = models.CharField(max_length=10, choices=Topic.choices)
    key = models.CharField(max_length=40)

    def __str__(self) -> str:
        return f"{self.topic} {self.key}"


class PrimingLease(models.Model):
    """Which priming loop may write to Redis, until when; its token fences off one that woke up too late."""

    owner = models.UUIDField(null=True)
    token = models.PositiveBigIntegerField(default=0, db_default=0)
    until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.token)
