"""Look-up at the gate, for somebody whose phone is dead: by exact number or whole name, with a reason, recorded.

What was asked for is not kept; which tickets it showed is. Only those can be let in by it, by whoever looked, for a
few minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Case, Q, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User, name_key
from accounts.text import tidy, tidy_number
from festival.errors import FestivalError
from ticketing.errors import UnknownEvent
from ticketing.models import Event, GateDevice, GateLookUp, Ticket
from ticketing.models.gate import LookUpKey
from ticketing.models.ticket import LIVE

MOST_RESULTS = 5
# A gate has some dead phones in an hour; whoever goes through the roster by name needs far more.
QUOTA, QUOTA_WITHIN = 20, timedelta(minutes=15)
GOOD_FOR = timedelta(minutes=5)


class LookUpQuotaSpent(FestivalError):
    """There were too many look-ups from here. Please wait a few minutes."""

    code = "too_many_requests"


class UnknownLookUp(FestivalError):
    """This ticket was not looked up here in the last minutes."""

    code = "unknown_look_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUpRequest:
    """Who looks for whom, at which gate, and why."""

    asked: str
    reason: str
    gate: str
    event: UUID | None = None
    user: User | None = None
    device: GateDevice | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A look-up with the tickets that it shows; `more` when there were too many to show all."""

    look_up: GateLookUp
    tickets: Sequence[Ticket]
    more: bool
    left: int


def look_up(request: LookUpRequest, *, now: datetime | None = None) -> Found:
    """Find tickets and record the look-up; the row of whoever looks is locked, so that the quota is exact."""
    now = now or timezone.now()
    if request.event is not None and not Event.objects.filter(pk=request.event).exists():
        raise UnknownEvent
    kind = LookUpKey.NUMBER if any(sign.isdigit() for sign in request.asked) else LookUpKey.NAME
    with transaction.atomic():
        left = _spend(request, now)
        found = list(_matching(request.asked, kind, request.event)[: MOST_RESULTS + 1])
        shown = found[:MOST_RESULTS]
        record = GateLookUp.objects.create(
            at=now,
            user=request.user,
            device=request.device,
            gate=request.gate,
            event_id=request.event,
            key=kind,
            reason=request.reason,
            shown=[ticket.pk for ticket in shown],
        )
    return Found(record, shown, more=len(found) > MOST_RESULTS, left=left)


def shown_by(
    look_up: UUID, *, code: str, user: User | None, device: GateDevice | None, now: datetime
) -> Ticket:
    """Return the ticket that this operator's look-up has shown a moment ago."""
    record = GateLookUp.objects.filter(pk=look_up, user=user, device=device, at__gt=now - GOOD_FOR).first()
    if record is None:
        raise UnknownLookUp
    tickets = Ticket.objects.select_related("event", "zone", "student")
    ticket = tickets.filter(pk__in=record.shown, code=code).first()
    if ticket is None:
        raise UnknownLookUp
    return ticket


def _spend(request: LookUpRequest, now: datetime) -> int:
    """Count this look-up against the quota of whoever looks; return how many are left after it."""
    if request.device is not None:
        GateDevice.objects.select_for_update(no_key=True).get(pk=request.device.pk)
        own = GateLookUp.objects.filter(device=request.device)
    else:
        assert request.user is not None  # noqa: S101 - the API lets nobody else in
        User.objects.select_for_update(no_key=True).get(pk=request.user.pk)
        own = GateLookUp.objects.filter(user=request.user, device__isnull=True)
    spent = list(own.filter(at__gt=now - QUOTA_WITHIN).order_by("at").values_list("at", flat=True)[:QUOTA])
    if len(spent) >= QUOTA:
        wait = (spent[0] + QUOTA_WITHIN - now).total_seconds()
        raise LookUpQuotaSpent(_("Too many look-ups. Please wait a few minutes."), retry_after=int(wait) + 1)
    return QUOTA - len(spent) - 1


def _matching(asked: str, kind: LookUpKey, event: UUID | None) -> QuerySet[Ticket]:
    """Return tickets by exact number or whole name, those that are good for entry first; rehearsals only if asked."""
    if kind == LookUpKey.NUMBER:
        of_holder = Q(student__student_number=tidy_number(asked))
    else:
        of_holder = Q(student__name_key=name_key(asked)) | Q(guest_name=tidy(asked))
    of_event = Q(event__rehearsal=False) if event is None else Q(event=event)
    live_first = Case(When(status__in=LIVE, then=Value(0)), default=Value(1))
    found = Ticket.objects.select_related("event", "zone", "student").filter(of_holder, of_event)
    return found.order_by(live_first, "-event__opens_at", "-pk")
