"""One connection to the real server, spoken to in bytes: for what no HTTP library would send."""

import asyncio
import contextlib
import re
import ssl
from types import TracebackType
from typing import Self

from tests.stage import witness
from tests.stage.asgi import Answer
from tests.stage.server import Server

PATIENCE = 60.0
"""Seconds after which an answer that does not come is given up."""
_FIRST_LINE = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.[01]\r\n")
"""Begins a request, right behind the body of another; no body that a test sends has such a line."""


class Wire:
    """A connection. ``say`` writes, ``hear`` reads one answer, ``ends`` says that the server has closed."""

    def __init__(self, port: int, trust: ssl.SSLContext | None = None) -> None:
        self._port = port
        self._trust = trust
        self._said = b""
        self._heard = 0

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, ssl=self._trust)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.transport.abort()

    async def say(self, *parts: bytes) -> None:
        """Write; every part is a packet of its own.

        Inside TLS the server's goodbye ends the saying too: what it answered can be heard all the same.
        """
        self._said += b"".join(parts)
        with contextlib.suppress(*([ConnectionResetError] if self._trust else [])):
            for part in parts:
                self._writer.write(part)
                await self._writer.drain()
                await asyncio.sleep(0.001)

    async def hear(self, *, has_body: bool = True) -> Answer:
        """Read one answer."""
        async with asyncio.timeout(PATIENCE):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:-2])}
            size = int(headers.get("content-length", 0)) if has_body else 0
            answer = Answer(int(head[0].split()[1]), headers, await self._reader.readexactly(size))
        if answer.status >= 200:  # those below only announce the answer
            self._show(answer)
        return answer

    async def take(self, size: int) -> bytes:
        """Read what has come, at most so many bytes."""
        async with asyncio.timeout(PATIENCE):
            return await self._reader.read(size)

    async def ends(self) -> bool:
        """Wait for the server to close; say whether nothing came before that."""
        async with asyncio.timeout(PATIENCE):
            return await self._reader.read() == b""

    def _show(self, answer: Answer) -> None:
        """Show what was answered to the next request; nonsense is none, and the last that a connection hears."""
        asked = _FIRST_LINE.findall(self._said)[self._heard : self._heard + 1]
        self._heard += 1
        for method, path in asked:
            witness.show(method.decode(), path.decode("latin-1"), answer)


def wire(server: Server) -> Wire:
    """A new connection, for ``async with``."""
    return Wire(server.port, server.trust())


def request(
    method: str, path: str, body: bytes | None = None, *headers: str, token: str = "", version: str = "1.1"
) -> bytes:
    """A request in bytes."""
    lines = [f"{method} {path} HTTP/{version}", "Host: veche.test", *headers]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """A body in chunks."""
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + end
