"""The one rule of refusals, at its edges."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from ticketing.allocation import Decision
from ticketing.allocation.facts import Facts, judge

NOW = timezone.now()
EVENT = uuid4()
MS = timedelta(milliseconds=1)
FINE = Facts(
    now=NOW,
    opens_at=NOW,
    closes_at=NOW + timedelta(hours=1),
    paused=False,
    opening_seen=False,
    limit_group=EVENT,
    session_good=True,
    student_status="enrolled",
    ticket_id=None,
    ticket_event_id=None,
    barred=False,
    primed=True,
)


@pytest.mark.parametrize(
    ("pressed_at", "expected"),
    [
        (NOW - MS, Decision.NOT_OPEN),
        (NOW, None),
        (FINE.closes_at - MS, None),
        (FINE.closes_at, Decision.CLOSED),
    ],
)
def test_f13_a_millisecond_decides_by_the_one_clock(pressed_at: object, expected: Decision | None) -> None:
    assert judge(FINE, pressed_at=pressed_at, event_id=EVENT) is expected  # type: ignore[arg-type]  # a datetime each


def test_an_opening_that_was_seen_holds_when_the_clock_steps_back() -> None:
    seen = replace(FINE, opening_seen=True)
    assert judge(seen, pressed_at=NOW - timedelta(seconds=30), event_id=EVENT) is None


def test_who_pressed_in_time_is_not_refused_for_having_waited() -> None:
    waited = replace(FINE, now=FINE.closes_at + timedelta(seconds=5))
    assert judge(waited, pressed_at=FINE.closes_at - MS, event_id=EVENT) is None
