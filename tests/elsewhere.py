"""Lets this process decide at another Redis, or read another PostgreSQL, than the test run's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from django.core.cache import caches
from django.db import connection
from django.test import override_settings

from festival.env import Environment
from festival.redis import sale
from festival.redis_address import read_redis
from festival.redis_wait import patience
from tests import valkeys
from ticketing.allocation import witness
from ticketing.allocation.rush import scripts


def forget_client() -> None:
    """Forget the connections, and everything that was seen over them."""
    sale.cache_clear()
    scripts.script.cache_clear()
    patience.end_of_silence()
    witness.forget()
    caches["process"].clear()


@contextmanager
def sale_at(url: str, **settings: Any) -> Iterator[None]:
    """Let this process decide at another address while the block runs, with other settings where some are given."""
    env = Environment({"REDIS_URL": url})
    address = read_redis(env, "REDIS_URL")
    env.finish()
    with override_settings(REDIS_SALE=address, SENTINEL_PASSWORD=valkeys.PASSWORD, **settings):
        forget_client()
        try:
            yield
        finally:
            forget_client()


@contextmanager
def rows_at(url: str) -> Iterator[None]:
    """Let this thread read and write another PostgreSQL while the block runs; its tables must be there."""
    parts = urlsplit(url)
    there = {
        "HOST": parts.hostname,
        "PORT": str(parts.port),
        "NAME": parts.path.lstrip("/"),
        "USER": parts.username,
        "PASSWORD": parts.password,
    }
    here = {name: connection.settings_dict[name] for name in there}
    connection.close()
    connection.settings_dict.update(there)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(here)
