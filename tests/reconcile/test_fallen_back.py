"""PostgreSQL was restored to before it told Redis to decide, and is brought to what Redis knows."""

from collections.abc import Iterator

import pytest
from django.test import Client

from tests.contract.acts import bar, grant, void
from tests.contract.doors import Door
from tests.factories import make_event, make_players, make_student, mode_of_events, settle
from tests.reconcile.comparing import assert_alike, reconcile
from tests.recovery.losing import RowsFallenBack, kept_tables, put_back
from ticketing.models import Authority, Bar, Event, Mode, Repair, SaleCounter, Ticket

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def fallen_back(transactional_db: None) -> Iterator[RowsFallenBack]:
    with kept_tables():
        yield RowsFallenBack()


def switch(event: Event, mode: Mode) -> None:
    Event.objects.filter(pk=event.pk).update(mode=mode)
    settle()


def test_f2_rows_that_have_lost_decisions_get_them_back_and_the_sale_can_be_handed_to_them(
    fallen_back: RowsFallenBack, door: Door, client: Client
) -> None:
    token = mode_of_events.set(Mode.DATABASE)
    event = make_event({"A": 6}, waitlist_size=2)
    mode_of_events.reset(token)
    players = make_players(12)
    told = [door.claim(player, event.pk, "A") for player in players[:2]]
    fallen_back.remember()
    told += [door.claim(player, event.pk, "A") for player in players[2:4]]  # in no row and in no entry
    assert door.cancel(players[0], told[0].body["ticket"]).kind == "cancelled"
    void(event, told[1].body["ticket"])
    bar(event, players[11].student)
    assert grant(event, "A", make_student("bob")) == "granted"
    switch(event, Mode.REDIS)
    told += [door.claim(player, event.pk, "A") for player in players[4:9]]
    settle()
    assert [answer.kind for answer in told[2:]] == ["won"] * 5 + ["waitlisted"] * 2
    put_back()
    settle()
    assert client.get("/readyz").json()["parts"]["sales"] == f"rows to be repaired: {event.pk}"
    assert reconcile(event).code == 2, "its stream has stopped: the rows have given the same places"
    fixed = reconcile(event, "--fix")
    assert (fixed.code, fixed.left) == (0, set()), fixed
    assert Repair.objects.filter(kind="ticket_missing_in_rows").count() == 3
    assert_alike(event)
    assert reconcile(event, "--fix").repaired == 0
    assert client.get("/readyz").json()["parts"]["sales"] == "ok"
    switch(event, Mode.DATABASE)
    assert SaleCounter.objects.get(group=event.pk).authority == Authority.DATABASE
    assert_alike(event)
    for answer, player in zip(told[2:7], players[2:7], strict=True):
        again = door.claim(player, event.pk, "A")
        assert (again.kind, again.body["ticket"]) == ("already_won", answer.body["ticket"])
    assert door.claim(players[11], event.pk, "A").kind == "barred"
    assert door.claim(players[1], event.pk, "A").kind == "barred"
    assert {
        status: Ticket.objects.filter(status=status).count() for status in ("held", "void", "cancelled")
    } == {
        "held": 6,
        "void": 1,
        "cancelled": 1,
    }
    assert Bar.objects.filter(lifted_at=None).count() == 2
    assert door.claim(players[0], event.pk, "A").kind == "sold_out"
