"""Verdicts: who is let in, who is not and why, and what is kept of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from tests.factories import make_event
from tests.gate.cast import code_of, end_ticket, make_device, make_staff, make_ticket, scan, scan_of
from ticketing.errors import UnknownEvent
from ticketing.gate import (
    ForeignScan,
    NotUndoable,
    ScanIdReused,
    UnknownScan,
    admit,
    undo,
)
from ticketing.holders import Holder
from ticketing.models import Scan, Ticket, TicketStatus
from ticketing.models.gate import Reason, Verdict
from ticketing.qr import code_text
from ticketing.signing import new_ticket_code

pytestmark = [pytest.mark.django_db, pytest.mark.servers]

NOON = datetime(2026, 5, 20, 12, tzinfo=UTC)


def status_of(ticket: Ticket) -> str:
    ticket.refresh_from_db()
    return ticket.status


def test_a_held_ticket_is_let_in_and_the_screen_shows_who_should_stand_there() -> None:
    ticket = make_ticket()
    decision = scan(code_of(ticket, NOON), now=NOON)
    assert (decision.verdict, decision.reason, decision.first_use) == (Verdict.ADMIT, None, None)
    assert ticket.student
    assert decision.holder == Holder("앨리스", "국어국문학과", ticket.student.student_number[-4:])
    assert (decision.zone, decision.number) == ("A", 1)
    assert status_of(ticket) == TicketStatus.USED
    assert ticket.used_at == NOON


def test_a_guest_is_let_in_by_name() -> None:
    decision = scan(code_of(make_ticket(guest_name="초대 손님")))
    assert decision.holder == Holder("초대 손님", "", "")


def test_a_second_scan_is_refused_and_says_when_and_where_the_first_was() -> None:
    ticket = make_ticket()
    scan(code_of(ticket, NOON), now=NOON, gate="A1")
    later = NOON + timedelta(minutes=3)
    decision = scan(code_of(ticket, later), now=later, gate="B2")
    assert (decision.verdict, decision.reason) == (Verdict.REFUSE, Reason.ALREADY_USED)
    assert decision.first_use
    assert (decision.first_use.at, decision.first_use.gate) == (NOON, "A1")
    assert decision.holder


def test_an_old_picture_of_a_used_ticket_says_that_it_is_used() -> None:
    ticket = make_ticket()
    scan(code_of(ticket, NOON), now=NOON)
    decision = scan(code_of(ticket, NOON), now=NOON + timedelta(hours=1))
    assert decision.reason is Reason.ALREADY_USED


@pytest.mark.parametrize("seconds", [45, 60, 86_400, -45, -86_400])
def test_a_code_outside_its_window_is_refused(seconds: int) -> None:
    ticket = make_ticket()
    decision = scan(code_of(ticket, NOON), now=NOON + timedelta(seconds=seconds))
    assert (decision.verdict, decision.reason) == (Verdict.REFUSE, Reason.EXPIRED_CODE)
    assert status_of(ticket) == TicketStatus.HELD


@pytest.mark.parametrize("seconds", [-30, -15, 0, 15, 30, 44])
def test_drift_within_the_window_lets_in(seconds: int) -> None:
    ticket = make_ticket()
    assert scan(code_of(ticket, NOON), now=NOON + timedelta(seconds=seconds)).verdict is Verdict.ADMIT


def test_the_address_of_a_ticket_alone_is_forged_and_names_nobody() -> None:
    ticket = make_ticket()
    decision = scan(ticket.code)
    assert (decision.reason, decision.holder, decision.zone, decision.number) == (
        Reason.FORGED,
        None,
        None,
        None,
    )


def test_a_proof_of_another_ticket_is_forged() -> None:
    event = make_event()
    alice, bob = make_ticket(event), make_ticket(event)
    version, _code, step, proof = code_of(alice).split(".")
    decision = scan(".".join([version, bob.code, step, proof]))
    assert (decision.reason, decision.holder) == (Reason.FORGED, None)


def test_an_altered_step_is_forged() -> None:
    ticket = make_ticket()
    version, code, _step, proof = code_of(ticket, NOON).split(".")
    later = NOON + timedelta(minutes=1)
    step = code_of(ticket, later).split(".")[2]
    assert scan(".".join([version, code, step, proof]), now=later).reason is Reason.FORGED


@pytest.mark.parametrize("text", ["hello", "https://example.org/", "", "D1...", "표", "D1." + "0" * 300])
def test_any_other_text_is_forged(text: str) -> None:
    assert scan(text).reason is Reason.FORGED


def test_the_code_of_an_earlier_generation_is_forged() -> None:
    ticket = make_ticket()
    earlier = code_of(ticket)
    Ticket.objects.filter(pk=ticket.pk).update(generation=ticket.generation + 1)
    assert scan(earlier).reason is Reason.FORGED


@pytest.mark.parametrize("generation", [0, 1, 7])
def test_a_genuine_code_without_a_row_is_unknown(generation: int) -> None:
    code = code_text(new_ticket_code(), generation=generation, now_ms=round(NOON.timestamp() * 1000)).text
    decision = scan(code, now=NOON)
    assert (decision.reason, decision.holder) == (Reason.UNKNOWN, None)


def test_a_forged_code_without_a_row_is_forged() -> None:
    version, _code, step, proof = code_of(make_ticket()).split(".")
    assert scan(".".join([version, new_ticket_code(), step, proof])).reason is Reason.FORGED


@pytest.mark.parametrize("status", [TicketStatus.VOID, TicketStatus.CANCELLED])
def test_an_ended_ticket_is_refused_by_its_state(status: TicketStatus) -> None:
    ticket = make_ticket()
    end_ticket(ticket, status)
    decision = scan(code_of(ticket))
    assert (decision.verdict, decision.reason) == (Verdict.REFUSE, Reason(status.value))


def test_a_ticket_of_another_event_is_refused_where_the_gate_has_chosen_one() -> None:
    ticket, tonight = make_ticket(), make_event(name="둘째 밤")
    assert scan(code_of(ticket), event=tonight.pk).reason is Reason.WRONG_EVENT
    assert status_of(ticket) == TicketStatus.HELD
    assert scan(code_of(ticket), event=ticket.event_id).verdict is Verdict.ADMIT


def test_a_gate_of_an_event_that_does_not_exist_is_told_so() -> None:
    with pytest.raises(UnknownEvent):
        scan(code_of(make_ticket()), event=uuid4())


def test_a_rehearsal_ticket_never_opens_a_gate() -> None:
    ticket = make_ticket(make_event(rehearsal=True))
    for event in (None, ticket.event_id):
        assert scan(code_of(ticket), event=event).reason is Reason.REHEARSAL
    assert status_of(ticket) == TicketStatus.HELD


def test_the_same_scan_id_is_answered_as_it_was_answered_first() -> None:
    ticket = make_ticket()
    request = scan_of(code_of(ticket, NOON))
    first = admit(request, now=NOON)
    assert first.verdict is Verdict.ADMIT
    again = admit(replace(request, gate="B2"), now=NOON + timedelta(minutes=5))
    assert again == first
    assert Scan.objects.count() == 1


def test_a_refusal_is_repeated_too_even_when_it_would_be_decided_otherwise_now() -> None:
    ticket = make_ticket()
    admission = scan_of(code_of(ticket, NOON))
    admit(admission, now=NOON)
    request = scan_of(code_of(ticket, NOON), gate="B2")
    first = admit(request, now=NOON)
    undo(admission.scan_id, reason="wrong person")
    assert admit(request, now=NOON) == first
    assert first.reason is Reason.ALREADY_USED
    assert first.first_use


def test_a_scan_id_with_another_code_is_refused_and_changes_nothing() -> None:
    event = make_event()
    alice, bob = make_ticket(event), make_ticket(event)
    request = scan_of(code_of(alice))
    admit(request)
    with pytest.raises(ScanIdReused):
        admit(replace(request, code=code_of(bob)))
    assert status_of(bob) == TicketStatus.HELD


def test_every_scan_is_kept_with_who_when_where() -> None:
    ticket, staff = make_ticket(), make_staff("gate")
    request = scan_of(code_of(ticket, NOON), user=staff, event=ticket.event_id)
    admit(request, now=NOON)
    kept = Scan.objects.get()
    assert (kept.ticket, kept.user, kept.device, kept.gate, kept.received_at) == (
        ticket,
        staff,
        None,
        "A1",
        NOON,
    )
    assert (kept.event_id, kept.scanned_at) == (ticket.event_id, request.scanned_at)
    assert request.code not in str(vars(kept))


# Undo


def admitted(ticket: Ticket, **fields: object) -> UUID:
    request = scan_of(code_of(ticket), **fields)
    assert admit(request).verdict is Verdict.ADMIT
    return request.scan_id


def test_an_undo_lets_the_ticket_enter_again_and_is_recorded() -> None:
    ticket, staff = make_ticket(), make_staff("gate")
    scan_id = admitted(ticket)
    kept = undo(scan_id, reason="wrong person", user=staff, now=NOON)
    assert (kept.undone_at, kept.undone_by, kept.undo_reason) == (NOON, staff, "wrong person")
    assert status_of(ticket) == TicketStatus.HELD
    assert ticket.used_at is None
    assert scan(code_of(ticket)).verdict is Verdict.ADMIT


def test_a_repeated_undo_changes_nothing_though_the_ticket_is_used_again() -> None:
    ticket = make_ticket()
    scan_id = admitted(ticket)
    undo(scan_id, reason="wrong person", now=NOON)
    admitted(ticket)
    kept = undo(scan_id, reason="another reason", now=NOON + timedelta(minutes=1))
    assert (kept.undone_at, kept.undo_reason) == (NOON, "wrong person")
    assert status_of(ticket) == TicketStatus.USED


def test_a_refusal_cannot_be_undone() -> None:
    ticket = make_ticket()
    admitted(ticket)
    request = scan_of(code_of(ticket))
    admit(request)
    with pytest.raises(NotUndoable):
        undo(request.scan_id, reason="wrong person")
    assert status_of(ticket) == TicketStatus.USED


def test_an_entry_of_a_ticket_that_is_void_by_now_cannot_be_undone() -> None:
    ticket = make_ticket()
    scan_id = admitted(ticket)
    end_ticket(ticket, TicketStatus.VOID)
    with pytest.raises(NotUndoable):
        undo(scan_id, reason="wrong person")
    assert status_of(ticket) == TicketStatus.VOID


def test_an_unknown_scan_cannot_be_undone() -> None:
    with pytest.raises(UnknownScan):
        undo(uuid4(), reason="wrong person")


def test_a_device_undoes_its_own_scans_only() -> None:
    ticket = make_ticket()
    own, other = make_device("lane 1")[0], make_device("lane 2")[0]
    scan_id = admitted(ticket, device=own)
    with pytest.raises(ForeignScan):
        undo(scan_id, reason="wrong person", device=other)
    assert status_of(ticket) == TicketStatus.USED
    undo(scan_id, reason="wrong person", device=own)
    assert status_of(ticket) == TicketStatus.HELD
