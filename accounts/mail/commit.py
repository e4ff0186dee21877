"""A commit whose answer is not waited for at once, so that what must follow it follows within microseconds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection


@contextmanager
def committed_on_the_way(change: Callable[[], None]) -> Iterator[None]:
    """Make a change in a transaction, send its COMMIT, and run the block while the answer is on its way back.

    What `change` raises takes it back, and the block does not run. The block holds no lock: PostgreSQL commits while it
    runs. Raises DatabaseError after the block when PostgreSQL has not committed: it died in just that moment.
    """
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        try:
            change()
        except DatabaseError:
            connection.close()
            raise
        except BaseException:
            cursor.execute("ROLLBACK")
            raise
    with connection.wrap_database_errors, connection.connection.pipeline():
        connection.connection.execute("COMMIT")  # sent now; leaving the pipeline waits for the answer
        yield
