"""F10: in mode `redis` a claim reads no row, locks none, and uses no database connection."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from tests.conftest import Live, test_database_url
from tests.contract.doors import OverHttp
from tests.contract.test_crowds import assert_promises_kept, press_all
from tests.factories import make_event, make_players, settle
from ticketing.models import Ticket

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

SESSIONS = """
SELECT pid, backend_start, state, xact_start, query_start, state_change FROM pg_stat_activity
 WHERE datname = current_database() AND application_name = 'daedong-web' ORDER BY pid
"""


def sessions_of_the_web() -> list[tuple[Any, ...]]:
    """Return the web server's sessions in PostgreSQL, with the times at which each last did anything."""
    with connection.cursor() as cursor:
        cursor.execute(SESSIONS)
        return list(cursor.fetchall())


@contextmanager
def every_table_locked() -> Iterator[None]:
    """Let another transaction hold every table of ours, so that whoever so much as reads a row has to wait."""
    tables = [sql.Identifier(name) for name in connection.introspection.table_names()]
    with psycopg.connect(test_database_url()) as other:
        other.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.SQL(", ").join(tables)))
        yield
        other.rollback()


def test_f10_claims_are_decided_while_every_row_is_locked_and_no_session_stirs(live: Live) -> None:
    event = make_event({"A": 3, "B": 2})
    players = make_players(12)
    settle()
    assert live.client().get("/readyz").status_code == 200, "the web server has a session from now on"
    before = sessions_of_the_web()
    assert before
    door = OverHttp(live.url)
    with every_table_locked():
        told = press_all(door, event.pk, players, "B", "A")
        again = press_all(door, event.pk, players, "B", "A")
        after = sessions_of_the_web()
    door.client.close()
    assert after == before
    assert Counter(answer.kind for answer in told) == {"won": 5, "sold_out": 7}
    assert Counter(answer.kind for answer in again) == {"already_won": 5, "sold_out": 7}
    assert Ticket.objects.count() == 0, "rows come from the stream alone"
    assert_promises_kept(event, told)
