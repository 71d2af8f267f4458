"""HTTP peers on loopback that say what a test wants, and the connections they were brought."""

import asyncio
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LOOPBACK = (ipaddress.ip_network("127.0.0.1/32"),)
GOOD = b'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 15\r\n\r\n{"rejected":[]}'


@contextlib.asynccontextmanager
async def peer(
    speak: Speak | None = None, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[int, list[Any]]]:
    """A peer on a free port, and the connections it was brought."""
    brought: list[Any] = []
    talks: set[asyncio.Task[Any]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        talks.add(talk)
        brought.append(writer.get_extra_info("peername"))
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await (speak or good)(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await asyncio.wait_for(writer.wait_closed(), 1)

    server = await asyncio.start_server(answer, host, 0, ssl=tls)
    yield server.sockets[0].getsockname()[1], brought
    server.close()
    for talk in talks:
        talk.cancel()
    await asyncio.gather(*talks, return_exceptions=True)


async def read_request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Read a request: its head, and its body of the length said there."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    return head.removesuffix(b"\r\n\r\n"), await reader.readexactly(length)


async def good(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer as a push gateway does that is well."""
    await read_request(reader)
    writer.write(GOOD)
    await writer.drain()


def run(story: Awaitable[None]) -> None:
    """Run what a test does to its end."""

    async def whole() -> None:
        await story

    asyncio.run(whole())
