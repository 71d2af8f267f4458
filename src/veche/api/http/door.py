"""The door itself: route, identify, limit, read, serve, reply. Knows no endpoint by name.

Requests come through ASGI (here) or, for the few hottest endpoints, straight from the connection (``lane``).
"""

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from veche.api.http import replies, requests
from veche.api.http.contract import NOBODY, Door, Endpoint, RateClass, Reply, RequestFacts
from veche.api.http.router import Router
from veche.domain.refusals import Refusal, Refused, forbidden, too_large
from veche.domain.sessions import Asker
from veche.queries import sessions

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ReadBody = Callable[[], Awaitable[bytes]]
RawHeaders = list[tuple[bytes, bytes]]

LARGEST_BODY = 2**20
MOST_PASSED_OVER = 2**24
"""A client that sends too much reads its answer only once it has sent everything; up to this size it is heard out."""
TOO_LARGE = too_large(f"The body is larger than {LARGEST_BODY} bytes.")
MISSING_TOKEN = Refusal("M_MISSING_TOKEN", 401, "An access token is needed.")
FAULT = Refusal("M_UNKNOWN", 500, "The server made a mistake; it has been written to the log.")
GONE_AWAY = Reply(b"", 499)
LIMITED = "M_LIMIT_EXCEEDED"
_WITH_BODY = ("POST", "PUT", "DELETE", "PATCH")
_log = logging.getLogger("veche.http")


class Disconnected(Exception):
    """The client went away before it was answered."""


class Application:
    """Answers every request with the endpoint that declares it."""

    def __init__(self, door: Door, endpoints: tuple[Endpoint, ...]) -> None:
        self.door = door
        self._router = Router(endpoints)
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection; anything but HTTP is refused."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._http(scope, receive, send)

    def next_id(self) -> bytes:
        """Return the id of a new request, as it stands in the reply's head and in the log."""
        return b"%x" % next(self._numbers)

    async def answer(
        self, method: str, raw_path: bytes, query: bytes, facts: RequestFacts, read_body: ReadBody
    ) -> tuple[Reply, str]:
        """Answer one request; returns the reply and the request's id, and writes both to the log."""
        started, request_id = time.monotonic(), self.next_id().decode()
        reply = await self._reply(method, raw_path, query, facts, read_body, request_id)
        if _log.isEnabledFor(logging.DEBUG):
            milliseconds = round((time.monotonic() - started) * 1000, 1)
            told = {"request": request_id, "method": method, "path": raw_path.decode("latin-1")}
            _log.debug("request", extra={**told, "status": reply.status, "ms": milliseconds})
        return reply, request_id

    async def _http(self, scope: Message, receive: Receive, send: Send) -> None:
        method, headers = scope["method"], scope["headers"]
        client = scope.get("client")
        query = scope["query_string"]
        peer = client[0] if client else ""
        facts = facts_of(headers, query, address_of(headers, peer, self.door.queries.limits.trusted_proxies))
        raw_path = scope.get("raw_path") or scope["path"].encode()
        waiting = asyncio.ensure_future(
            self.answer(method, raw_path, query, facts, lambda: _body(receive, method in _WITH_BODY))
        )
        reply, request_id = await _unless_gone(waiting, receive, method)
        if reply is not GONE_AWAY:
            await _send(send, reply, request_id.encode(), is_head=method == "HEAD")

    async def _reply(
        self, method: str, raw_path: bytes, query: bytes, facts: RequestFacts, read_body: ReadBody, request_id: str
    ) -> Reply:
        try:
            return await self._served(method, raw_path, query, facts, read_body)
        except Refused as refused:
            return replies.reply_of_refusal(refused.refusal)
        except Disconnected:
            return GONE_AWAY
        except Exception:
            _log.exception("a request failed", extra={"request": request_id, "path": raw_path.decode("latin-1")})
            return replies.reply_of_refusal(FAULT)

    async def _served(
        self, method: str, raw_path: bytes, query: bytes, facts: RequestFacts, read_body: ReadBody
    ) -> Reply:
        if method == "OPTIONS":
            return Reply(b"{}")
        endpoint, path = self._router.match("GET" if method == "HEAD" else method, raw_path)
        asker = await self._identify(endpoint, facts)
        self.limit(endpoint.rate, asker.user or facts.address)
        request = requests.read(endpoint, path, query, await read_body(), facts)
        return replies.reply_of(await endpoint.serve(self.door, asker, request))

    async def _identify(self, endpoint: Endpoint, facts: RequestFacts) -> Asker:
        if facts.token is None:
            if endpoint.caller != "public":
                raise Refused(MISSING_TOKEN)
            return NOBODY
        try:
            asker = await sessions.identify(self.door.queries, facts.token, facts.address)
        except Refused:
            if endpoint.caller != "public":
                raise
            return NOBODY
        if endpoint.caller == "administrator" and asker.role != "administrator":
            raise Refused(forbidden("Only an administrator may do this."))
        return asker

    def limit(self, rate: RateClass, subject: str) -> None:
        """Take one token from the caller's bucket; 429 with the milliseconds to wait where it is empty."""
        wait_ms = self.door.queries.live.rates.take(rate, subject)
        if wait_ms:
            extra = {"retry_after_ms": wait_ms}
            raise Refused(Refusal(LIMITED, 429, "Too many requests; please wait a moment.", extra=extra))


def address_of(headers: RawHeaders, peer: str, proxies: frozenset[str]) -> str:
    """Return the client's address: the peer's, or what the nearest proxy says where the peer is a trusted one."""
    if peer not in proxies:
        return peer
    for name, value in reversed(headers):
        if name == b"x-forwarded-for":
            return value.rpartition(b",")[2].strip().decode("latin-1") or peer
    return peer


def facts_of(headers: RawHeaders, query: bytes, address: str) -> RequestFacts:
    """Gather what endpoints may want to know of a request beyond its parameters."""
    token, agent, host = None, "", ""
    for name, value in headers:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            token = value[7:].strip().decode("latin-1")
        elif name == b"user-agent":
            agent = value.decode("latin-1")
        elif name == b"host":
            host = value.decode("latin-1")
    if token is None and b"access_token=" in query:
        token = _query_token(query)
    return RequestFacts(address, agent, host, token)


def _query_token(query: bytes) -> str | None:
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if name == b"access_token":
            return value.decode("latin-1") or None
    return None


async def _body(receive: Receive, is_expected: bool) -> bytes:
    """Read the whole body, chunked or not; 413 where it is larger than the limit."""
    parts: list[bytes] = []
    size = 0
    while is_expected:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part = message.get("body", b"")
        size += len(part)
        if size <= LARGEST_BODY:
            parts.append(part)
        is_expected = message.get("more_body", False) and size <= MOST_PASSED_OVER
    if size > LARGEST_BODY:
        raise Refused(TOO_LARGE)
    return b"".join(parts)


async def _unless_gone(
    waiting: "asyncio.Future[tuple[Reply, str]]", receive: Receive, method: str
) -> tuple[Reply, str]:
    """Wait for an answer; a reader who goes away meanwhile is released at once. What changes something is finished."""
    if method != "GET":
        return await waiting
    gone = asyncio.ensure_future(_disconnect(receive))
    await asyncio.wait((waiting, gone), return_when=asyncio.FIRST_COMPLETED)
    if waiting.done():
        gone.cancel()
        return waiting.result()
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting
    return GONE_AWAY, ""


async def _disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, reply: Reply, request_id: bytes, *, is_head: bool) -> None:
    headers = replies.headers_of(reply, request_id)
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if is_head else reply.body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
