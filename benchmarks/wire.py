"""A very cheap HTTP/1.1 client with keep-alive, so that the driver is never the bottleneck. Knows no Matrix."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, cast

import msgspec

Answered = Callable[[int, bytes], None]
"""Called with status and body; status 0 means that the connection was lost first."""

END = b"\r\n\r\n"


class Refused(Exception):
    """The server answered a request of the preparation with an error."""


class Wire(asyncio.Protocol):
    """One connection with at most one request under way."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._answered: Answered | None = None
        self._parts: list[bytes] = []
        self._missing = 0

    @property
    def is_open(self) -> bool:
        """False once either side has closed."""
        return self._transport is not None and not self._transport.is_closing()

    def ask(self, request: bytes, answered: Answered) -> None:
        """Writes a whole request; `answered` is called from the loop when its answer is complete."""
        if self._answered is not None:
            raise RuntimeError("one request at a time on a wire")
        self._answered = answered
        if self._transport is None or self._transport.is_closing():
            asyncio.get_running_loop().call_soon(self._answer, 0, b"")
        else:
            self._transport.write(request)

    async def fetch(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of one request; status 0 if the connection was lost."""
        done: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()

        def answered(status: int, body: bytes) -> None:
            if not done.done():
                done.set_result((status, body))

        self.ask(request, answered)
        return await done

    def close(self) -> None:
        """Hangs up; a request under way is forgotten."""
        self._answered = None
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the connection stands."""
        self._transport = cast(asyncio.WriteTransport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio: the connection is gone."""
        self._transport = None
        self._answer(0, b"")

    def data_received(self, data: bytes) -> None:
        """asyncio: collects until the answer is whole. `_missing` spares long bodies a second look at every piece."""
        if self._parts:
            self._parts.append(data)
            self._missing -= len(data)
            if self._missing > 0:
                return
            data = b"".join(self._parts)
        head_end = data.find(END)
        if head_end < 0:
            self._wait(data, 1)
            return
        head = data[:head_end].lower()
        at = head.find(b"\r\ncontent-length:")
        if at < 0:
            self._chunked(data, head, head_end)
            return
        stop = head.find(b"\r\n", at + 2)
        length = int(head[at + 17 : stop if stop > 0 else None])
        missing = head_end + 4 + length - len(data)
        if missing > 0:
            self._wait(data, missing)
            return
        self._parts = []
        self._answer(int(data[9:12]), data[head_end + 4 :])

    def _wait(self, data: bytes, missing: int) -> None:
        self._parts = [data]
        self._missing = missing

    def _chunked(self, data: bytes, head: bytes, head_end: int) -> None:
        if b"transfer-encoding: chunked" not in head:
            self._parts = []
            self._answer(int(data[9:12]), b"")
        elif not data.endswith(b"0\r\n\r\n"):
            self._wait(data, 1)
        else:
            self._parts = []
            self._answer(int(data[9:12]), _join_chunks(data, head_end + 4))

    def _answer(self, status: int, body: bytes) -> None:
        answered, self._answered = self._answered, None
        if answered is not None:
            answered(status, body)


class Pool:
    """A few wires to one address for work where order and speed do not matter: preparation and occasional requests."""

    def __init__(self, port: int, size: int = 16) -> None:
        self._port = port
        self._free: asyncio.LifoQueue[Wire] = asyncio.LifoQueue()
        for _ in range(size):
            self._free.put_nowait(Wire())

    async def fetch(self, request: bytes) -> tuple[int, bytes]:
        """Status and body; a connection that the server closed while it was idle is opened again."""
        wire = await self._free.get()
        try:
            for _ in range(2):
                if not wire.is_open:
                    wire = await connect(self._port)
                status, body = await wire.fetch(request)
                if status:
                    return status, body
            raise ConnectionError("the server hung up twice")
        finally:
            self._free.put_nowait(wire)

    async def call(self, method: str, path: str, token: str = "", body: object = None) -> Any:
        """The decoded answer. Raises Refused for any status but 200."""
        status, answer = await self.fetch(request(method, path, token, body))
        if status != 200:
            raise Refused(f"{method} {path.partition('?')[0]}: {status} {answer[:300]!r}")
        return msgspec.json.decode(answer)

    def close(self) -> None:
        """Hangs up everywhere."""
        while not self._free.empty():
            self._free.get_nowait().close()


async def connect(port: int, trust: ssl.SSLContext | None = None) -> Wire:
    """A new connection over loopback, by TLS where something is trusted."""
    _, wire = await asyncio.get_running_loop().create_connection(Wire, "127.0.0.1", port, ssl=trust)
    return wire


async def connect_many(port: int, count: int) -> list[Wire]:
    """`count` connections, opened a hundred at a time to stay below the listen backlog."""
    wires: list[Wire] = []
    while len(wires) < count:
        wires += await asyncio.gather(*(connect(port) for _ in range(min(100, count - len(wires)))))
    return wires


def request(method: str, path: str, token: str = "", body: object = None) -> bytes:
    """The bytes of a request; `body` is encoded as JSON unless it is None."""
    head = f"{method} {path} HTTP/1.1\r\nHost: bench.example\r\n"
    if token:
        head += f"Authorization: Bearer {token}\r\n"
    if body is None:
        return head.encode() + b"\r\n"
    encoded = msgspec.json.encode(body)
    head += f"Content-Type: application/json\r\nContent-Length: {len(encoded)}\r\n\r\n"
    return head.encode() + encoded


def _join_chunks(data: bytes, at: int) -> bytes:
    body = bytearray()
    while True:
        line = data.index(b"\r\n", at)
        size = int(data[at:line], 16)
        if size == 0:
            return bytes(body)
        body += data[line + 2 : line + 2 + size]
        at = line + 4 + size
