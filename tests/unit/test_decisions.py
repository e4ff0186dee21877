"""The one rule of refusals, at its edges."""

from dataclasses import replace
from datetime import datetime, timedelta
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
    authority="database",
    waiting_id=None,
    waitlist_size=0,
    somebody_waits=False,
    openings=(NOW,),
)
HOUR = timedelta(hours=1)


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


@pytest.mark.parametrize(
    ("openings", "expected"),
    [
        ((None, None), Decision.NOT_ELIGIBLE),
        ((None, NOW), None),
        ((NOW + MS, None), Decision.NOT_OPEN),
        ((NOW + HOUR, NOW + MS), Decision.NOT_OPEN),
        ((NOW + HOUR, NOW), None),
    ],
)
def test_one_wanted_zone_that_is_open_to_the_student_is_enough(
    openings: tuple[datetime | None, ...], expected: Decision | None
) -> None:
    assert judge(replace(FINE, openings=openings), pressed_at=NOW, event_id=EVENT) is expected


def test_the_earliest_opening_of_the_wanted_zones_is_told() -> None:
    assert replace(FINE, openings=(None, NOW + HOUR, NOW + MS)).opening == NOW + MS
    assert replace(FINE, openings=(None,)).opening is None


def test_only_the_wanted_zones_that_are_open_are_given_from() -> None:
    facts = replace(FINE, openings=(NOW + MS, None, NOW, NOW - HOUR))
    assert facts.open_zones(NOW) == [2, 3]


def test_the_latch_holds_for_the_events_own_opening_only() -> None:
    """A clock that steps back does not close what was open; a group that waits for its hour goes on waiting."""
    seen = replace(FINE, opening_seen=True, openings=(NOW, NOW + HOUR))
    assert seen.open_zones(NOW - timedelta(seconds=30)) == [0]


def test_an_exclusion_stands_above_every_rule_and_is_judged_after_a_bar() -> None:
    excluded = replace(FINE, exclusion="단체 표")
    assert judge(excluded, pressed_at=NOW, event_id=EVENT) is Decision.NOT_ELIGIBLE
    assert judge(replace(excluded, barred=True), pressed_at=NOW, event_id=EVENT) is Decision.BARRED
    assert (
        judge(replace(excluded, paused=True), pressed_at=NOW - HOUR, event_id=EVENT) is Decision.NOT_ELIGIBLE
    )
