"""Asks, before a script's answer is told, whether a replica has everything that the answer rests on.

WAIT and WAITAOF are about the last write of their connection, so they go over the connection of the script: another one
may lead to a master that was promoted meanwhile and knows nothing of it. A script that wrote nothing, as the one that
says `already_won`, would be told of an older write; so there is a small write before each question, which stands behind
everything that the script wrote or read.
"""

import math
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, Protocol

import redis
from django.conf import settings

STEP_MS = 20  # a replica that was asked while it synced says so only when it is asked again
SILENT_SECONDS, BRIEF_MS = 1, 100
HEARS = "hears"
Answer = list[str]


class Wait(StrEnum):
    """What an answer waits for (FESTIVAL_REDIS_WAIT)."""

    NO = "no"
    REPLICA = "replica"  # a replica has it in its memory
    REPLICA_FILE = "replica-file"  # a replica has it in its append-only file, synced


class Unconfirmed(redis.RedisError):
    """No replica has said in time that it has what the answer rests on; what was decided stands."""


class Patience:
    """How long this process waits for a replica: briefly after one was silent, or all threads would stand and wait.

    A brief wait that was in vain prolongs nothing: a replica that is slow, not away, is waited for again in a second.
    """

    def __init__(self) -> None:
        self.silent_since = -math.inf

    def begin(self) -> int:
        """Return the milliseconds to wait from now on."""
        silent = time.monotonic() - self.silent_since < SILENT_SECONDS
        return min(BRIEF_MS, settings.REDIS_WAIT_MS) if silent else int(settings.REDIS_WAIT_MS)

    def in_vain(self, waited_ms: int) -> None:
        """Note that a replica was silent for so long."""
        if waited_ms == settings.REDIS_WAIT_MS:
            self.silent_since = time.monotonic()

    def end_of_silence(self) -> None:
        self.silent_since = -math.inf


patience = Patience()


class Connection(Protocol):
    """What this needs of redis-py's connections."""

    def send_command(self, *args: Any) -> None: ...
    def read_response(self) -> Any: ...


def mark_of(key: str) -> str:
    """Return the name of the small write: a key beside `key`, in the same slot of a cluster."""
    return f"{key[: key.index('}') + 1]}:asked"


def confirm(connection: Connection, key: str) -> None:
    """Return when a replica has everything that was written before; raises Unconfirmed after `REDIS_WAIT_MS`."""
    ask(connection, "SET", mark_of(key), "")
    waited = patience.begin()
    until = time.monotonic() + waited / 1000
    while (left := round((until - time.monotonic()) * 1000)) > 0:
        if has_it(connection, left):
            patience.end_of_silence()
            return
    patience.in_vain(waited)
    raise Unconfirmed


def has_it(connection: Connection, left_ms: int) -> bool:
    """Tell whether a replica has this connection's last write, or says so in time."""
    if settings.REDIS_WAIT == Wait.REPLICA:
        return int(ask(connection, "WAIT", 1, left_ms)) >= 1
    _here, replicas = ask(connection, "WAITAOF", 0, 1, min(STEP_MS, left_ms))
    return int(replicas) >= 1


def ask(connection: Connection, *command: Any) -> Any:
    """Send a command over a connection and return what it says; raises RedisError."""
    connection.send_command(*command)
    return connection.read_response()


class Hearing(redis.Redis):
    """A client that lets whoever sends a command read its answer before the connection goes back to the pool."""

    def parse_response(self, connection: Any, command_name: str, **options: Any) -> Any:
        hears: Callable[[Any, Connection], None] | None = options.pop(HEARS, None)
        answer = super().parse_response(connection, command_name, **options)  # type: ignore[no-untyped-call]
        if hears is not None:
            hears(answer, connection)
        return answer


class ConfirmedScript:
    """A script like redis-py's, of which those answers that `binds` picks are told when a replica has them."""

    def __init__(self, client: redis.Redis, text: str, binds: Callable[[Answer], bool]) -> None:
        self.client, self.plain, self.binds = client, client.register_script(text), binds

    def __call__(self, keys: Sequence[str], args: Sequence[str | int]) -> Any:
        try:
            return self.run(keys, args)
        except redis.exceptions.NoScriptError:
            self.client.script_load(self.plain.script)
            return self.run(keys, args)

    def run(self, keys: Sequence[str], args: Sequence[str | int]) -> Any:
        """Run the script by its digest, and hear its answer on the connection that it came by."""

        def hears(answer: Any, connection: Connection) -> None:
            if self.binds(answer):
                confirm(connection, keys[0])

        send: Any = self.client.execute_command
        return send("EVALSHA", self.plain.sha, len(keys), *keys, *args, **{HEARS: hears})
