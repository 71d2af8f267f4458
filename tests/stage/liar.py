"""An endpoint for storage that answers slowly, wrongly or not at all: whatever the test wants to be said."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec

from veche.storage.blobs.place import S3Place

BUCKET = "veche"
LISTING = '<?xml version="1.0"?><ListBucketResult><Name>{name}</Name>{contents}</ListBucketResult>'
ENTRY = "<Contents><Key>{key}</Key><Size>{size}</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"


class Asked(msgspec.Struct, frozen=True):
    """One request."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


class Liar:
    """A server on loopback. ``answer`` writes what it likes to the client; the connection is closed afterwards."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.endpoint = ""

    @property
    def place(self) -> S3Place:
        """The bucket that it says it has."""
        return S3Place(self.endpoint, BUCKET, "the key", "the secret")

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hear one request and answer it."""
        try:
            asked = await _read(reader, writer)
            self.asked.append(asked)
            await self.answer(asked, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # whoever asked has gone
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@contextlib.asynccontextmanager
async def lying(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[Liar]:
    """Let a liar listen; at the end it hangs up on everybody."""
    liar = Liar(answer)
    meetings: set[asyncio.Task[None]] = set()

    def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        meeting = asyncio.ensure_future(liar.meet(reader, writer))
        meetings.add(meeting)
        meeting.add_done_callback(meetings.discard)

    server = await asyncio.start_server(meet, "127.0.0.1", 0, ssl=tls)
    liar.endpoint = f"http{'s' if tls else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield liar
    finally:
        server.close()
        for meeting in meetings:
            meeting.cancel()
        await asyncio.gather(*meetings, return_exceptions=True)


def reply(status: int, body: bytes = b"", headers: dict[str, str] | None = None, length: int | None = None) -> bytes:
    """Return the bytes of an answer; ``length`` may lie about the body."""
    named = {"Content-Length": str(len(body) if length is None else length), "Connection": "close", **(headers or {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode() + body


def listing(contents: dict[str, int] | None = None, name: str = BUCKET, more: str = "") -> bytes:
    """Return the answer that lists these keys and sizes."""
    entries = "".join(ENTRY.format(key=key, size=size) for key, size in (contents or {}).items())
    return reply(200, LISTING.format(name=name, contents=entries + more).encode(), {"Content-Type": "application/xml"})


def error(status: int, code: str) -> bytes:
    """Return an answer as storage refuses."""
    return reply(status, f"<Error><Code>{code}</Code><Message>No.</Message></Error>".encode())


def saying(answer: bytes) -> Answer:
    """Say the same to everybody."""

    async def say(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return say


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    if "expect" in headers:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, target, headers, body)
