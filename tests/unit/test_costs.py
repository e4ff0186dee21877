"""What an answer may cost: statements, network, and locks held meanwhile."""

from collections.abc import Callable
from typing import Any

import pytest
import redis
from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import make_event, make_players
from tests.faults import frozen_redis
from ticketing.claims import claim
from ticketing.models import Claim
from ticketing.tickets import cancel

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


def statements(work: Callable[[], Any]) -> int:
    """Return the number of statements that a piece of work sends."""
    with CaptureQueriesContext(connection) as seen:
        work()
    return len(seen.captured_queries)


def rows_written() -> int:
    """Return how many rows have been written in this database so far."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables")
        return int(cursor.fetchone()[0])


def writes(work: Callable[[], Any]) -> int:
    """Return the number of rows that a piece of work writes."""
    before = rows_written()
    work()
    return rows_written() - before


def test_f12_sold_out_costs_less_than_a_win() -> None:
    event = make_event({"A": 1, "B": 1, "C": 2})
    alice, bob, charlie, dora, emil, fred = make_players(["alice", "bob", "charlie", "dora", "emil", "fred"])
    for player, zone in ((alice, "A"), (bob, "B")):
        claim(event_id=event.pk, zones=[zone], claimant=player.claimant)

    def press(player: Any) -> Callable[[], Any]:
        return lambda: claim(event_id=event.pk, zones=["A", "B", "C"], claimant=player.claimant)

    win, statements_of_a_win = writes(press(charlie)), statements(press(dora))
    loss, later_loss = writes(press(emil)), writes(press(emil))
    assert Claim.objects.filter(student=emil.student).count() == 1
    assert statements(press(fred)) <= statements_of_a_win
    assert later_loss < loss < win


def test_refusals_before_the_opening_take_no_lock() -> None:
    event = make_event({"A": 1}, opens_in=60)
    (alice,) = make_players(["alice"])
    with CaptureQueriesContext(connection) as seen:
        claim(event_id=event.pk, zones=["A"], claimant=alice.claimant)
    assert not [query for query in seen.captured_queries if "FOR NO KEY UPDATE" in query["sql"]]


def test_f9_a_claim_and_a_cancel_talk_to_postgresql_alone() -> None:
    """With Redis frozen, whatever asks it while a transaction or lock is held fails after its time-out."""
    event = make_event({"A": 1})
    (alice,) = make_players(["alice"])
    with frozen_redis(settings.REDIS_URL), frozen_redis(settings.CACHE_URL):
        with (
            redis.Redis.from_url(settings.CACHE_URL, socket_timeout=0.2) as cache,
            pytest.raises(redis.TimeoutError),
        ):
            cache.ping()
        outcome = claim(event_id=event.pk, zones=["A"], claimant=alice.claimant)
        assert outcome.ticket is not None
        assert cancel(alice.student, outcome.ticket.code).status == "cancelled"


def test_f11_a_fresh_event_page_costs_a_stranger_no_statement(client: Client) -> None:
    event = make_event({"A": 1, "B": 2})
    caches["process"].clear()
    first, second = (statements(lambda: client.get(f"/events/{event.pk}/")) for _ in range(2))
    assert first > 0
    assert second == 0


def test_the_list_of_events_does_not_cost_more_for_more_events(client: Client) -> None:
    counts = []
    for _ in range(2):
        make_event({"A": 1, "B": 2}, name="하나 더")
        caches["process"].clear()
        counts.append(statements(lambda: client.get("/api/events/")))
    assert counts[0] == counts[1]
