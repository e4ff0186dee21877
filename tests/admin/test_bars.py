"""The council shuts a student out of an event with a reason: the sale knows it at once."""

import pytest
from django.test import Client

from accounts.models import User
from tests.admin.conftest import Away
from tests.admin.desk import DESK, desk_of, errors, press, told
from tests.factories import make_event, make_players, settle
from ticketing.allocation.base import Decision
from ticketing.models import Bar, Mode, Ticket

pytestmark = [pytest.mark.servers, pytest.mark.django_db]
Council = tuple[Client, User]
BARS = f"{DESK}bar/"
SHUT_OUT = f"{BARS}shut-out/"


def test_a_student_is_shut_out_by_number_and_reason(council: Council, mode: Mode) -> None:
    client, user = council
    event = make_event({"A": 2})
    alice, bob = make_players(["alice", "bob"])
    sent = {"event": event.pk, "student": alice.student.student_number, "reason": "표를 팔았음"}
    assert told(client.post(SHUT_OUT, sent, follow=True)) == "The student is shut out of this event."
    assert press(alice, event).decision is Decision.BARRED
    assert press(bob, event).decision is Decision.WON
    settle()
    bar = Bar.objects.get()
    assert (bar.student, bar.event, bar.actor, bar.reason) == (alice.student, event, user, "표를 팔았음")
    assert told(client.post(SHUT_OUT, sent, follow=True)) == "The student was shut out of this event already."
    settle()
    assert Bar.objects.count() == 1


def test_a_ticket_that_the_student_holds_stays(council: Council, mode: Mode) -> None:
    event = make_event({"A": 1})
    [alice] = make_players(["alice"])
    assert press(alice, event).decision is Decision.WON
    sent = {"event": event.pk, "student": alice.student.student_number, "reason": "왜"}
    council[0].post(SHUT_OUT, sent)
    settle()
    assert Ticket.objects.get().status == "held"


@pytest.mark.parametrize(
    ("field", "value"), [("reason", "  "), ("student", "19990101"), ("student", ""), ("event", "")]
)
def test_a_wrong_field_shuts_nobody_out(council: Council, field: str, value: str) -> None:
    event = make_event({"A": 1})
    [alice] = make_players(["alice"])
    sent = {"event": event.pk, "student": alice.student.student_number, "reason": "왜", field: value}
    page = council[0].post(SHUT_OUT, sent)
    assert page.status_code == 200
    assert errors(page)
    assert press(alice, event).decision is Decision.WON


def test_whoever_only_looks_shuts_nobody_out() -> None:
    client, _user = desk_of("council viewer")
    event = make_event({"A": 1})
    [alice] = make_players(["alice"])
    sent = {"event": event.pk, "student": alice.student.student_number, "reason": "왜"}
    assert client.post(SHUT_OUT, sent).status_code == 403
    assert SHUT_OUT.encode() not in client.get(BARS).content
    assert press(alice, event).decision is Decision.WON


def test_without_redis_nobody_is_shut_out_and_it_says_so(
    council: Council, in_redis: Mode, redis_away: Away
) -> None:
    client, _user = council
    event = make_event({"A": 1})
    [alice] = make_players(["alice"])
    sent = {"event": event.pk, "student": alice.student.student_number, "reason": "왜"}
    with redis_away:
        page = client.post(SHUT_OUT, sent)
    assert page.status_code == 200
    assert told(page) == "The sale cannot be asked now. Nobody was shut out; please try again."
    assert press(alice, event).decision is Decision.WON
