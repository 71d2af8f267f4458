"""The two hottest endpoints on the fast lane: a waiting ``/sync`` is a listener, not a task; ``send`` is one task.

They answer what the ordinary endpoints answer; whatever is unusual is left to those.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine
from functools import partial
from typing import Any
from urllib.parse import unquote_plus

from veche.api.http import replies
from veche.api.http.bodies import ReadyBody
from veche.api.http.contract import Door, Reply, RequestFacts
from veche.api.http.door import FAULT, Application, facts_of_peer
from veche.api.http.lane import Begin, Exchange
from veche.api.http.requests import read_body
from veche.api.http.router import decoded
from veche.api.matrix.sync import forget_delivered
from veche.api.matrix.timeline import SendRequest, send
from veche.domain.account_data import Filter
from veche.domain.events import Content
from veche.domain.ids import RoomId
from veche.domain.refusals import Refused
from veche.domain.sessions import Asker, Origin, Whence, digest_of
from veche.queries.sessions import known_asker, still_valid
from veche.queries.sync import polling
from veche.queries.sync.loop import answer
from veche.queries.sync.wish import SyncWish, token_from

_SYNC = b"/_matrix/client/v3/sync"
_ROOMS = b"/_matrix/client/v3/rooms/"
_SINCE = b"since="
_PLAIN = frozenset((b"", b"access_token", b"_cacheBuster"))
_PRESENCES = (b"offline", b"online", b"unavailable")
_MOST_KNOWN = 20_000
_LONGEST_KNOWN = 512
_LOOKS_AT_ONCE = 16
_log = logging.getLogger("veche.http")


class HotEndpoints:
    """Chooses the requests for the fast lane and answers them."""

    def __init__(self, application: Application, loop: asyncio.AbstractEventLoop) -> None:
        self._application = application
        self._loop = loop  # asking asyncio for it costs a system call each time
        self._door: Door = application.door
        self._digests: dict[bytes, bytes] = {}
        self._wishes: dict[tuple[str, bytes], SyncWish] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken: deque[polling.Poll] = deque()

    def choose(self, method: bytes, url: bytes) -> Begin | None:
        """Return what begins to answer this request, or None where it is not hot."""
        if method == b"GET" and url.startswith(_SYNC) and url[len(_SYNC) : len(_SYNC) + 1] in (b"", b"?"):
            return self._sync
        if method == b"PUT" and url.startswith(_ROOMS) and b"/send/" in url:
            return self._send
        return None

    def look_soon(self, poll: polling.Poll) -> None:
        """Look at a woken poll in one of the next callbacks, a few at a time."""
        self._woken.append(poll)
        if len(self._woken) == 1:
            self._loop.call_soon(self._look_at_some)

    def take_over(self, exchange: Exchange, asker: Asker, wish: SyncWish) -> None:
        """Answer a sync by the general path; it ends when the client goes away."""
        self._run_for(exchange, self._guarded(exchange, self._general(asker, wish)))

    def _look_at_some(self) -> None:
        woken = self._woken
        for _ in range(min(_LOOKS_AT_ONCE, len(woken))):
            try:
                woken[0].look_again()
            except Exception:
                _log.exception("a waiting sync failed")  # the others must not wait for ever
            finally:
                woken.popleft()
        if woken:
            self._loop.call_soon(self._look_at_some)

    def _send(self, exchange: Exchange) -> None:
        exchange.request_id = self._application.next_id()
        asker = self._asker(exchange)
        parts = exchange.url[len(_ROOMS) :].split(b"/")
        is_plain = len(parts) == 4 and parts[1] == b"send" and b"?" not in parts[3]
        if asker is None or not is_plain:
            self._run(self._ordinary(exchange))
        else:
            self._run(self._guarded(exchange, self._sent(exchange, asker, parts)))

    async def _sent(self, exchange: Exchange, asker: Asker, parts: list[bytes]) -> bytes:
        self._application.limit("send", asker.user)
        room, kind, txn = decoded(parts[0]), decoded(parts[2]), decoded(parts[3])
        request = SendRequest(RoomId(room), kind, txn, read_body(Content, exchange.body))
        sent = await send(self._door, asker, request)
        return b'{"event_id":"%b"}' % sent.event_id.encode()

    def _run_for(self, exchange: Exchange, work: Coroutine[Any, Any, None]) -> None:
        """Run what is of use only to this client."""
        exchange.on_gone = partial(_cancel, self._run(work))

    def _run(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _ordinary(self, exchange: Exchange) -> None:
        """Answer as the ordinary endpoint does, only without ASGI."""
        path, _, query = exchange.url.partition(b"?")
        facts = self._facts(exchange, query)
        body = ReadyBody(exchange.body)
        reply, request_id = await self._application.answer(exchange.method.decode(), path, query, facts, body)
        assert isinstance(reply, Reply), "no endpoint on the lane streams its reply"
        exchange.request_id = request_id.encode()
        exchange.reply(reply)

    async def _general(self, asker: Asker, wish: SyncWish) -> bytes:
        await still_valid(self._door.queries, asker)
        return await answer(self._door.queries, asker, wish)

    async def _guarded(self, exchange: Exchange, work: Coroutine[Any, Any, bytes]) -> None:
        """Reply with what comes of ``work``, or with its refusal."""
        try:
            exchange.reply_json(await work)
        except Refused as refused:
            exchange.reply(self._application.refusal(refused.refusal))
        except Exception:
            _log.exception("a request on the fast lane failed", extra={"request": exchange.request_id.decode()})
            exchange.reply(replies.reply_of_refusal(FAULT))

    def _sync(self, exchange: Exchange) -> None:
        """Answer a sync of a known asker with a known filter from memory; everything else is answered ordinarily."""
        exchange.request_id = self._application.next_id()
        asker = self._asker(exchange)
        wish = self._wish(asker, exchange.url) if asker is not None else None
        poll = None
        if asker is not None and wish is not None:
            poll = polling.begin(self._door.queries, asker, wish, Desk(self, exchange))
        if asker is None or wish is None or poll is None:
            self._run_for(exchange, self._ordinary(exchange))
            return
        forget_delivered(self._door, asker, wish.since)
        exchange.on_gone = poll.release
        poll.look()

    def _asker(self, exchange: Exchange) -> Asker | None:
        for name, value in exchange.headers:
            if name == b"authorization":
                return self._bearer(value, partial(self.origin, exchange))
        return None

    def origin(self, exchange: Exchange) -> Origin:
        """Return from where a request came."""
        return self._facts(exchange, b"").origin()

    def _facts(self, exchange: Exchange, query: bytes) -> RequestFacts:
        proxies = self._door.queries.limits.trusted_proxies
        return facts_of_peer(exchange.headers, query, exchange.peer, proxies, is_secure=exchange.is_secure)

    def _bearer(self, header: bytes, whence: Whence) -> Asker | None:
        """Return the asker whose token a header holds; the same clients come again and again.

        Only digests of tokens that are known and of ordinary length are kept: anybody can send headers.
        """
        digest = self._digests.get(header)
        if digest is not None:
            return known_asker(self._door.queries, digest, whence)
        if header[:7].lower() != b"bearer ":
            return None
        digest = digest_of(header[7:].strip().decode("latin-1"))
        asker = known_asker(self._door.queries, digest, whence)
        if asker is not None and len(header) <= _LONGEST_KNOWN:
            if len(self._digests) >= _MOST_KNOWN:
                self._digests.clear()
            self._digests[header] = digest
        return asker

    def _wish(self, asker: Asker, url: bytes) -> SyncWish | None:
        """Read the parameters of a client that syncs on: they are the same each time, but for ``since``."""
        start = url.find(_SINCE)
        if start < 0:
            return None
        end = url.find(b"&", start)
        since, rest = (url[start + 6 :], url[:start]) if end < 0 else (url[start + 6 : end], url[:start] + url[end:])
        base = self._wishes.get((asker.user, rest)) or self._learn(asker, rest)
        if base is None:
            return None
        try:
            token = token_from(since.decode("latin-1"))
        except Refused:
            return None
        return SyncWish(token, base.filter, False, base.wants_state_after, base.timeout_ms, base.presence)

    def _learn(self, asker: Asker, rest: bytes) -> SyncWish | None:
        """Read ordinary parameters without ``since``; None for anything else, or a filter not looked up before."""
        timeout, chosen, after, shown = 0, "", False, "online"
        for part in rest.partition(b"?")[2].split(b"&"):
            name, _, value = part.partition(b"=")
            if name == b"timeout" and value.isdigit() and len(value) < 16:
                timeout = int(value)
            elif name == b"filter":
                chosen = unquote_plus(value.decode("latin-1"))
            elif name == b"use_state_after" and value in (b"true", b"false"):
                after = value == b"true"
            elif name == b"set_presence" and value in _PRESENCES:
                shown = value.decode()
            elif name not in _PLAIN and not name.startswith(b"org.matrix."):
                return None
        found = self._door.queries.live.filters.find(asker.user, chosen) if chosen else Filter()
        if found is None:
            return None
        wish = SyncWish(None, found, False, after, timeout, shown)
        if len(rest) <= _LONGEST_KNOWN:
            if len(self._wishes) >= _MOST_KNOWN:
                self._wishes.clear()
            self._wishes[asker.user, rest] = wish
        return wish


class Desk:
    """A waiting sync's connection, as the poll sees it."""

    __slots__ = ("_exchange", "_hot")

    def __init__(self, hot: HotEndpoints, exchange: Exchange) -> None:
        self._hot = hot
        self._exchange = exchange

    @property
    def is_over(self) -> bool:
        return self._exchange.disconnected or self._exchange.response_complete

    def origin(self) -> Origin:
        return self._hot.origin(self._exchange)

    def reply_json(self, body: bytes) -> None:
        self._exchange.reply_json(body)

    def look_soon(self, poll: polling.Poll) -> None:
        self._hot.look_soon(poll)

    def take_over(self, asker: Asker, wish: SyncWish) -> None:
        self._hot.take_over(self._exchange, asker, wish)


def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
