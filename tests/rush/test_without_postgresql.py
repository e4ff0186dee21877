"""F8: in mode `redis` a claim opens no database connection, so it is decided while PostgreSQL is away."""

from pathlib import Path

import pytest

from festival import embedded
from tests.conftest import production_server
from tests.contract.doors import OverHttp
from tests.factories import make_event, make_players, settle
from ticketing.models import Ticket

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


def test_f8_claims_are_decided_while_postgresql_is_away(tmp_path: Path) -> None:
    event, closed = make_event({"A": 2}), make_event({"A": 2}, opens_in=60)
    alice, bob, charlie = make_players(["alice", "bob", "charlie"])
    settle()
    nobody = f"postgresql://festival:x@127.0.0.1:{embedded.free_port()}/festival"
    with production_server(tmp_path, embedded.free_port(), DATABASE_URL=nobody) as (url, _process):
        door = OverHttp(url)
        won = door.claim(alice, event.pk, "A")
        told = [won, door.claim(alice, event.pk, "A"), door.claim(bob, event.pk, "A", "X")]
        told += [door.claim(bob, event.pk, "A"), door.claim(charlie, event.pk, "A")]
        told.append(door.claim(charlie, closed.pk, "A"))
        door.client.close()
    assert [answer.kind for answer in told] == [
        "won",
        "already_won",
        "unknown_zone",
        "won",
        "sold_out",
        "not_open",
    ]
    settle()
    assert set(Ticket.objects.values_list("student", flat=True)) == {alice.student.pk, bob.student.pk}
