"""Mails on their way out, and how the way itself stands; no text of a mail is ever kept."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models.people import User
from accounts.models.proof import StudentSession, VerificationAttempt


class MailKind(models.TextChoices):
    CODE = "code", pgettext_lazy("mail", "code")
    NEW_DEVICE = "new_device", pgettext_lazy("mail", "new device")
    TEST = "test", pgettext_lazy("mail", "test mail")
    PROMOTED = "promoted", pgettext_lazy("mail", "ticket from the waiting list")
    OFFERED = "offered", pgettext_lazy("mail", "offer to the waiting list")
    GRANTED = "granted", pgettext_lazy("mail", "ticket given by the council")


class MailState(models.TextChoices):
    """What became of a mail; `handed` is known to have left, and not whether it arrived."""

    QUEUED = "queued", pgettext_lazy("mail", "queued")
    HANDED = "handed", pgettext_lazy("mail", "handed over, no answer seen")
    SENT = "sent", pgettext_lazy("mail", "sent")
    REFUSED = "refused", pgettext_lazy("mail", "refused")
    BOUNCED = "bounced", pgettext_lazy("mail", "came back")
    LAPSED = "lapsed", pgettext_lazy("mail", "too late to send")
    NOTHING = "nothing", pgettext_lazy("mail", "nothing to send")


LEFT = (MailState.HANDED, MailState.SENT, MailState.BOUNCED)


class Urgency(models.IntegerChoices):
    """Who goes first; a test is one mail that somebody waits for."""

    TEST = 0
    CODE = 1
    PLACE = 2
    NOTICE = 3


OF_A_PLACE = (MailKind.PROMOTED, MailKind.OFFERED, MailKind.GRANTED)


class OutgoingMail(models.Model):
    """A mail that is to leave, or has left: its key is its Message-ID; text and address are made when it leaves."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=MailKind.choices)
    urgency = models.PositiveSmallIntegerField(choices=Urgency.choices, editable=False)
    attempt = models.ForeignKey(
        VerificationAttempt,
        verbose_name=_("verification attempt"),
        null=True,
        on_delete=models.CASCADE,
        related_name="mails",
    )
    session = models.ForeignKey(
        StudentSession,
        verbose_name=_("student's session"),
        null=True,
        on_delete=models.CASCADE,
        related_name="mails",
    )
    about = models.UUIDField(_("claim"), null=True, editable=False)
    user = models.ForeignKey(
        User, verbose_name=_("asked for by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    address = models.EmailField(_("address of the test"), blank=True)
    state = models.CharField(
        pgettext_lazy("mail", "state"), max_length=8, choices=MailState.choices, default=MailState.QUEUED
    )
    queued_at = models.DateTimeField(_("queued at"), default=timezone.now)
    not_before = models.DateTimeField(_("next try at"), null=True, blank=True)
    handed_at = models.DateTimeField(_("handed over at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(_("refusals for the moment"), default=0)
    code = models.PositiveSmallIntegerField(_("code of the answer"), null=True, blank=True)
    status = models.CharField(_("status of the answer"), max_length=12, blank=True)

    class Meta:
        verbose_name = pgettext_lazy("one", "mail")
        verbose_name_plural = pgettext_lazy("many", "mail")
        ordering = ["-queued_at", "id"]
        indexes = [
            models.Index(
                fields=["urgency", "queued_at", "id"], condition=Q(state="queued"), name="mail_that_waits"
            ),
            models.Index(fields=["handed_at"], condition=Q(handed_at__isnull=False), name="mail_that_left"),
            models.Index(fields=["state", "-queued_at"], name="mail_by_state"),
            models.Index(fields=["-queued_at", "id"], name="mail_by_time"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=MailState.values), name="mail_state_is_known"),
            models.CheckConstraint(
                condition=Q(state__in=LEFT, handed_at__isnull=False)
                | (~Q(state__in=LEFT) & Q(handed_at__isnull=True)),
                name="mail_left_when_handed_over",
            ),
            models.CheckConstraint(
                condition=Q(kind="code", attempt__isnull=False, session__isnull=True, about__isnull=True)
                | Q(kind="new_device", attempt__isnull=True, session__isnull=False, about__isnull=True)
                | Q(kind="test", attempt__isnull=True, session__isnull=True, about__isnull=True)
                | Q(kind__in=OF_A_PLACE, attempt__isnull=True, session__isnull=True, about__isnull=False),
                name="mail_belongs_to_its_cause",
            ),
            models.UniqueConstraint(fields=["about", "kind"], name="one_mail_per_kind_and_claim"),
            models.CheckConstraint(
                condition=Q(address="") | Q(kind="test", state__in=("queued", "handed")),
                name="mail_keeps_no_address",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class MailService(models.Model):
    """The one row that says how the council's mail account does, and how far its mailbox of bounces is read."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    faults = models.PositiveSmallIntegerField(default=0)
    stage = models.CharField(max_length=10, blank=True)
    code = models.PositiveSmallIntegerField(null=True)
    status = models.CharField(max_length=12, blank=True)
    failed_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    bounces_validity = models.BigIntegerField(default=0)
    bounces_uid = models.BigIntegerField(default=0)
    bounces_read_at = models.DateTimeField(null=True)
    bounces_failed_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_mail_service")]

    def __str__(self) -> str:
        return "mail service"
