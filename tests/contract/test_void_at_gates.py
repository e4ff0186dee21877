"""A ticket is made void while several gates scan it: over HTTP, in both modes (F21, online)."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

import httpx
import pytest
from django.conf import settings

from tests.admin.desk import DESK, desk_of
from tests.conftest import Live
from tests.contract.doors import InProcess
from tests.factories import Player, make_event, make_players, settle
from tests.gate.cast import SCANS, body, code_of, make_device
from tests.rush.writers import held, wait_for
from ticketing.models import Bar, Event, Mode, Place, Scan, Ticket
from ticketing.models.gate import Verdict

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
GATES = 6
ROUNDS = 8
# Scans that stand still at once. All may be in one process of the web server: a thread must be left there for the void.
BEFORE = settings.WEB_THREADS - 1
TOKEN = "a" * 32
Said = dict[str, Any]


@dataclass(frozen=True)
class Site:
    """The gates, each a device of its own, and the council's desk, all with a browser or client of their own."""

    gates: Sequence[httpx.Client]
    desk: httpx.Client

    def scan(self, gate: int, ticket: Ticket) -> Said:
        response = self.gates[gate].post(SCANS, json=body(code_of(ticket), gate=f"A{gate}"))
        assert response.status_code == 200, response.text
        return dict(response.json())

    def void(self, ticket: Ticket) -> None:
        """Make a ticket void by the admin's action, as the council does."""
        fields = {"action": "make_void", "_selected_action": str(ticket.pk), "reason": "양도"}
        sent = fields | {"csrfmiddlewaretoken": TOKEN}
        response = self.desk.post(f"{DESK}ticket/", data=sent, headers={"Referer": str(self.desk.base_url)})
        assert response.status_code == 302, response.text


@pytest.fixture
def site(live: Live) -> Site:
    browser, _user = desk_of("council")
    cookies = {"sessionid": browser.cookies["sessionid"].value, "csrftoken": TOKEN}
    gates = [live.client(headers=make_device(f"lane {number}")[1]) for number in range(GATES)]
    return Site(gates, live.client(cookies=cookies))


@pytest.fixture
def event(mode: Mode) -> Event:
    return make_event({"A": ROUNDS})


def tickets_of(event: Event, players: Sequence[Player]) -> list[Ticket]:
    """Let players win tickets, and their rows be there, so that gates and the council know them."""
    for player in players:
        assert InProcess().claim(player, event.pk, "A").kind == "won"
    settle()
    return [Ticket.objects.get(student=player.student) for player in players]


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Do everything at the same instant; return the answers in order."""
    start = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        start.wait(20)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def verdicts(answers: Sequence[Said]) -> Counter[tuple[str, str | None]]:
    return Counter((answer["verdict"], answer["reason"]) for answer in answers)


def test_f21_a_ticket_voided_while_gates_scan_it_has_one_outcome_and_admits_nobody_afterwards(
    site: Site, event: Event
) -> None:
    outcomes: Counter[int] = Counter()
    tickets = tickets_of(event, make_players(ROUNDS))
    for ticket in tickets:
        scans = [lambda gate=gate, ticket=ticket: site.scan(gate, ticket) for gate in range(GATES)]
        *answers, _void = at_once(*scans, lambda ticket=ticket: site.void(ticket))  # type: ignore[misc]  # the default binds it
        told = verdicts(answers)
        admitted = told.pop(("admit", None), 0)
        assert admitted <= 1
        # The void was answered. Rows are behind here in mode `redis`, for nobody writes back: a use is all they know.
        why = "already_used" if admitted and event.mode == Mode.REDIS else "void"
        assert verdicts(at_once(*scans)) == {("refuse", why): GATES}
        assert set(told) <= {("refuse", "void"), ("refuse", "already_used")}
        assert admitted or ("refuse", "already_used") not in told, "used by nobody"
        outcomes[admitted] += 1
    settle()
    assert list(Ticket.objects.values_list("status", flat=True)) == ["void"] * ROUNDS
    assert Scan.objects.filter(verdict=Verdict.ADMIT).count() == outcomes[1]
    assert Place.objects.filter(free=True).count() == Bar.objects.filter(lifted_at=None).count() == ROUNDS
    for ticket in tickets:
        assert site.scan(0, ticket)["reason"] == "void", "and when the rows say so too"


def test_f21_a_void_that_is_answered_while_scans_stand_before_their_record_lets_at_most_one_in(
    site: Site, event: Event, mode: Mode
) -> None:
    """Each scan has read the ticket as held. In mode `redis` one of them had the authority's word before the void."""
    [ticket] = tickets_of(event, make_players(1))
    with ThreadPoolExecutor(GATES) as pool:
        with held("LOCK ticketing_scan IN SHARE MODE"):
            waiting = [pool.submit(site.scan, gate, ticket) for gate in range(BEFORE)]
            wait_for(*["ticketing_scan"] * BEFORE)
            site.void(ticket)
        told = verdicts([scan.result() for scan in waiting])
    if mode == Mode.DATABASE:
        assert told == {("refuse", "void"): BEFORE}
    else:
        assert told[("admit", None)] <= 1
        assert told[("refuse", "already_used")] == BEFORE - 1
    assert site.scan(0, ticket)["verdict"] == "refuse"
    settle()
    assert site.scan(0, ticket)["reason"] == "void"
    ticket.refresh_from_db()
    assert ticket.status == "void"


def test_f21_a_void_ticket_is_refused_at_every_gate_before_its_row_says_so(
    site: Site, event: Event, mode: Mode
) -> None:
    [ticket] = tickets_of(event, make_players(1))
    site.void(ticket)
    ticket.refresh_from_db()
    assert ticket.status == ("held" if mode == Mode.REDIS else "void")
    answers = at_once(*[lambda gate=gate: site.scan(gate, ticket) for gate in range(GATES)])
    assert verdicts(answers) == {("refuse", "void"): GATES}
