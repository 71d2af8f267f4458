"""The fast lane: whole requests of the hottest endpoints, taken from the connection without the way through ASGI.

uvicorn parses, keeps the connection and serves everything else; here its protocol only learns to hand a finished
request to a function and to write a finished reply. What is answered is not known here.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from veche.api.http import replies
from veche.api.http.contract import Reply
from veche.api.http.door import LARGEST_BODY, TOO_LARGE

Begin = Callable[["Exchange"], None]
Choose = Callable[[bytes, bytes], Begin | None]

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
        "_protocol",
        "body",
        "disconnected",
        "headers",
        "keep_alive",
        "method",
        "more_body",
        "on_gone",
        "response_complete",
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
        self.more_body = True
        self.disconnected = False
        self.response_complete = False
        self.on_gone: Callable[[], None] | None = None

    @property
    def address(self) -> str:
        """The client's address."""
        client = self._protocol.client
        return client[0] if client else ""

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
        """Take a part of the body; one that is too large is refused at once and the connection closed."""
        self.body += part
        if len(self.body) > LARGEST_BODY and not self.response_complete:
            self.keep_alive = False
            self.reply(replies.reply_of_refusal(TOO_LARGE), b"")

    def complete(self) -> None:
        """Begin to answer: the request is whole."""
        self.more_body = False
        if not self.response_complete:
            self._begin(self)

    def reply_json(self, body: bytes) -> None:
        """Answer 200 with an encoded object."""
        self._write(b"%b%d\r\n\r\n%b" % (_HEAD, len(body), body))

    def reply(self, reply: Reply, request_id: bytes) -> None:
        """Answer with any reply."""
        if reply.status == 200 and reply.content_type == b"application/json" and not reply.headers:
            self.reply_json(reply.body)
            return
        lines = [_STATUS.get(reply.status, _STATUS[200])]
        lines += [b"%b: %b\r\n" % header for header in replies.headers_of(reply, request_id)]
        self._write(b"".join([*lines, b"\r\n", reply.body]))

    def _write(self, text: bytes) -> None:
        if self.response_complete or self.disconnected:
            return
        self.response_complete = True
        self.on_gone = None
        protocol = self._protocol
        protocol.transport.write(text)
        if not self.keep_alive:
            protocol.transport.close()
        protocol.on_response_complete()


def lane_protocol(choose: Choose) -> type[HttpToolsProtocol]:
    """Return uvicorn's protocol with a fast lane for the requests that ``choose`` picks by method and target."""
    return type("ChosenLane", (LaneProtocol,), {"choose": staticmethod(choose)})


class LaneProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol; a request goes to the lane only while no other is under way on its connection."""

    choose: Choose
    url: bytes
    _exchange: Exchange | None = None
    """The request on the lane whose body is still being received."""

    def on_message_begin(self) -> None:
        """Put off uvicorn's preparations: a request on the lane needs none of them."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        """Choose the lane or uvicorn's own way."""
        begin = self._chosen()
        if begin is None:
            self._as_usual()
            return
        method = self.parser.get_method()
        self._exchange = Exchange(self, begin, method, keep_alive=self.parser.should_keep_alive())
        self.cycle = cast(Any, self._exchange)

    def on_body(self, body: bytes) -> None:
        """Hand a part of the body on."""
        if self._exchange is not None:
            self._exchange.receive(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Hand a whole request on."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.complete()
        else:
            super().on_message_complete()

    def _chosen(self) -> Begin | None:
        cycle: Any = self.cycle
        is_idle = cycle is None or cycle.response_complete
        if not is_idle or self.expect_100_continue or self.parser.should_upgrade():
            return None
        return type(self).choose(self.parser.get_method(), self.url)

    def _as_usual(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url = url
        self.headers.extend(headers)
        self.expect_100_continue = expects
        super().on_headers_complete()
