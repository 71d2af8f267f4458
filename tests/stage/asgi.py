"""A client without sockets: requests go straight into the ASGI application, as the HTTP server would hand them over."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol
from urllib.parse import unquote, urlencode

import msgspec

from tests.stage import witness

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]
Query = dict[str, Any] | list[tuple[str, str]]


class Answer(msgspec.Struct, frozen=True):
    """What came back. Header names are lower case."""

    status: int
    headers: dict[str, str]
    bytes: bytes

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.bytes)

    @property
    def errcode(self) -> str | None:
        """The error's code, or None."""
        body = self.json if self.bytes else None
        return body.get("errcode") if isinstance(body, dict) else None

    def ok(self) -> Any:
        """Return the decoded body of an answer with status 200; fail with the error's text otherwise."""
        assert self.status == 200, f"{self.status}: {self.bytes.decode(errors='replace')}"
        return self.json

    def refused(self, status: int, errcode: str | None) -> Any:
        """Return the decoded body of exactly this error; fail otherwise. What asks for a proof has no code."""
        shown = f"{self.status}: {self.bytes.decode(errors='replace')}"
        assert (self.status, self.errcode) == (status, errcode), shown
        return self.json


class Exchange(Protocol):
    """One request under way."""

    @property
    def is_waiting(self) -> bool:
        """Whether no answer has come yet."""

    async def answer(self) -> Answer:
        """Wait for the whole answer."""

    async def hang_up(self) -> None:
        """Close the connection from the client's side."""


class ExchangeInside:
    """One request inside the application."""

    def __init__(self, application: Application, scope: Message, parts: list[bytes]) -> None:
        self._parts = parts
        self._gone = asyncio.Event()
        self._status = 0
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._method, self._path = scope["method"], scope["raw_path"].decode()
        self._task = asyncio.ensure_future(application(scope, self._receive, self._send))

    async def answer(self) -> Answer:
        """Wait for the whole answer."""
        await self._task
        answer = Answer(self._status, self._headers, b"".join(self._body))
        witness.show(self._method, self._path, answer)
        return answer

    @property
    def is_waiting(self) -> bool:
        """Whether no answer has come yet."""
        return not self._task.done()

    async def hang_up(self) -> None:
        """Close the connection from the client's side and wait until the server has let go of the request."""
        self._gone.set()
        await self._task

    async def _receive(self) -> Message:
        if self._parts:
            part = self._parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(self._parts)}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = {name.decode().lower(): value.decode("latin-1") for name, value in message["headers"]}
        else:
            self._body.append(message.get("body", b""))


def begin(
    application: Application,
    method: str,
    path: str,
    body: object = None,
    *,
    query: Query | None = None,
    token: str | None = None,
    headers: dict[str, str] | None = None,
    parts: list[bytes] | None = None,
    address: str = "127.0.0.1",
) -> ExchangeInside:
    """Send a request; ``path`` is sent as it stands, percent signs included.

    ``body`` is encoded as JSON unless it is bytes; ``parts`` sends a chunked body instead.
    """
    sent = {"host": "veche.test", **(headers or {})}
    if token is not None:
        sent["authorization"] = f"Bearer {token}"
    raw_path, _, own_query = path.partition("?")
    scope: Message = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(raw_path),
        "raw_path": raw_path.encode(),
        "query_string": (urlencode(query or {}, doseq=True) or own_query).encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in sent.items()],
        "client": (address, 50_000),
        "server": ("127.0.0.1", 8008),
    }
    return ExchangeInside(application, scope, parts if parts is not None else [_encoded(body)])


def _encoded(body: object) -> bytes:
    if body is None:
        return b""
    return body if isinstance(body, bytes) else json.dumps(body).encode()
