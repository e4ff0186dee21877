"""From code to verdict on the gate's page, measured in a real browser and printed; not a test, so run by name:

    .venv/bin/python -m pytest -s -n 0 tests/gate/speed.py

"frame to verdict" begins when the camera's picture with the code was shown, "code to verdict" when the page had read
the code (or Enter was pressed); both end after the verdict was painted.
"""

import math
import os
import sys
from collections.abc import Callable, Sequence

import pytest
from playwright.sync_api import Page, expect

from tests.factories import make_event, make_student
from tests.gate.cast import code_of, make_ticket
from tests.gate.studio import ADMIT, Studio
from ticketing.models import Ticket

pytestmark = [pytest.mark.servers, pytest.mark.browser]
SCANS = 120
TARGET_MS = 500


@pytest.fixture
def tickets(db: None) -> list[Ticket]:
    event = make_event({"A": SCANS})
    return [make_ticket(event, student=make_student(f"학생 {number}")) for number in range(SCANS)]


def scan_each(
    page: Page, tickets: Sequence[Ticket], present: Callable[[Ticket], None]
) -> dict[str, list[float]]:
    """Present each ticket once, wait for its own verdict, and return the page's measures by name."""
    for ticket in tickets:
        present(ticket)
        assert ticket.student
        expect(page.locator(".gate-name")).to_have_text(ticket.student.name)
        expect(page.locator(ADMIT)).to_be_visible()
    page.wait_for_function(
        f"() => performance.getEntriesByName('gate: code to verdict').length >= {len(tickets)}"
    )
    entries = page.evaluate("performance.getEntriesByType('measure').map((one) => [one.name, one.duration])")
    names = {name for name, _duration in entries}
    return {name: [duration for other, duration in entries if other == name] for name in sorted(names)}


def tell(way: str, measured: dict[str, list[float]]) -> None:
    for name, durations in measured.items():
        ordered = sorted(durations)
        p50, p95 = (ordered[math.ceil(share * len(ordered)) - 1] for share in (0.5, 0.95))
        sys.stdout.write(
            f"\n{way}, {name.removeprefix('gate: ')}: {len(ordered)} scans, p50 {p50:.0f} ms, p95 {p95:.0f} ms, "
            f"longest {ordered[-1]:.0f} ms (target: p95 {TARGET_MS} ms, {os.cpu_count()} cores)"
        )


def test_camera(studio: Studio, open_gate: Callable[..., Page], tickets: list[Ticket]) -> None:
    tell("camera", scan_each(open_gate(), tickets, studio.show_ticket))


def test_typed(studio: Studio, session: str, tickets: list[Ticket]) -> None:
    page = studio.context(session).new_page()
    page.goto("/gate/?gate=A1")

    def type_code(ticket: Ticket) -> None:
        page.locator("#code").fill(code_of(ticket))
        page.keyboard.press("Enter")

    tell("typed", scan_each(page, tickets, type_code))
