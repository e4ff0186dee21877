"""HTTP/1.1 over a kept-alive socket, as little of it as a load player needs: what it measures is the server.

Nothing here tries again: a request goes out once, and what came back, or that nothing did, is the result.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

LONGEST_LINE = 64 * 1024


class BrokenAnswer(Exception):
    """What came back is not an HTTP answer, or ended too early."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the server is."""

    host: str
    port: int
    tls: bool

    @classmethod
    def parse(cls, url: str) -> "Target":
        """Read an address like http://127.0.0.1:8000; raise ValueError for anything else."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is not an http address")
        tls = parts.scheme == "https"
        return cls(parts.hostname, parts.port or (443 if tls else 80), tls)

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; header names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connection:
    """One kept-alive connection; opened when it is needed, opened anew after the server has closed it."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    @property
    def is_open(self) -> bool:
        """Whether a connection stands, as far as is known here."""
        return bool(self._streams and not self._streams[0].at_eof() and not self._streams[1].is_closing())

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect, unless a connection stands, and return its two directions."""
        if self._streams and self.is_open:
            return self._streams
        self.close()
        context = unverified() if self._target.tls else None
        self._streams = await asyncio.open_connection(
            self._target.host, self._target.port, ssl=context, limit=LONGEST_LINE
        )
        return self._streams

    def close(self) -> None:
        """Let go of the connection."""
        if self._streams:
            self._streams[1].close()
        self._streams = None

    async def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Send one request and return its answer; the connection is given up when anything went wrong."""
        reader, writer = await self.open()
        try:
            writer.write(request_bytes(self._target, method, path, headers, body))
            await writer.drain()
            answer = await read_answer(reader)
        except BaseException:
            self.close()
            raise
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer


def unverified() -> ssl.SSLContext:
    """Return a TLS context that takes the demo's self-made certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def request_bytes(target: Target, method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return a request as it goes over the wire."""
    fields = {"Host": f"{target.host}:{target.port}", "Content-Length": str(len(body)), **headers}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    """Read one whole answer; raise BrokenAnswer when it is none or is cut short."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        version, _, rest = head[0].partition(" ")
        if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
            raise BrokenAnswer(f"not an HTTP answer: {head[0][:80]!r}")
        pairs = (row.partition(":") for row in head[1:] if row)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        return Answer(int(rest[:3]), headers, await read_body(reader, headers))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise BrokenAnswer("the answer ended too early") from error


async def read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    """Read the body: by its length, in chunks, or nothing when the answer names neither."""
    if headers.get("transfer-encoding", "").lower() == "chunked":
        chunks = []
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            chunks.append(await reader.readexactly(size))
            await reader.readexactly(2)
        await reader.readuntil(b"\r\n")
        return b"".join(chunks)
    return await reader.readexactly(int(headers.get("content-length", "0")))
