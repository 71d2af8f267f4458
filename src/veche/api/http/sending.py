"""Replies on their way out through ASGI, whatever the client does meanwhile: it goes away, or takes nothing.

What is answered is not known here.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from veche.api.http.bodies import Disconnected, Message, Receive
from veche.api.http.contract import Reply, StreamedReply

Send = Callable[[Message], Awaitable[None]]

TRANSPORT = "veche.transport"
"""Where a scope has the connection itself: only that knows whether it is closed, and can be cut."""
_PATIENCE_SECONDS = 60.0
"""Seconds after which a client that takes nothing of a long reply is let go."""
LEAST_PER_SECOND = 2**12
"""Bytes of a long request or reply that a client has to send or take."""
_LOOKS = 4
"""So often it may be found to have taken nothing."""
_log = logging.getLogger("veche.http")


@contextlib.asynccontextmanager
async def closing(reply: Reply | StreamedReply) -> AsyncIterator[None]:
    """Close what a reply is read from, whether or not anything of it could be sent."""
    try:
        yield
    finally:
        if isinstance(reply, StreamedReply):
            await reply.parts.aclose()


async def gone(receive: Receive) -> None:
    """Return when the client has gone, whatever it still sends."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def send_reply(
    scope: Message, receive: Receive, send: Send, reply: Reply | StreamedReply, headers: list[tuple[bytes, bytes]]
) -> None:
    """Send a reply to its end, or to that of the client; the caller closes it afterwards."""
    line = _Line(scope, receive, send)
    try:
        await _begin(line, {"type": "http.response.start", "status": reply.status, "headers": headers})
        if isinstance(reply, Reply):
            await line.say(_body(b"" if line.is_head else reply.body))
        else:
            await _stream(line, reply)
    except Disconnected:
        _log.debug("a client went away while it was being answered")


class Unsent:
    """What was written for a client and not taken, look by look. Whatever it takes earns it time: the kernel hands on
    in large steps, so that between two looks even an honest client may seem to take nothing.
    """

    def __init__(self) -> None:
        self._bytes = 0
        self._seconds = 0.0

    def is_left_lying(self, left: int, seconds: float) -> bool:
        """Say whether the client has used up its time: ``left`` bytes still wait, so long after the last look."""
        taken, self._bytes = self._bytes - left, left
        if not left or taken < 0:  # a reply came to it
            self._seconds = 0.0
            return False
        self._seconds = max(0.0, self._seconds + seconds - taken / LEAST_PER_SECOND)
        return self._seconds >= _LOOKS * seconds


class _Line:
    """The way to one client."""

    def __init__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.is_head = scope["method"] == "HEAD"
        self._transport: Any = scope.get(TRANSPORT)
        self._receive = receive
        self._send = send

    async def say(self, message: Message) -> None:
        """Send a message; raises ``Disconnected`` where the connection has just been closed."""
        try:
            await self._send(message)
        except (RuntimeError, OSError):  # RuntimeError is what uvloop says of a connection that is closed
            if self._transport is None or not self._transport.is_closing():
                raise
            raise Disconnected from None

    @property
    def unsent(self) -> int:
        """Bytes that wait for the client."""
        return 0 if self._transport is None else int(self._transport.get_write_buffer_size())

    async def gone(self) -> None:
        """Return when the client has gone."""
        await gone(self._receive)

    def cut(self) -> None:
        """End the connection, and forget what still waits to be sent: closing would wait for the client."""
        if self._transport is not None:
            self._transport.abort()


async def _begin(line: _Line, message: Message) -> None:
    """Begin a reply once the client has taken those before it, which may be long and take a while."""
    if not line.unsent:
        await line.say(message)
        return
    unsent, saying = Unsent(), asyncio.ensure_future(line.say(message))
    try:
        while not (await asyncio.wait([saying], timeout=_PATIENCE_SECONDS))[0]:
            if unsent.is_left_lying(line.unsent, _PATIENCE_SECONDS):
                line.cut()
                raise Disconnected
        await saying
    finally:
        saying.cancel()


async def _stream(line: _Line, reply: StreamedReply) -> None:
    """Send a reply while it is read, until it ends or the client has gone."""
    gone = asyncio.ensure_future(line.gone())
    try:
        if not line.is_head:
            await _send_parts(line, reply.parts, gone)
        await _patiently(line, _body(b""))
    finally:
        gone.cancel()


async def _send_parts(line: _Line, parts: AsyncIterator[bytes], gone: "asyncio.Future[None]") -> None:
    """Send one part after the other. The next is not even read before the client has taken what there was."""
    async for part in parts:
        for content in (part, b""):  # sending waits for room first: so nothing is sent to wait for it once more
            if gone.done():
                raise Disconnected
            await _patiently(line, _body(content, more=True))


async def _patiently(line: _Line, message: Message) -> None:
    """Send a message; a client that leaves lying what it was sent is cut off."""
    try:
        await asyncio.wait_for(line.say(message), _PATIENCE_SECONDS)
    except TimeoutError:
        line.cut()
        raise Disconnected from None


def _body(content: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": more}
