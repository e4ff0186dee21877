"""Loses what was decided since a moment: all of Redis, or PostgreSQL's rows since then."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from festival.redis import at_each_master
from ticketing.allocation.priming import prime
from ticketing.models import Recovery
from ticketing.writeback import write_back

TABLES = (
    *("ticketing_salecounter", "ticketing_streamposition", "ticketing_eventstate", "ticketing_zonestate"),
    *("ticketing_place", "ticketing_claim", "ticketing_ticket", "ticketing_waitingentry", "ticketing_bar"),
    *("ticketing_trybudget", "ticketing_recovery", "ticketing_scan"),
)


class Loss(ABC):
    """A loss that a test lets happen: what was decided before `remember` is kept."""

    @abstractmethod
    def remember(self) -> None:
        """Bring what was decided so far to where it is not lost."""

    @abstractmethod
    def happen(self) -> None:
        """Lose everything since, and let the loop notice."""


class RedisEmptied(Loss):
    """Redis loses everything; the rows have followed as far as it was remembered."""

    def remember(self) -> None:
        write_back()

    def happen(self) -> None:
        at_each_master("flushdb")
        prime()


class RowsFallenBack(Loss):
    """PostgreSQL is as it was when it was remembered."""

    def remember(self) -> None:
        with connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"DROP TABLE IF EXISTS kept_{table}")
                cursor.execute(f"CREATE TABLE kept_{table} AS TABLE {table}")

    def happen(self) -> None:
        put_back()
        prime()


def put_back() -> None:
    """Put the remembered rows in the place of the present ones, as a restored server has them: without a trigger."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
            cursor.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")  # noqa: S608 - as above


@contextmanager
def kept_tables() -> Iterator[None]:
    """Take what was remembered away after the block."""
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"DROP TABLE IF EXISTS kept_{table}")


def let_it_end() -> None:
    """Let the time of the recovery pass, and the sale go on where the council wants it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ticketing_recovery SET until = clock_timestamp(), began_at = least(began_at, clock_timestamp())"
            " WHERE ended_at IS NULL"
        )
    prime()
    prime()
    assert not Recovery.objects.filter(ended_at=None).exists()
