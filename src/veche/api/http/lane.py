"""The fast lane: whole requests of the hottest endpoints, taken from the connection without the way through ASGI.

uvicorn parses, keeps the connection and serves everything else; here its protocol only learns to hand a finished
request to a function and to write a finished reply. What is answered is not known here.
"""

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from veche.api.http import replies
from veche.api.http.bodies import LARGEST_BODY, MOST_PASSED_OVER, TOO_LARGE
from veche.api.http.contract import Reply
from veche.api.http.sending import LEAST_PER_SECOND, TRANSPORT, Unsent
from veche.domain.refusals import Refusal

Begin = Callable[["Exchange"], None]
Choose = Callable[[bytes, bytes], Begin | None]

LONGEST_HEAD = 2**16
MOST_UNSENT = 2**12
"""Bytes of a reply that may wait for a client to take them, before no more is made. With 0 TLS would wait for ever."""
UNREADABLE = Refusal("M_UNRECOGNIZED", 400, "This is not an HTTP request.")
HEAD_TOO_LARGE = Refusal("M_TOO_LARGE", 431, f"The request's head is larger than {LONGEST_HEAD} bytes.")
_log = logging.getLogger("veche.http")
_STATUS: Final = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_HEAD: Final = b"".join(
    [
        _STATUS[200],
        b"content-type: application/json\r\ncache-control: no-store\r\n",
        *(b"%b: %b\r\n" % header for header in replies.CORS),
        b"content-length: ",
    ]
)


class Exchange:
    """One request on the lane and its reply. To uvicorn it looks like one of its own cycles."""

    __slots__ = (
        "_begin",
        "_parts",
        "_protocol",
        "body",
        "disconnected",
        "headers",
        "keep_alive",
        "method",
        "more_body",
        "on_gone",
        "request_id",
        "response_complete",
        "size",
        "url",
    )

    def __init__(self, protocol: "LaneProtocol", begin: Begin, method: bytes, *, keep_alive: bool) -> None:
        self._protocol = protocol
        self._begin = begin
        self.method = method
        self.url: bytes = protocol.url
        self.headers: list[tuple[bytes, bytes]] = protocol.headers
        self.keep_alive = keep_alive
        self.body = b""
        self._parts: list[bytes] = []
        self.size = 0
        self.request_id = b""
        self.more_body = True
        self.disconnected = False
        self.response_complete = False
        self.on_gone: Callable[[], None] | None = None

    @property
    def peer(self) -> tuple[str, int]:
        """Address and port at the other end of the connection."""
        return self._protocol.client or ("", 0)

    @property
    def is_secure(self) -> bool:
        """Whether the connection is encrypted."""
        return self._protocol.scheme == "https"

    @property
    def message_event(self) -> "Exchange":
        """uvicorn sets this event when the connection is lost."""
        return self

    def set(self) -> None:
        """Release whoever prepares the answer, once the connection is lost."""
        if self.disconnected and self.on_gone is not None:
            gone, self.on_gone = self.on_gone, None
            gone()

    def receive(self, part: bytes) -> None:
        """Take a part of the body; what is beyond the limit is passed over, and refused once all of it has come."""
        self.size += len(part)
        if self.size <= LARGEST_BODY:
            self._parts.append(part)
        elif self.size > MOST_PASSED_OVER and not self.response_complete:
            self.reply(replies.reply_of_refusal(TOO_LARGE))

    def complete(self) -> None:
        """Begin to answer: the request is whole."""
        self.more_body = False
        if self.size > LARGEST_BODY:
            self.reply(replies.reply_of_refusal(TOO_LARGE))
        else:
            self.body = b"".join(self._parts)
            self._begin(self)

    def reply_json(self, body: bytes) -> None:
        """Answer 200 with an encoded object."""
        self._write(b"%b%d\r\nx-request-id: %b\r\n\r\n%b" % (_HEAD, len(body), self.request_id, body), 200)

    def reply(self, reply: Reply) -> None:
        """Answer with any reply."""
        self._write(_text_of(reply, self.request_id), reply.status)

    def _write(self, text: bytes, status: int) -> None:
        if self.response_complete or self.disconnected:
            return
        if _log.isEnabledFor(logging.DEBUG):
            told = {"request": self.request_id.decode(), "method": self.method.decode()}
            path = self.url.partition(b"?")[0].decode("latin-1")
            _log.debug("request", extra={**told, "path": path, "status": status})
        self.response_complete = True
        self.on_gone = None
        protocol = self._protocol
        if self.keep_alive:
            protocol.transport.write(text)
        else:
            protocol.transport.write(_last(text))
            protocol.transport.close()
        protocol.on_response_complete()


def lane_protocol(choose: Choose) -> "type[LaneProtocol]":
    """Return uvicorn's protocol with a fast lane for the requests that ``choose`` picks by method and target."""
    return type("ChosenLane", (LaneProtocol,), {"choose": staticmethod(choose)})


class LaneProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol; a request goes to the lane only while no other is under way on its connection.

    A request has to arrive within ``patience`` seconds, or a little more: else its connection is closed. A large body
    has a second more for every 4 KiB of it. Replies that were written have to be taken as fast: a client that leaves
    them lying is cut off, because they fill memory meanwhile.
    """

    choose: Choose
    patience = 60.0
    url: bytes
    _exchange: Exchange | None = None
    """The request on the lane whose body is still being received."""
    _arriving_since = 0.0
    """When the request began that has not arrived as a whole; 0 while there is none."""
    _head_size: int | None = None
    """How much of a request's head has come, while it is not whole."""
    _has_given_up = False

    def connection_made(self, transport: Any) -> None:
        """Begin to watch over a connection."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(MOST_UNSENT)
        self._arriving_since = self.loop.time()
        self._unsent = Unsent()
        self._watch = self.loop.call_later(self.patience, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop watching."""
        super().connection_lost(exc)
        self._watch.cancel()

    def data_received(self, data: bytes) -> None:
        """Parse what came; refuse what is not HTTP, or a head that does not end."""
        if self._has_given_up:
            return
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as offer:
            self._decline(data[offer.args[0] :])
        except HttpParserError:
            self._give_up(UNREADABLE)
        if self._head_size is not None:
            self._head_size += len(data)
            if self._head_size > LONGEST_HEAD:
                self._give_up(HEAD_TOO_LARGE)

    def on_message_begin(self) -> None:
        """Put off uvicorn's preparations: a request on the lane needs none of them."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._head_size = 0
        self._arriving_since = self.loop.time()

    def on_headers_complete(self) -> None:
        """Choose the lane or uvicorn's own way."""
        self._head_size = None
        if self.parser.should_upgrade():
            return
        begin = self._chosen()
        if begin is None:
            self._as_usual()
            return
        parser = self.parser
        keep_alive = parser.should_keep_alive() and parser.get_http_version() != "1.0"
        self._exchange = Exchange(self, begin, parser.get_method(), keep_alive=keep_alive)
        self.cycle = cast(Any, self._exchange)

    def on_body(self, body: bytes) -> None:
        """Hand a part of the body on."""
        if self._exchange is not None:
            self._exchange.receive(body)
        else:
            self._arriving_since = min(self.loop.time(), self._arriving_since + len(body) / LEAST_PER_SECOND)
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Hand a whole request on."""
        if self.parser.should_upgrade():
            return
        self._arriving_since = 0.0
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.complete()
        else:
            super().on_message_complete()

    def _chosen(self) -> Begin | None:
        if not self._is_idle() or self.expect_100_continue or self.flow.write_paused:
            return None
        return type(self).choose(self.parser.get_method(), self.url)

    def _is_idle(self) -> bool:
        cycle: Any = self.cycle
        return cycle is None or bool(cycle.response_complete)

    def _as_usual(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        cast(dict[str, Any], self.scope)[TRANSPORT] = self.transport
        self.url = url
        self.headers.extend(headers)
        self.expect_100_continue = expects
        super().on_headers_complete()

    def _look(self) -> None:
        if self._leaves_lying():
            self.transport.abort()  # closing would wait for the client
            return
        if self._arriving_since and self.loop.time() - self._arriving_since >= self.patience:
            self.transport.close()
        self._watch = self.loop.call_later(self.patience, self._look)

    def _leaves_lying(self) -> bool:
        """Say whether the client leaves lying what is finished; a reply under way looks after itself."""
        left = self.transport.get_write_buffer_size() if self._is_idle() else 0
        return self._unsent.is_left_lying(left, self.patience)

    def _decline(self, rest: bytes) -> None:
        """Go on as if no other protocol had been offered: the parser would take the body for a part of that one."""
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._give_up(UNREADABLE)
            return
        head = [b"%b %b HTTP/%b\r\n" % (method, self.url, self.parser.get_http_version().encode())]
        head += [b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = HttpRequestParser(self)
        self.data_received(b"".join([*head, b"\r\n", rest]))

    def _give_up(self, refusal: Refusal) -> None:
        """Refuse and say no more. What still comes is passed over: closing at once could cost the client the answer."""
        if self._has_given_up or self.transport.is_closing():
            return
        self._has_given_up = True
        self._arriving_since = self.loop.time()
        self.transport.write(_last(_text_of(replies.reply_of_refusal(refusal), b"")))
        if self._is_idle() and self.transport.can_write_eof():
            self.transport.write_eof()
        else:  # an answer under way must not be written any more; TLS passes over by itself what still comes
            self.transport.close()


def _text_of(reply: Reply, request_id: bytes) -> bytes:
    lines = [_STATUS.get(reply.status, _STATUS[200])]
    lines += [b"%b: %b\r\n" % header for header in replies.headers_of(reply, request_id)]
    return b"".join([*lines, b"\r\n", reply.body])


def _last(text: bytes) -> bytes:
    """Say in a reply that it is the last on its connection."""
    return text.replace(b"\r\n", b"\r\nconnection: close\r\n", 1)
