"""The bodies of requests: read as a whole up to a limit, or handed on as they come."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from veche.api.http.contract import BodyStream
from veche.domain.refusals import Refused, too_large

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

LARGEST_BODY = 2**20
MOST_PASSED_OVER = 2**24
"""A client that sends too much reads its answer only once it has sent everything; up to this size it is heard out."""
TOO_LARGE = too_large(f"The body is larger than {LARGEST_BODY} bytes.")


class Disconnected(Exception):
    """The client went away before it was answered."""


class Body(Protocol):
    """How the door gets a request's body."""

    async def whole(self) -> bytes:
        """Return all of it; 413 where it is larger than the limit."""

    def stream(self) -> BodyStream:
        """Return it to be read as it comes."""


class IncomingBody:
    """A body that comes through ASGI; nothing of it is kept here."""

    __slots__ = ("_has_begun", "_is_asked_for", "_is_over", "_receive", "content_type", "is_streamed", "length")

    def __init__(self, receive: Receive, headers: list[tuple[bytes, bytes]], *, is_expected: bool) -> None:
        self._receive = receive
        self._has_begun = self._is_asked_for = self.is_streamed = False
        self._is_over = not is_expected
        self.length: int | None = None
        self.content_type = ""
        for name, value in headers:
            if name == b"content-length" and value.isdigit():
                self.length = int(value)
            elif name == b"content-type":
                self.content_type = value.decode("latin-1")
            elif name == b"expect":
                self._is_asked_for = True

    async def whole(self) -> bytes:
        """Read the whole body, chunked or not; 413 where it is larger than the limit."""
        parts: list[bytes] = []
        size = 0
        async for part in self.parts():
            size += len(part)
            if size <= LARGEST_BODY:
                parts.append(part)
            elif size > MOST_PASSED_OVER:
                break
        if size > LARGEST_BODY:
            raise Refused(TOO_LARGE)
        return b"".join(parts)

    def stream(self) -> "IncomingBody":
        """Return the body itself: whoever asked for it reads its parts."""
        self.is_streamed = True
        return self

    async def parts(self) -> AsyncIterator[bytes]:
        """Return what comes; raises ``Disconnected`` where the client goes away before the end."""
        self._has_begun = True
        while not self._is_over:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._is_over = True
                raise Disconnected
            self._is_over = not message.get("more_body", False)
            if part := message.get("body", b""):
                yield part

    async def pass_over(self) -> bool:
        """Hear a client out whose body nobody wants; say whether it came to an end within the limit.

        One that asked whether to send at all has been told by the answer.
        """
        if self._is_asked_for and not self._has_begun:
            return False
        size = 0
        with contextlib.suppress(Disconnected):
            async for part in self.parts():
                size += len(part)
                if size > MOST_PASSED_OVER:
                    break
        return self._is_over


class ReadyBody:
    """A body that is there already."""

    __slots__ = ("_body", "content_type", "length")

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.length: int | None = len(body)
        self.content_type = ""

    async def whole(self) -> bytes:
        """Return it."""
        return self._body

    def stream(self) -> "ReadyBody":
        """Return it to be read like any other."""
        return self

    async def parts(self) -> AsyncIterator[bytes]:
        """Return it in one part."""
        yield self._body
