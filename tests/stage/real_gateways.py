"""A real push gateway on loopback, that works or fails in every way that servers do."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

from tests.stage.gateways import Push
from tests.stage.peers import read_request
from tests.stage.waiting import until
from veche.base import json
from veche.domain.notifications.gateways import NOTIFY_PATH

Mood = Literal["well", "failing", "silent", "dripping", "flooding", "babbling", "hanging up", "rejecting"]
WELL = b'{"rejected":[]}'


class RealGateway:
    """Listens, unless it is ``closed``; ``mood`` is how it answers, ``tried`` how often it was called."""

    def __init__(self) -> None:
        self.port = 0
        self.mood: Mood = "well"
        self.pushes: list[Push] = []
        self.tried = 0
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[Any]] = set()

    @property
    def origin(self) -> str:
        """What the administrator lists."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """What a client names."""
        return self.origin + NOTIFY_PATH

    def events_to(self, pushkey: str) -> list[str]:
        """The events that a pusher was told of, each once, in the order in which they came."""
        told = [push.event_id for push in self.pushes if push.pushkey == pushkey and push.event_id is not None]
        return list(dict.fromkeys(told))

    async def heard(self, pushkey: str, events: list[str]) -> None:
        """Wait until a pusher was told of just these events, in this order."""
        await until(lambda: len(self.events_to(pushkey)) >= len(events), 0.01)
        assert self.events_to(pushkey) == events

    async def open(self) -> None:
        """Begin to listen: at first on a free port, later there again."""
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Listen no more, and hang up."""
        assert self._server is not None
        self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        self._talks.clear()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.add(talk)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while True:
                    _, body = await read_request(reader)
                    await self._answer(body, writer)
                    await writer.drain()
        finally:
            writer.close()

    async def _answer(self, body: bytes, writer: asyncio.StreamWriter) -> None:
        self.tried += 1
        push = Push(self.url, json.decode(body)["notification"])
        match self.mood:
            case "well" | "rejecting":
                self.pushes.append(push)
                answer = WELL if self.mood == "well" else json.encode({"rejected": [push.pushkey]})
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(answer), answer))
            case "failing":
                writer.write(b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n")
            case "babbling":
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
            case "hanging up":
                raise ConnectionResetError
            case "silent":
                await asyncio.Event().wait()
            case "dripping" | "flooding":
                await self._pour(writer, 1 if self.mood == "dripping" else 65_536)

    async def _pour(self, writer: asyncio.StreamWriter, size: int) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n")
        while True:
            writer.write(b"x" * size)
            await writer.drain()
            await asyncio.sleep(0.01)


@asynccontextmanager
async def gateway() -> AsyncIterator[RealGateway]:
    """A gateway that listens."""
    made = RealGateway()
    await made.open()
    try:
        yield made
    finally:
        await made.close()
