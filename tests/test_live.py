"""The `live` fixture: the production server sees what a test commits."""

import pytest
from django.db import connection

from tests.conftest import Live


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_the_production_server_answers_on_the_database_of_the_tests(live: Live) -> None:
    with live.client() as client:
        assert client.get("/healthz").status_code == 200
        ready = client.get("/readyz")
        assert ready.status_code == 200
        parts = {part: state for part, state in ready.json()["parts"].items() if part != "durability"}
        assert set(parts.values()) == {"ok"}, parts  # whether throw-away servers sync is their affair
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        assert cursor.fetchone()[0] >= 2  # the server's pool is connected to the same database as we
