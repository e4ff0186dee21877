"""How the test database is emptied after a test that has committed: as Django's `flush` does it, but quickly.

Django truncates every table and then lets all `post_migrate` handlers make permissions, groups and the first festival
anew. Here the same locks are taken on the same tables, so that whoever still writes is waited for; then only tables
that hold something are emptied, and the rows that stand in a new database are put back as they were.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection, transaction
from django.test import TransactionTestCase

SMALL = 64 * 1024
KEEP = """
DROP SCHEMA IF EXISTS kept CASCADE;
CREATE SCHEMA kept;
DO $$
DECLARE
    name text;
    filled boolean;
BEGIN
    FOREACH name IN ARRAY ARRAY[{tables}] LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO filled;
        IF filled THEN
            EXECUTE format('CREATE TABLE kept.%I AS TABLE public.%I', name, name);
        END IF;
    END LOOP;
END $$
"""
# Triggers and foreign keys stand still meanwhile: rows leave and come back as they were, whatever their order.
# Deleting is quicker than TRUNCATE, which makes new files, as long as there is little to delete.
EMPTY = """
LOCK TABLE {locked} IN ACCESS EXCLUSIVE MODE;
SET LOCAL session_replication_role = replica;
DO $$
DECLARE
    name text;
    columns text;
    other boolean;
BEGIN
    FOREACH name IN ARRAY ARRAY[{tables}] LOOP
        CONTINUE WHEN to_regclass(format('kept.%I', name)) IS NOT NULL;
        IF pg_relation_size(format('public.%I', name)::regclass) > {small} THEN
            EXECUTE format('TRUNCATE public.%I CASCADE', name);
        ELSIF pg_relation_size(format('public.%I', name)::regclass) > 0 THEN
            EXECUTE format('DELETE FROM public.%I', name);
        END IF;
    END LOOP;
    FOR name, columns IN
        SELECT relname, string_agg(quote_ident(attname), ', ' ORDER BY attnum)
          FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
         WHERE relnamespace = 'kept'::regnamespace AND relkind = 'r' GROUP BY relname
    LOOP
        EXECUTE format(
            'SELECT EXISTS ((SELECT %1$s FROM public.%2$I EXCEPT ALL SELECT %1$s FROM kept.%2$I) UNION ALL '
            '(SELECT %1$s FROM kept.%2$I EXCEPT ALL SELECT %1$s FROM public.%2$I))', columns, name
        ) INTO other;
        IF other THEN
            EXECUTE format('DELETE FROM public.%I', name);
            EXECUTE format('INSERT INTO public.%2$I (%1$s) SELECT %1$s FROM kept.%2$I', columns, name);
        END IF;
    END LOOP;
END $$
"""


def run(statements: str) -> None:
    """Run statements about the tables that Django's `flush` empties."""
    tables = sorted(connection.introspection.django_table_names(only_existing=True, include_views=False))
    names = ", ".join(f"'{table}'" for table in tables)
    locked = ", ".join(connection.ops.quote_name(table) for table in tables)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statements.format(tables=names, locked=locked, small=SMALL))


def keep() -> None:
    """Remember the rows of a new database, those that Django's own `flush` leaves."""
    call_command("flush", verbosity=0, interactive=False, reset_sequences=False)
    run(KEEP)


def empty(_case: TransactionTestCase) -> None:
    """Leave exactly the rows of a new database."""
    run(EMPTY)
    ContentType.objects.clear_cache()  # as after a migration: what a test has added is unknown again


@contextmanager
def quick() -> Iterator[None]:
    """Let tests that have committed be followed by `empty` while the block runs; `keep` comes first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty)
        yield
