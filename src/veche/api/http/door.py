"""The door itself: route, identify, limit, read, serve, reply. Knows no endpoint by name.

Requests come through ASGI (here) or, for the few hottest endpoints, straight from the connection (``lane``).
"""

import asyncio
import contextlib
import itertools
import logging
import time

import msgspec

from veche.api.http import replies, requests, sending
from veche.api.http.bodies import Body, Disconnected, IncomingBody, Message, Receive
from veche.api.http.contract import NOBODY, Door, Endpoint, RateClass, Reply, RequestFacts, StreamedReply
from veche.api.http.router import Router
from veche.api.http.sending import Send
from veche.domain.refusals import Refusal, Refused, forbidden
from veche.domain.sessions import Asker, network_of
from veche.domain.settings import Limits
from veche.queries import sessions

Answered = tuple[Reply | StreamedReply, str]
RawHeaders = list[tuple[bytes, bytes]]

MISSING_TOKEN = Refusal("M_MISSING_TOKEN", 401, "An access token is needed.")
FAULT = Refusal("M_UNKNOWN", 500, "The server made a mistake; it has been written to the log.")
GONE_AWAY = Reply(b"", 499)
LIMITED = "M_LIMIT_EXCEEDED"
NO_ROOM = "M_RESOURCE_LIMIT_EXCEEDED"
_WITH_BODY = ("POST", "PUT", "DELETE", "PATCH")
_log = logging.getLogger("veche.http")


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

    async def answer(self, method: str, raw_path: bytes, query: bytes, facts: RequestFacts, body: Body) -> Answered:
        """Answer one request; returns the reply and the request's id, and writes both to the log."""
        started, request_id = time.monotonic(), self.next_id().decode()
        reply = await self._reply(method, raw_path, query, facts, body, request_id)
        if _log.isEnabledFor(logging.DEBUG):
            milliseconds = round((time.monotonic() - started) * 1000, 1)
            told = {"request": request_id, "method": method, "path": self._router.told(raw_path)}
            _log.debug("request", extra={**told, "status": reply.status, "ms": milliseconds})
        return reply, request_id

    async def _http(self, scope: Message, receive: Receive, send: Send) -> None:
        method, query = scope["method"], scope["query_string"]
        facts = facts_of_scope(scope, self.door.queries.limits.trusted_proxies)
        raw_path = scope.get("raw_path") or scope["path"].encode()
        body = IncomingBody(receive, scope["headers"], is_expected=method in _WITH_BODY)
        waiting = asyncio.ensure_future(self.answer(method, raw_path, query, facts, body))
        reply, request_id = await _unless_gone(waiting, receive, method)
        if reply is GONE_AWAY:
            return
        async with sending.closing(reply):
            headers = replies.headers_of(reply, request_id.encode())
            if body.is_streamed and not await body.pass_over():
                headers.append((b"connection", b"close"))
            await sending.send_reply(scope, receive, send, reply, headers)

    async def _reply(
        self, method: str, raw_path: bytes, query: bytes, facts: RequestFacts, body: Body, request_id: str
    ) -> Reply | StreamedReply:
        if method == "OPTIONS":
            return Reply(b"{}")
        endpoint = None
        try:
            endpoint, path = self._router.match("GET" if method == "HEAD" else method, raw_path)
            return await self._served(endpoint, path, query, facts, body)
        except Refused as refused:
            return self._refused(endpoint, refused.refusal, query, facts)
        except Disconnected:
            return GONE_AWAY
        except Exception:
            _log.exception("a request failed", extra={"request": request_id, "path": self._router.told(raw_path)})
            return self._refused(endpoint, FAULT, query, facts)

    async def _served(
        self, endpoint: Endpoint, path: dict[str, str], query: bytes, facts: RequestFacts, body: Body
    ) -> Reply | StreamedReply:
        stream = body.stream() if requests.wants_stream(endpoint) else None
        asker = await self._identify(endpoint, facts)
        self.limit(endpoint.rate, asker.user or network_of(facts.address))
        request = requests.read(endpoint, path, query, stream or await body.whole(), facts)
        return replies.reply_of(await endpoint.serve(self.door, asker, request))

    async def _identify(self, endpoint: Endpoint, facts: RequestFacts) -> Asker:
        is_public = endpoint.caller == "public" or endpoint.opens_to_all(self.door.queries.limits)
        if facts.token is None:
            if not is_public:
                raise Refused(MISSING_TOKEN)
            return NOBODY
        try:
            asker = await sessions.identify(
                self.door.queries, facts.token, facts.origin, locked_too=endpoint.locked_too
            )
        except Refused:
            if not is_public:
                raise
            return NOBODY
        if endpoint.caller == "administrator" and asker.role != "administrator":
            raise Refused(forbidden("Only an administrator may do this."))
        return asker

    def _refused(self, endpoint: Endpoint | None, refusal: Refusal, query: bytes, facts: RequestFacts) -> Reply:
        told = self.refusal(refusal)
        if endpoint is None or endpoint.refusal_page is None or not facts.wants_page():
            return told
        page = endpoint.refusal_page(refusal, facts, query)
        return msgspec.structs.replace(page, headers=(*page.headers, *told.headers))

    def refusal(self, refusal: Refusal) -> Reply:
        """Turn a refusal into a reply; where room has run out it says whom to tell (section Common error codes)."""
        if refusal.code == NO_ROOM:
            told = {"admin_contact": _contact(self.door.queries.limits), **(refusal.extra or {})}
            refusal = msgspec.structs.replace(refusal, extra=told)
        return replies.reply_of_refusal(refusal)

    def limit(self, rate: RateClass, subject: str) -> None:
        """Take one token from the caller's bucket; 429 with the milliseconds to wait where it is empty."""
        wait_ms = self.door.queries.live.rates.take(rate, subject)
        if wait_ms:
            extra = {"retry_after_ms": wait_ms}
            raise Refused(Refusal(LIMITED, 429, "Too many requests; please wait a moment.", extra=extra))


def _contact(limits: Limits) -> str:
    """Return how to reach whoever looks after the server; something must stand there, even where nobody has said."""
    return limits.admin_contact or limits.public_address or f"the administrator of {limits.server_name}"


def address_of(headers: RawHeaders, peer: str, proxies: frozenset[str]) -> str:
    """Return the client's address: the peer's, or what the nearest proxy says where the peer is a trusted one."""
    if peer not in proxies:
        return peer
    for name, value in reversed(headers):
        if name == b"x-forwarded-for":
            return value.rpartition(b",")[2].strip().decode("latin-1") or peer
    return peer


def facts_of_scope(scope: Message, proxies: frozenset[str]) -> RequestFacts:
    """Gather what is known of a request that came through ASGI."""
    peer = scope.get("client") or ("", 0)
    return facts_of_peer(scope["headers"], scope["query_string"], peer, proxies, is_secure=scope["scheme"] == "https")


def facts_of_peer(
    headers: RawHeaders, query: bytes, peer: tuple[str, int], proxies: frozenset[str], *, is_secure: bool
) -> RequestFacts:
    """Gather what is known of a request from the other end of its connection; a trusted proxy speaks for its client."""
    address, port = peer
    is_proxied = address in proxies
    facts = facts_of(headers, query, address_of(headers, address, proxies))
    is_secure = is_secure or (is_proxied and facts.header(b"x-forwarded-proto") == "https")
    return msgspec.structs.replace(facts, port=0 if is_proxied else port, is_secure=is_secure)


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
    return RequestFacts(address, agent, host, token, headers)


def _query_token(query: bytes) -> str | None:
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if name == b"access_token":
            return value.decode("latin-1") or None
    return None


async def _unless_gone(waiting: "asyncio.Future[Answered]", receive: Receive, method: str) -> Answered:
    """Wait for an answer; a reader who goes away meanwhile is released at once. What changes something is finished."""
    if method != "GET":
        return await waiting
    gone = asyncio.ensure_future(sending.gone(receive))
    await asyncio.wait((waiting, gone), return_when=asyncio.FIRST_COMPLETED)
    if waiting.done():
        gone.cancel()
        return waiting.result()
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        async with sending.closing((await waiting)[0]):  # it may have been done all the same
            pass
    return GONE_AWAY, ""


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return
