"""After a test that commits the database is as it was before the first."""

import threading
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection, transaction

from accounts.models import User
from festival import processes
from tests import cleaning
from ticketing.models import Festival

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

MANY = 2000  # of them a table is larger than one that is emptied row by row


def rows() -> dict[str, list[Any]]:
    """Return every row of every table that is to be emptied."""
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.django_table_names(only_existing=True, include_views=False):
            name = connection.ops.quote_name(table)
            cursor.execute(f"SELECT {name}::text FROM {name} ORDER BY 1")  # noqa: S608 - names of our own tables
            found[table] = [row for (row,) in cursor.fetchall()]
    return found


def leave_traces(people: int) -> None:
    """Add, change and delete rows, among them those that stand in a new database."""
    User.objects.bulk_create(User(username=f"left-{number}") for number in range(people))
    Festival.objects.update(name="다른 축제")
    Group.objects.create(name="left")
    Permission.objects.all()[:1].get().delete()


@pytest.mark.parametrize("people", [1, MANY, 2])
def test_nothing_of_the_test_before_is_there(people: int) -> None:
    assert not User.objects.exists()
    assert not Group.objects.filter(name="left").exists()
    assert not Festival.objects.filter(name="다른 축제").exists()
    leave_traces(people)


@pytest.mark.parametrize("people", [1, MANY])
def test_every_row_is_as_it_was(people: int) -> None:
    before = rows()
    leave_traces(people)
    assert rows() != before
    cleaning.run(cleaning.EMPTY)
    assert rows() == before


def test_djangos_own_flush_leaves_as_many_rows_in_the_same_tables() -> None:
    before = {table: len(found) for table, found in rows().items()}
    leave_traces(1)
    call_command("flush", verbosity=0, interactive=False, reset_sequences=False)
    assert {table: len(found) for table, found in rows().items()} == before


def waits() -> bool:
    """Say whether a session waits for a lock of another."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


def test_who_still_writes_is_waited_for() -> None:
    def emptied() -> None:
        cleaning.run(cleaning.EMPTY)
        connection.close()

    emptying = threading.Thread(target=emptied)
    with transaction.atomic():
        leave_traces(1)
        emptying.start()
        assert processes.wait_until(waits, 20)
    emptying.join(20)
    assert not emptying.is_alive()
    assert not User.objects.exists()
