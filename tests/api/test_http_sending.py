"""Replies to clients that go away as they begin, or take nothing: no fault of the server, and nothing stays open."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

import pytest

from tests.stage.world import World
from veche.api.http import sending
from veche.api.http.bodies import Message
from veche.api.http.contract import Door, Empty, Endpoint, Reply, StreamedReply
from veche.api.http.door import Application
from veche.domain.sessions import Asker


class Connection:
    """A connection that fails at one message, as uvloop's does when it was closed a moment ago, or stands still."""

    def __init__(self, fails_at: int = -1, stands_at: int = -1, *, is_closing: bool = True) -> None:
        self.sent: list[Message] = []
        self.gone, self.stands = asyncio.Event(), asyncio.Event()
        self._fails_at, self._stands_at, self._is_closing = fails_at, stands_at, is_closing
        self.aborted = 0
        self.waiting: list[int] = []
        """What still waits to be sent, look by look."""
        self.may_send, self.is_asked = asyncio.Event(), asyncio.Event()
        self.may_send.set()

    def get_write_buffer_size(self) -> int:
        left = self.waiting.pop(0) if self.waiting else 0
        if not self.waiting:
            self.is_asked.set()
        return left

    def is_closing(self) -> bool:
        return self._is_closing

    def abort(self) -> None:
        self.aborted += 1

    async def send(self, message: Message) -> None:
        await self.may_send.wait()
        if len(self.sent) == self._fails_at:
            raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")
        self.sent.append(message)
        if len(self.sent) == self._stands_at:
            self.stands.set()
            await asyncio.Event().wait()

    async def receive(self) -> Message:
        await self.gone.wait()
        return {"type": "http.disconnect"}


class Source:
    """Three parts, and whether they were closed."""

    def __init__(self) -> None:
        self.taken = 0
        self.is_open = True
        self.parts = _Parts(self)
        self.serving: Callable[..., Awaitable[StreamedReply]] = self._at_once

    async def serve(self, door: Door, asker: Asker, query: Empty) -> StreamedReply:
        return await self.serving(door, asker, query)

    async def _at_once(self, door: Door, asker: Asker, query: Empty) -> StreamedReply:
        return StreamedReply(self.parts, 30)


class _Parts(AsyncGenerator[bytes, None]):
    """Like what files are read from: closed is what counts, also when nobody has begun."""

    def __init__(self, source: Source) -> None:
        self._source = source

    async def asend(self, value: None) -> bytes:
        if self._source.taken == 3:
            raise StopAsyncIteration
        self._source.taken += 1
        return b"0123456789"

    async def athrow(self, *reason: Any) -> bytes:
        raise AssertionError(reason)

    async def aclose(self) -> None:
        self._source.is_open = False


async def plain(door: Door, asker: Asker, query: Empty) -> Reply:
    return Reply(b"{}")


async def ask(world: World, source: Source, connection: Connection, path: str = "/parts", method: str = "GET") -> None:
    """Send a request over that connection."""
    endpoints = (
        Endpoint("GET", "/parts", "public", "none", Empty, StreamedReply, source.serve),
        Endpoint("GET", "/plain", "public", "none", Empty, Reply, plain),
    )
    scope: Message = {"type": "http", "method": method, "scheme": "http", "path": path, "raw_path": path.encode()}
    scope.update({"query_string": b"", "headers": [], "client": ("127.0.0.1", 50_000), sending.TRANSPORT: connection})
    await Application(world.running.application.door, endpoints)(scope, connection.receive, connection.send)


@pytest.mark.parametrize("path", ["/plain", "/parts"])
@pytest.mark.parametrize("fails_at", [0, 1])
async def test_who_goes_away_as_the_reply_begins_is_no_fault(world: World, path: str, fails_at: int) -> None:
    source, connection = Source(), Connection(fails_at)
    await ask(world, source, connection, path)
    assert len(connection.sent) == fails_at
    assert source.is_open == (path == "/plain")


async def test_who_goes_away_before_the_end_is_no_fault(world: World) -> None:
    for fails_at in range(2, 8):
        source = Source()
        await ask(world, source, Connection(fails_at))
        assert not source.is_open


async def test_faults_of_a_connection_that_stands_are_told(world: World) -> None:
    source = Source()
    with pytest.raises(RuntimeError):
        await ask(world, source, Connection(0, is_closing=False))
    assert not source.is_open


async def test_whoever_takes_nothing_is_cut_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_PATIENCE_SECONDS", 0.01)
    for stands_at in range(2, 9):
        source, connection = Source(), Connection(stands_at=stands_at)
        await ask(world, source, connection)
        assert (connection.aborted, source.is_open) == (1, False), stands_at


@pytest.mark.parametrize(
    ("waiting", "is_cut"), [([9_000] * 9, True), ([*range(9_000, 8_991, -1)], True), ([9_000, 0], False)]
)
async def test_a_reply_waits_for_those_before_it_while_these_are_taken(
    world: World, monkeypatch: pytest.MonkeyPatch, waiting: list[int], is_cut: bool
) -> None:
    monkeypatch.setattr(sending, "_PATIENCE_SECONDS", 0.01)
    source, connection = Source(), Connection()
    taken = asyncio.Event()
    connection.waiting, connection.may_send = waiting, taken
    asking = asyncio.ensure_future(ask(world, source, connection, "/plain"))
    if not is_cut:
        await connection.is_asked.wait()
        taken.set()
    await asking
    assert connection.aborted == is_cut
    assert [message["type"] for message in connection.sent] == (
        [] if is_cut else [f"http.response.{part}" for part in ("start", "body")]
    )


async def test_no_part_is_read_before_the_one_before_was_taken(world: World) -> None:
    source, connection = Source(), Connection(stands_at=3)
    asking = asyncio.ensure_future(ask(world, source, connection))
    await connection.stands.wait()
    for _ in range(20):
        await asyncio.sleep(0)
    assert source.taken == 1
    asking.cancel()
    await asyncio.wait([asking])
    assert not source.is_open


async def test_a_reply_that_comes_although_nobody_waits_is_closed(world: World) -> None:
    source = Source()
    begun = asyncio.Event()

    async def stubborn(door: Door, asker: Asker, query: Empty) -> StreamedReply:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return StreamedReply(source.parts, 30)
        raise AssertionError("nothing was waited for")

    source.serving = stubborn
    connection = Connection()
    asking = asyncio.ensure_future(ask(world, source, connection))
    await begun.wait()
    connection.gone.set()
    await asking
    assert (connection.sent, source.is_open) == ([], False)
