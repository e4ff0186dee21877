"""Which priming loop writes to Redis: a lease in PostgreSQL, whose token the scripts compare."""

from uuid import uuid4

from django.db import connection

ME = uuid4()
TAKE = """
INSERT INTO ticketing_priminglease AS lease (id, owner, token, until)
VALUES (1, %(me)s, 1, now() + interval '5 seconds')
ON CONFLICT (id) DO UPDATE SET owner = %(me)s, until = now() + interval '5 seconds',
   token = CASE WHEN lease.owner = %(me)s THEN lease.token ELSE lease.token + 1 END
 WHERE lease.owner = %(me)s OR lease.until IS NULL OR lease.until < now()
RETURNING token
"""

SEIZE = """
INSERT INTO ticketing_priminglease AS lease (id, owner, token, until)
VALUES (1, %(me)s, 1, now() + interval '5 seconds')
ON CONFLICT (id) DO UPDATE SET owner = %(me)s, until = now() + interval '5 seconds', token = lease.token + 1
RETURNING token
"""


class Lost(Exception):
    """Another loop has taken the lease: what this one was building is not for use."""


def take() -> int | None:
    """Take the lease for five seconds, or prolong it; return its token, None while another process has it."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"me": ME})
        row = cursor.fetchone()
    return int(row[0]) if row else None


def keep(token: int) -> None:
    """Prolong the lease in the middle of long work; raises Lost."""
    if take() != token:
        raise Lost


def seize() -> int:
    """Take the lease for five seconds from whoever has it; return its token. A loop in the middle of work is Lost."""
    with connection.cursor() as cursor:
        cursor.execute(SEIZE, {"me": ME})
        return int(cursor.fetchone()[0])


def release(token: int) -> None:
    """Let the next loop have the lease at once, unless another one has it already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ticketing_priminglease SET until = now() WHERE owner = %s AND token = %s", [ME, token]
        )
