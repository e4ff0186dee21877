"""Step 6: the gate. One scan in, one verdict out, kept as it was answered; and its undo.

Lock order: the row of the scan, then the row of the ticket. Nothing else is locked and no network used in between.
The rows of the gate are its own in both modes; an event in mode `redis` is asked before, so that nobody cancels a
ticket that is being used.
"""

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from festival.errors import FestivalError, Unavailable
from ticketing import gate_lookups, qr
from ticketing.allocation import Allocator, at_authority
from ticketing.errors import UnknownEvent
from ticketing.holders import Holder, holder_of
from ticketing.models import Event, GateDevice, PrimingMark, Scan, Ticket, TicketStatus, Topic
from ticketing.models.gate import Mode, Reason, Verdict
from ticketing.signing import TicketCode

log = logging.getLogger(__name__)

# Tried for a ticket whose row is not there, so that nobody knows its generation; hardly any is ever higher.
POSSIBLE_GENERATIONS = range(32)

ENDED = {TicketStatus.VOID: Reason.VOID, TicketStatus.CANCELLED: Reason.CANCELLED}

RESERVE = """
    INSERT INTO ticketing_scan (scan_id, ticket_id, event_id, code_digest, gate, scanned_at, received_at,
                                verdict, reason, first_use_id, user_id, device_id, mode, look_up_id)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (scan_id) DO NOTHING
"""


class ScanIdReused(FestivalError):
    """This scan id belongs to another code."""

    code = "scan_id_reused"


class UnknownScan(FestivalError):
    """There is no such scan."""

    code = "unknown_scan"


class NotUndoable(FestivalError):
    """This scan admitted nobody, or its ticket is not in use any more."""

    code = "not_undoable"


class ForeignScan(FestivalError):
    """A device undoes its own scans only, so that the record says who did it."""

    code = "forbidden"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanRequest:
    """What a gate asks: who scanned which text where, and for which event if the gate has chosen one.

    With a look-up, `code` is the ticket's own, as that look-up has shown it.
    """

    scan_id: UUID
    code: str
    gate: str
    scanned_at: datetime
    event: UUID | None = None
    user: User | None = None
    device: GateDevice | None = None
    look_up: UUID | None = None


@dataclass(frozen=True, slots=True)
class FirstUse:
    """When and where the ticket was used before."""

    at: datetime
    gate: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on a scan and what staff compare it with; a forged or unknown code names nobody."""

    verdict: Verdict
    reason: Reason | None
    holder: Holder | None
    zone: str | None
    number: int | None
    first_use: FirstUse | None


def admit(request: ScanRequest, *, now: datetime | None = None) -> Decision:
    """Decide a scan and record it; the same scan id is answered again as it was answered first.

    1. Read the ticket and judge it, without a lock; then ask its authority, if that is not these rows.
    2. Insert the scan as refused: whoever comes second with its id waits here, then reads the first answer.
    3. If nothing speaks against it, move the ticket from held to used on condition that it is still held. Of
       two scanners at the same instant one changes the row, the other waits for it and changes none.
    """
    now = now or timezone.now()
    ticket, reason = _judge(request, now)
    if ticket is not None and reason is None:
        reason = _authority_objects(request, ticket)
    with transaction.atomic():
        scan = _refused(request, ticket, reason, now)
        if not _reserved(scan):
            return _first_answer(request)
        if ticket is not None and reason is None:
            _use(scan, ticket, now)
    return _decision(scan)


def undo(
    scan_id: UUID,
    *,
    reason: str,
    user: User | None = None,
    device: GateDevice | None = None,
    now: datetime | None = None,
) -> Scan:
    """Take an admission back, so that its ticket may enter again; repeated, the first undo stands.

    An admission that is not undone is the ticket's present use: a constraint allows one for each ticket.
    """
    with transaction.atomic():
        scan = Scan.objects.select_for_update(of=("self",), no_key=True).filter(pk=scan_id).first()
        if scan is None:
            raise UnknownScan
        if device is not None and scan.device_id != device.pk:
            raise ForeignScan
        if scan.undone_at is None:
            _take_back(scan, reason, user, now or timezone.now())
    if scan.ticket is not None:
        _tell_undone(scan.ticket)
    return scan


def _judge(request: ScanRequest, now: datetime) -> tuple[Ticket | None, Reason | None]:
    """Return the ticket that a code proves, and what speaks against it.

    The row is read before the proof is checked: the key belongs to the ticket's generation. Accepted races: what
    changes after this reading is seen by the next scan, except that a ticket which is no longer held is never
    admitted; an event deleted in that instant makes the scan fail, to be sent again.
    """
    if request.look_up is not None:
        return _judge_shown(request, request.look_up, now)
    reading = qr.read(request.code)
    if reading is None:
        return None, Reason.FORGED
    tickets = Ticket.objects.select_related("event", "zone", "student")
    ticket = tickets.filter(code=reading.ticket_code).first()
    if ticket is None or ticket.event_id != request.event:
        _must_exist(request.event)
    if ticket is None:
        genuine = any(reading.is_genuine(generation) for generation in POSSIBLE_GENERATIONS)
        return None, Reason.UNKNOWN if genuine else Reason.FORGED
    if not reading.is_genuine(ticket.generation):
        return None, Reason.FORGED
    fresh = reading.is_fresh(int(now.timestamp() * 1000))
    return ticket, _objection(ticket, request.event, fresh=fresh)


def _judge_shown(request: ScanRequest, look_up: UUID, now: datetime) -> tuple[Ticket, Reason | None]:
    """Judge a ticket that staff have looked up instead of scanning it: nothing but the proof is left out."""
    ticket = gate_lookups.shown_by(
        look_up, code=request.code, user=request.user, device=request.device, now=now
    )
    if ticket.event_id != request.event:
        _must_exist(request.event)
    return ticket, _objection(ticket, request.event, fresh=True)


def _objection(ticket: Ticket, event: UUID | None, *, fresh: bool) -> Reason | None:
    """Return the first reason against a proven ticket: what tells staff most comes first."""
    if ticket.status in ENDED:
        return ENDED[TicketStatus(ticket.status)]
    if event is not None and event != ticket.event_id:
        return Reason.WRONG_EVENT
    if ticket.event.rehearsal:
        return Reason.REHEARSAL
    if ticket.status == TicketStatus.USED:
        return Reason.ALREADY_USED
    if not fresh:
        return Reason.EXPIRED_CODE
    return None


def _authority_objects(request: ScanRequest, ticket: Ticket) -> Reason | None:
    """Let the authority of the event keep the ticket for this scan; return what speaks against it.

    The gate stays open when the authority cannot be asked: the rows decide, and a mark tells it later. Accepted race:
    a student who cancels in the half second before the mark is carried has been admitted with a cancelled ticket.
    """
    code = TicketCode(ticket.code)

    def known(authority: Allocator) -> bool:
        return authority.rows_decide or Scan.objects.filter(pk=request.scan_id).exists()

    try:
        status = at_authority(
            ticket.event_id,
            lambda authority: (
                None if known(authority) else authority.enter(code=code, scan_id=request.scan_id)
            ),
        )
    except Unavailable:
        log.warning("the authority of an event cannot be asked at the gate: its rows decide", exc_info=True)
        PrimingMark.objects.create(topic=Topic.TICKET, key=ticket.code)
        return None
    return None if status is None else ENDED.get(TicketStatus(status), Reason.ALREADY_USED)


def _must_exist(event: UUID | None) -> None:
    if event is not None and not Event.objects.filter(pk=event).exists():
        raise UnknownEvent


def _refused(request: ScanRequest, ticket: Ticket | None, reason: Reason | None, now: datetime) -> Scan:
    """Return the scan as it is inserted; one without an objection is refused until its ticket has moved."""
    used = ticket if reason is Reason.ALREADY_USED else None
    return Scan(
        scan_id=request.scan_id,
        ticket=ticket,
        event_id=request.event,
        code_digest=_digest(request),
        mode=Mode.LOOKUP if request.look_up else Mode.ONLINE,
        look_up_id=request.look_up,
        gate=request.gate,
        scanned_at=request.scanned_at,
        received_at=now,
        verdict=Verdict.REFUSE,
        reason=reason or Reason.ALREADY_USED,
        first_use=_present_use(used) if used else None,
        user=request.user,
        device=request.device,
    )


def _reserved(scan: Scan) -> bool:
    """Insert the scan unless its id is taken; waits for another transaction that is inserting the same id."""
    values = (
        scan.scan_id,
        scan.ticket_id,
        scan.event_id,
        scan.code_digest,
        scan.gate,
        scan.scanned_at,
        scan.received_at,
        str(scan.verdict),
        str(scan.reason),
        scan.first_use_id,
        scan.user_id,
        scan.device_id,
        str(scan.mode),
        scan.look_up_id,
    )
    with connection.cursor() as cursor:
        cursor.execute(RESERVE, values)
        return bool(cursor.rowcount == 1)


def _use(scan: Scan, ticket: Ticket, now: datetime) -> None:
    """Use the ticket for this scan, or say what somebody else did to it in the meantime.

    Accepted race: an undo that ends between the two statements leaves a refusal for a ticket that is held again:
    the next scan admits it.
    """
    changed = Ticket.objects.filter(pk=ticket.pk, status=TicketStatus.HELD).update(
        status=TicketStatus.USED, used_at=now
    )
    if changed == 1:
        scan.verdict, scan.reason = Verdict.ADMIT, None
    else:
        ticket.refresh_from_db(fields=["status"])
        scan.reason = ENDED.get(TicketStatus(ticket.status), Reason.ALREADY_USED)
        scan.first_use = _present_use(ticket) if scan.reason is Reason.ALREADY_USED else None
    scan.save(update_fields=["verdict", "reason", "first_use"])


def _first_answer(request: ScanRequest) -> Decision:
    scans = Scan.objects.select_related("ticket__zone", "ticket__student", "first_use")
    scan = scans.get(pk=request.scan_id)
    if scan.code_digest != _digest(request):
        raise ScanIdReused
    return _decision(scan)


def _take_back(scan: Scan, reason: str, user: User | None, now: datetime) -> None:
    if scan.ticket_id is None or scan.verdict != Verdict.ADMIT:
        raise NotUndoable
    changed = Ticket.objects.filter(pk=scan.ticket_id, status=TicketStatus.USED).update(
        status=TicketStatus.HELD, used_at=None
    )
    if changed != 1:
        raise NotUndoable
    scan.undone_at, scan.undone_by, scan.undo_reason = now, user, reason
    scan.save(update_fields=["undone_at", "undone_by", "undo_reason"])


def _tell_undone(ticket: Ticket) -> None:
    """Tell the authority that a ticket is held again; when it cannot be told now, a mark tells it later."""
    code = TicketCode(ticket.code)
    try:
        at_authority(ticket.event_id, lambda authority: authority.enter_again(code=code))
    except Unavailable:
        log.warning("the authority of an event cannot be told of an undo now", exc_info=True)
        PrimingMark.objects.create(topic=Topic.TICKET, key=ticket.code)


def _present_use(ticket: Ticket) -> Scan | None:
    return Scan.objects.filter(ticket=ticket, verdict=Verdict.ADMIT, undone_at__isnull=True).first()


def _digest(request: ScanRequest) -> str:
    """Return what is kept of a scanned text: enough to know it again, too little to show it at a gate."""
    text = f"{request.look_up} {request.code}" if request.look_up else request.code
    return hashlib.sha256(text.encode()).hexdigest()


def _decision(scan: Scan) -> Decision:
    ticket, first = scan.ticket, scan.first_use
    return Decision(
        verdict=Verdict(scan.verdict),
        reason=Reason(scan.reason) if scan.reason else None,
        holder=holder_of(ticket) if ticket else None,
        zone=ticket.zone.name if ticket else None,
        number=ticket.number if ticket else None,
        first_use=FirstUse(first.received_at, first.gate) if first else None,
    )
