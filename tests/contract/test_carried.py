"""What the council wants and the roster says reaches Redis, whatever came before."""

import pytest

from accounts.models import StudentStatus
from accounts.sessions import log_out_everywhere
from tests.contract.acts import grant
from tests.contract.doors import InProcess
from tests.contract.test_handover import switch
from tests.factories import make_event, make_players, mode_of_events, settle
from ticketing.allocation import allocator_of
from ticketing.allocation.priming import prime
from ticketing.models import EligibilityRule, Event, Mode, Zone, ZoneState

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def event() -> Event:
    token = mode_of_events.set(Mode.REDIS)
    event = make_event({"A": 1})
    mode_of_events.reset(token)
    return event


def test_a_logout_between_two_rushes_counts_in_the_second(event: Event) -> None:
    (alice,) = make_players(["alice"])
    settle()
    switch(event, Mode.DATABASE)
    log_out_everywhere(alice.student)
    settle()
    switch(event, Mode.REDIS)
    assert InProcess().claim(alice, event.pk, "A").kind == "login_required"


def test_a_capacity_is_carried_while_the_rows_are_behind(event: Event) -> None:
    zone = Zone.objects.filter(event=event)
    for capacity in (3, 1):
        zone.update(capacity=capacity)
        prime()
        assert allocator_of(event.pk).left([zone.get().pk]) == {zone.get().pk: capacity}


def test_a_zone_without_places_is_made_too() -> None:
    token = mode_of_events.set(Mode.REDIS)
    event, (alice,) = make_event({"A": 0, "B": 0}), make_players(["alice"])
    mode_of_events.reset(token)
    settle()
    made = dict(ZoneState.objects.filter(zone__event=event).values_list("zone__name", "capacity"))
    assert made == {"A": 0, "B": 0}
    Zone.objects.filter(event=event, name="A").update(capacity=1)
    settle()
    assert InProcess().claim(alice, event.pk, "B", "A").body["zone"] == "A"


def test_a_zone_that_is_added_to_a_sale_with_rules_is_for_whom_they_say(event: Event) -> None:
    (alice,) = make_players(["alice"])
    EligibilityRule.objects.create(event=event, statuses=["enrolled"])
    settle()
    Zone.objects.create(event=event, name="B", capacity=1)
    settle()
    assert InProcess().claim(alice, event.pk, "B").kind == "won"


@pytest.mark.usefixtures("mode")
def test_nothing_is_granted_to_who_has_gone_from_the_roster() -> None:
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    alice.student.status = StudentStatus.GONE
    alice.student.save()
    settle()
    assert grant(event, "A", alice.student) == "unknown"
