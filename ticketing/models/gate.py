"""What happens at the gate."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ticketing.models.sale import Event
from ticketing.models.ticket import Ticket


class Verdict(models.TextChoices):
    ADMIT = "admit", _("admit")
    REFUSE = "refuse", _("refuse")


class Reason(models.TextChoices):
    """Why a scan was refused."""

    ALREADY_USED = "already_used", _("already used")
    EXPIRED_CODE = "expired_code", _("expired code")
    FORGED = "forged", _("forged")
    VOID = "void", _("void")
    CANCELLED = "cancelled", _("cancelled")
    WRONG_EVENT = "wrong_event", _("ticket of another event")
    REHEARSAL = "rehearsal", _("rehearsal ticket")
    UNKNOWN = "unknown", _("unknown ticket")


class Mode(models.TextChoices):
    """How the gate came to a ticket."""

    ONLINE = "online", _("by its code")
    LOOKUP = "lookup", _("by look-up")


class GateDevice(models.Model):
    """A phone or scanner of the gate; it shows a token, of which only the digest is kept.

    An invitation lets one phone become this device, once and until its end; of it too only the digest is kept.
    """

    name = models.CharField(pgettext_lazy("thing", "name"), max_length=60, unique=True)
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    revoked_at = models.DateTimeField(_("shut out at"), null=True, blank=True)
    invitation_digest = models.CharField(  # noqa: DJ001 - unique where there is one
        max_length=64, unique=True, null=True, editable=False
    )
    invitation_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("gate device")
        verbose_name_plural = _("gate devices")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(invitation_digest__isnull=True) | Q(invitation_until__isnull=False),
                name="invitation_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class LookUpKey(models.TextChoices):
    """What somebody at the gate asked by; the words themselves are not kept."""

    NUMBER = "number", _("student number")
    NAME = "name", pgettext_lazy("person", "name")


class GateLookUp(models.Model):
    """Staff looked for the ticket of somebody whose phone is dead: who, when, why, and which tickets were shown."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(_("when"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    device = models.ForeignKey(
        GateDevice, verbose_name=_("device"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    gate = models.CharField(_("gate"), max_length=40)
    event = models.ForeignKey(
        Event, verbose_name=_("event of the gate"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    key = models.CharField(
        pgettext_lazy("key of a look-up", "looked up by"), max_length=10, choices=LookUpKey.choices
    )
    reason = models.CharField(_("reason"), max_length=300)
    shown = ArrayField(models.BigIntegerField(), editable=False)

    class Meta:
        verbose_name = _("look-up at the gate")
        verbose_name_plural = _("look-ups at the gate")
        ordering = ["-at", "id"]
        indexes = [
            models.Index(fields=["-at", "id"], name="look_up_newest_first"),
            models.Index(fields=["user", "-at"], name="look_up_by_user"),
            models.Index(fields=["device", "-at"], name="look_up_by_device"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="look_up_has_a_reason"),
            models.CheckConstraint(condition=Q(key__in=LookUpKey.values), name="look_up_key_is_known"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Scan(models.Model):
    """One scan and its verdict, kept as it was answered; the same id gets the same answer again."""

    scan_id = models.UUIDField(primary_key=True, editable=False)
    ticket = models.ForeignKey(
        Ticket, verbose_name=_("ticket"), null=True, on_delete=models.PROTECT, related_name="scans"
    )
    event = models.ForeignKey(
        Event, verbose_name=_("event of the gate"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    code_digest = models.CharField(max_length=64, editable=False)
    mode = models.CharField(
        _("way"), max_length=10, choices=Mode.choices, default=Mode.ONLINE, db_default=Mode.ONLINE
    )
    look_up = models.ForeignKey(
        GateLookUp, verbose_name=_("look-up"), null=True, on_delete=models.PROTECT, related_name="scans"
    )
    gate = models.CharField(_("gate"), max_length=40)
    scanned_at = models.DateTimeField(_("scanned at (device)"))
    received_at = models.DateTimeField(_("received at"), default=timezone.now)
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict.choices)
    reason = models.CharField(  # noqa: DJ001 - the API says null
        _("reason"), max_length=20, choices=Reason.choices, null=True, blank=True
    )
    first_use = models.ForeignKey("self", verbose_name=_("first use"), null=True, on_delete=models.PROTECT)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    device = models.ForeignKey(
        GateDevice, verbose_name=_("device"), null=True, on_delete=models.PROTECT, related_name="scans"
    )
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("undone by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    undo_reason = models.CharField(
        _("reason of the undo"), max_length=300, blank=True, default="", db_default=""
    )

    class Meta:
        verbose_name = _("scan")
        verbose_name_plural = _("scans")
        ordering = ["-received_at", "scan_id"]
        indexes = [
            models.Index(fields=["-received_at", "scan_id"], name="scan_newest_first"),
            models.Index(fields=["ticket", "-received_at"], name="scan_by_ticket"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict="admit", reason__isnull=True, ticket__isnull=False)
                | Q(verdict="refuse", reason__in=Reason.values),
                name="scan_refusal_has_a_reason",
            ),
            models.UniqueConstraint(
                fields=["ticket"],
                condition=Q(verdict="admit", undone_at__isnull=True),
                name="one_admission_per_ticket",
            ),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True) | ~Q(undo_reason=""), name="undo_has_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(mode="online", look_up__isnull=True) | Q(mode="lookup", look_up__isnull=False),
                name="scan_by_look_up_names_it",
            ),
        ]

    def __str__(self) -> str:
        return str(self.scan_id)
