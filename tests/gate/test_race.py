"""Several scanners at the same instant, on real connections (F22, G4)."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from tests.factories import make_event
from tests.gate.cast import code_of, make_ticket, scan_of
from ticketing import gate
from ticketing.gate import Decision, ScanIdReused, ScanRequest, admit, undo
from ticketing.models import Scan, Ticket, TicketStatus
from ticketing.models.gate import Reason, Verdict

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.servers]


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Run the calls at the same instant, each on a connection of its own; return what each returned or raised."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait(10)
            return call()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def scanners(ticket: Ticket, count: int) -> list[ScanRequest]:
    return [scan_of(code_of(ticket), gate=f"A{number}") for number in range(count)]


def admit_all(requests: list[ScanRequest]) -> list[Decision]:
    decisions = at_once([partial(admit, request) for request in requests])
    assert [item for item in decisions if not isinstance(item, Decision)] == []
    return decisions


@pytest.mark.parametrize("count", [2, 20])
def test_of_scanners_at_the_same_instant_one_lets_in(count: int) -> None:
    ticket = make_ticket()
    decisions = admit_all(scanners(ticket, count))
    assert Counter(decision.verdict for decision in decisions) == {
        Verdict.ADMIT: 1,
        Verdict.REFUSE: count - 1,
    }
    refused = [decision for decision in decisions if decision.verdict is Verdict.REFUSE]
    assert {decision.reason for decision in refused} == {Reason.ALREADY_USED}
    first = Scan.objects.get(verdict=Verdict.ADMIT)
    assert {decision.first_use and decision.first_use.gate for decision in refused} == {first.gate}
    assert Scan.objects.count() == count
    ticket.refresh_from_db()
    assert ticket.status == TicketStatus.USED


def test_the_second_scanner_waits_for_the_first_to_commit() -> None:
    """The race by hand: both have read the ticket as held before either changes it."""
    ticket = make_ticket()
    first, second = scanners(ticket, 2)

    def slow() -> Decision:
        with transaction.atomic():
            decision = admit(first)
            started.wait(10)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.3)")
            return decision

    def quick() -> Decision:
        started.wait(10)
        return admit(second)

    started = Barrier(2)
    decisions = at_once([slow, quick])
    assert [decision.verdict for decision in decisions] == [Verdict.ADMIT, Verdict.REFUSE]
    assert decisions[1].reason is Reason.ALREADY_USED
    assert decisions[1].first_use.gate == first.gate


def test_one_scan_sent_several_times_at_once_gets_one_answer() -> None:
    ticket = make_ticket()
    request = scan_of(code_of(ticket))
    decisions = admit_all([request] * 10)
    assert {decision.verdict for decision in decisions} == {Verdict.ADMIT}
    assert len(set(decisions)) == 1
    assert Scan.objects.count() == 1


def test_one_scan_id_with_two_codes_at_once_lets_one_in() -> None:
    event = make_event()
    tickets = [make_ticket(event), make_ticket(event)]
    scan_id = uuid4()
    answers = at_once([partial(admit, scan_of(code_of(ticket), scan_id=scan_id)) for ticket in tickets])
    assert {type(answer) for answer in answers} == {Decision, ScanIdReused}
    assert Ticket.objects.filter(status=TicketStatus.USED).count() == 1


def test_ten_undos_at_once_leave_one_record() -> None:
    ticket = make_ticket()
    request = scan_of(code_of(ticket))
    admit(request)
    reasons = [f"reason {number}" for number in range(10)]
    kept = at_once([partial(undo, request.scan_id, reason=reason) for reason in reasons])
    assert len({(scan.undone_at, scan.undo_reason) for scan in kept}) == 1
    ticket.refresh_from_db()
    assert ticket.status == TicketStatus.HELD


def test_undo_and_scans_at_once_keep_ticket_and_record_together() -> None:
    """Whoever comes first: the ticket is used exactly when one admission stands."""
    ticket = make_ticket()
    request = scan_of(code_of(ticket))
    admit(request)
    undone = partial(undo, request.scan_id, reason="wrong person")
    results = at_once([undone, *[partial(admit, again) for again in scanners(ticket, 8)]])
    assert [item for item in results if isinstance(item, Exception)] == []
    standing = Scan.objects.filter(verdict=Verdict.ADMIT, undone_at__isnull=True).count()
    ticket.refresh_from_db()
    assert standing == (1 if ticket.status == TicketStatus.USED else 0)


def test_the_database_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a gate that reads and then writes would let two in, and the constraint stops it."""

    def careless(scan: Scan, ticket: Ticket, now: Any) -> None:
        Ticket.objects.filter(pk=ticket.pk).update(status=TicketStatus.USED, used_at=now)
        scan.verdict, scan.reason = Verdict.ADMIT, None
        scan.save(update_fields=["verdict", "reason"])

    monkeypatch.setattr(gate, "_use", careless)
    ticket = make_ticket()
    read = Barrier(2)
    judge = gate._judge

    def judge_together(request: ScanRequest, now: Any) -> Any:
        judged = judge(request, now)
        read.wait(10)
        return judged

    monkeypatch.setattr(gate, "_judge", judge_together)
    answers = at_once([partial(admit, request) for request in scanners(ticket, 2)])
    assert [type(answer) for answer in answers if isinstance(answer, Exception)] == [IntegrityError]
    assert Scan.objects.filter(verdict=Verdict.ADMIT).count() == 1


def test_a_scan_takes_few_queries(django_assert_num_queries: Any) -> None:
    ticket = make_ticket()
    request = scan_of(code_of(ticket), scanned_at=timezone.now(), event=ticket.event_id)
    with django_assert_num_queries(6):  # begin, ticket, scan, ticket, scan, commit
        admit(request)
