"""What the council is shown of its mail: how far verification is, what waits, what went wrong, when it is through."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.consent import CURRENT
from accounts.mail import faults, rate, service
from accounts.mail.rate import DAY, HOUR, Rate
from accounts.models import Consent, MailService, MailState, OutgoingMail, Student, StudentStatus

MEANINGS: dict[str, str | Promise] = {
    "5.1.1": _("There is no such mailbox."),
    "5.1.2": _("There is no such mail domain."),
    "5.1.3": _("This is no address that mail can go to."),
    "5.1.10": _("This domain takes no mail."),
    "5.2.1": _("The mailbox is switched off."),
    "5.2.2": _("The mailbox is full."),
    "4.2.2": _("The mailbox is full."),
    "4.7.1": _("The server asks us to come again later."),
    "5.7.1": _("The server does not take mail from us."),
    "5.4.5": _("Your account has sent as much as it may for today."),
    "5.7.8": _("User name or password of your mail account is wrong."),
}
STAGES: dict[str, str | Promise] = {
    faults.CONNECT: _("The mail server cannot be reached."),
    faults.LOGIN: _("The mail server refuses the login of your account."),
    faults.SENDER: _("The mail server refuses our sender."),
    faults.RECIPIENT: _("The mail server refuses to take mail just now."),
    faults.DOT: _("The mail server refuses to take mail just now."),
    faults.MANY: _("Ten addresses were refused in a row: is something wrong with your account?"),
}
OTHERWISE: dict[str, str | Promise] = {
    "4": pgettext_lazy("mail", "For the moment not taken."),
    "5": pgettext_lazy("mail", "Not taken."),
}


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers on the council's page of mail."""

    verified: int
    enrolled: int
    queued: int
    putting_off: int
    last_hour: int
    last_day: int
    through_at: datetime | None
    rate: Rate
    problems: list[tuple[MailState, int]]
    service: MailService

    @property
    def trouble(self) -> str | Promise:
        """What is wrong with the way itself, if anything is."""
        return STAGES.get(self.service.stage, "") if self.service.faults else ""


def figures() -> Figures:
    """Count everything now."""
    now, limits = timezone.now(), rate.current()
    by_state = dict(
        OutgoingMail.objects.order_by()
        .values_list("state")
        .annotate(Count("pk"))
        .values_list("state", "pk__count")
    )
    queued = by_state.get(MailState.QUEUED, 0)
    enrolled = Student.objects.filter(status=StudentStatus.ENROLLED)
    agreed = Consent.objects.filter(version=CURRENT, withdrawn_at=None)
    return Figures(
        verified=enrolled.filter(pk__in=agreed.values("student")).count(),
        enrolled=enrolled.count(),
        queued=queued,
        putting_off=OutgoingMail.objects.filter(state=MailState.QUEUED, not_before__gt=now).count(),
        last_hour=rate.left_since(now - HOUR),
        last_day=rate.left_since(now - DAY),
        through_at=max(limits.departure(queued, now), service.closed_until() or now) if queued else None,
        rate=limits,
        problems=[
            (state, by_state.get(state, 0))
            for state in (MailState.REFUSED, MailState.BOUNCED, MailState.HANDED, MailState.LAPSED)
        ],
        service=service.look(),
    )


def meaning(status: str, code: int | None) -> str | Promise:
    """Return what an answer of a mail server says, in our words."""
    kind = (status or str(code or ""))[:1]
    return MEANINGS.get(status, OTHERWISE.get(kind, ""))
