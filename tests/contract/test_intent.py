"""F14: what is refused by intent says so by a code of its own, and when to come again; it is no error."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.contract.doors import Answer, Door
from tests.factories import make_event, make_players, settle
from ticketing.allocation.tries import EARLY_TRIES, TRIES_IN_WINDOW

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


def assert_refused_until(told: Answer, kind: str, *, at_most: int) -> None:
    assert told.kind == kind
    assert told.retry_after is not None, f"{kind} does not say when to come again"
    assert 1 <= told.retry_after <= at_most


def test_f14_too_early_says_when_the_sale_opens(door: Door) -> None:
    event, (alice,) = make_event({"A": 1}, opens_in=60), make_players(["alice"])
    for _ in range(EARLY_TRIES):
        assert_refused_until(door.claim(alice, event.pk, "A"), "not_open", at_most=60)
    assert_refused_until(door.claim(alice, event.pk, "A"), "too_many_requests", at_most=60)


def test_f14_too_many_tries_say_when_the_next_one_counts(door: Door) -> None:
    event, (alice, bob) = make_event({"A": 1}), make_players(["alice", "bob"])
    door.claim(alice, event.pk, "A")
    for _ in range(TRIES_IN_WINDOW):
        assert door.claim(bob, event.pk, "A").kind == "sold_out"
    assert_refused_until(door.claim(bob, event.pk, "A"), "too_many_requests", at_most=10)


def test_f14_a_pause_says_when_it_goes_on(door: Door) -> None:
    event, (alice,) = make_event({"A": 1}), make_players(["alice"])
    event.paused, event.pause_reason = True, "무대 점검"
    event.resumes_at = timezone.now() + timedelta(seconds=90)
    event.save()
    settle()
    assert_refused_until(door.claim(alice, event.pk, "A"), "paused", at_most=90)


def test_f14_an_event_that_is_not_ready_says_to_come_again_at_once(door: Door) -> None:
    (alice,) = make_players(["alice"])
    event = make_event({"A": 1}, primed=False)
    assert_refused_until(door.claim(alice, event.pk, "A"), "unavailable", at_most=5)
