"""The fast lane by itself: what it hands over, what it writes, and when it lets go of a connection."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from tests.stage.wire import Wire, request
from veche.api.http.contract import Reply
from veche.api.http.lane import Exchange, LaneProtocol, lane_protocol
from veche.api.http.replies import reply_of_refusal
from veche.domain.refusals import forbidden

_PLAIN: dict[str, Any] = {"interface": "asgi3", "lifespan": "off", "log_config": None, "proxy_headers": False}


class Lane:
    """A server whose lane takes ``/lane`` and keeps what came; everything else is answered by an application."""

    def __init__(self, patience: float = 60.0) -> None:
        self.taken: asyncio.Queue[Exchange] = asyncio.Queue()
        self.ordinary: asyncio.Queue[str] = asyncio.Queue()
        self.protocols: list[LaneProtocol] = []
        self.looks: asyncio.Queue[None] = asyncio.Queue()
        self.lost = asyncio.Event()
        self.body = b"{}"
        self._kind = self._protocol_class(patience)

    @asynccontextmanager
    async def serves(self) -> AsyncIterator[int]:
        """Serve; gives the port."""
        config = Config(cast(Any, self._application), **_PLAIN)
        state = ServerState()

        def make() -> LaneProtocol:
            self.protocols.append(self._kind(config, state, {}))
            return self.protocols[-1]

        server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            for protocol in self.protocols:
                if protocol.transport is not None:
                    protocol.transport.abort()
            server.close()
            await server.wait_closed()

    async def _application(self, scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        await self.ordinary.put(scope["path"])
        message = await receive()
        while message.get("more_body"):
            message = await receive()
        if message["type"] == "http.request":
            size = b"%d" % len(self.body)
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", size)]})
            await send({"type": "http.response.body", "body": self.body})

    def _protocol_class(self, patience: float) -> type[LaneProtocol]:
        looks, lost = self.looks, self.lost

        def choose_lane(method: bytes, url: bytes) -> Callable[[Exchange], None] | None:
            return self.taken.put_nowait if url.startswith(b"/lane") else None

        class Watched(LaneProtocol):
            choose = staticmethod(choose_lane)

            def _look(self) -> None:
                looks.put_nowait(None)
                super()._look()

            def connection_lost(self, exc: Exception | None) -> None:
                super().connection_lost(exc)
                lost.set()

        Watched.patience = patience
        return Watched


def test_a_protocol_chooses_as_it_was_told() -> None:
    def choose(method: bytes, url: bytes) -> None:
        """Leave everything to uvicorn."""

    def choose_otherwise(method: bytes, url: bytes) -> None:
        """Do the same."""

    assert [lane_protocol(each).choose for each in (choose, choose_otherwise)] == [choose, choose_otherwise]


async def test_a_whole_request_is_handed_over_and_a_whole_reply_written() -> None:
    lane = Lane()
    async with lane.serves() as port, Wire(port) as line:
        await line.say(request("PUT", "/lane/x?y", b"body", "X-Y: z"))
        exchange = await lane.taken.get()
        assert (exchange.method, exchange.url, exchange.body) == (b"PUT", b"/lane/x?y", b"body")
        assert (b"x-y", b"z") in exchange.headers
        assert exchange.peer[0] == "127.0.0.1"
        exchange.reply_json(b'{"a":1}')
        answer = await line.hear()
        assert (answer.ok(), answer.headers["content-type"]) == ({"a": 1}, "application/json")
        exchange.reply_json(b'{"a":2}')
        await line.say(request("GET", "/lane"))
        exchange = await lane.taken.get()
        exchange.request_id = b"7"
        exchange.reply(reply_of_refusal(forbidden("No.")))
        answer = await line.hear()
        answer.refused(403, "M_FORBIDDEN")
        assert answer.headers["x-request-id"] == "7"
        await line.say(request("GET", "/lane"))
        (await lane.taken.get()).reply(Reply(b"text", content_type=b"text/plain"))
        answer = await line.hear()
        assert (answer.bytes, answer.headers["content-type"]) == (b"text", "text/plain")
        await line.say(request("GET", "/lane"))
        (await lane.taken.get()).reply(Reply(b"{}", 200))
        assert (await line.hear()).ok() == {}


async def test_only_one_request_of_a_connection_is_on_the_lane() -> None:
    lane = Lane()
    async with lane.serves() as port, Wire(port) as line:
        await line.say(request("GET", "/lane") + request("GET", "/lane/second"))
        (await lane.taken.get()).reply_json(b'{"first":true}')
        assert (await line.hear()).ok() == {"first": True}
        assert (await line.hear()).ok() == {}
        assert await lane.ordinary.get() == "/lane/second"


async def test_whoever_prepares_an_answer_learns_that_the_client_has_gone() -> None:
    lane = Lane()
    async with lane.serves() as port:
        gone = asyncio.Event()
        async with Wire(port) as line:
            await line.say(request("GET", "/lane"))
            exchange = await lane.taken.get()
            exchange.on_gone = gone.set
        await gone.wait()
        assert exchange.disconnected
        exchange.reply_json(b"{}")
        assert not exchange.response_complete, "nobody is there to be answered"


async def test_who_was_answered_may_go_unnoticed() -> None:
    lane = Lane()
    async with lane.serves() as port:
        async with Wire(port) as line:
            await line.say(request("GET", "/lane"))
            exchange = await lane.taken.get()
            exchange.on_gone = pytest.fail
            exchange.reply_json(b"{}")
            await line.hear()
        async with Wire(port) as line:
            await line.say(request("GET", "/other"))
            await line.hear()
        assert exchange.response_complete
        assert not exchange.disconnected


@pytest.mark.parametrize(
    "half",
    [
        b"",
        b"GET /lane HTT",
        request("PUT", "/lane", b"body")[:-1],
        request("PUT", "/other", b"body")[:-1],
        b"nonsense\r\n\r\n",
    ],
)
async def test_a_request_that_does_not_arrive_loses_its_connection(half: bytes) -> None:
    lane = Lane(patience=0.05)
    async with lane.serves() as port, Wire(port) as line:
        await line.say(half)
        await line.ends()
        await lane.lost.wait()
        assert lane.taken.empty()


async def test_a_request_that_waits_for_its_answer_keeps_its_connection() -> None:
    lane = Lane(patience=0.02)
    async with lane.serves() as port, Wire(port) as line:
        await line.say(request("GET", "/lane"))
        exchange = await lane.taken.get()
        for _ in range(5):
            await lane.looks.get()
        exchange.reply_json(b'{"late":true}')
        assert (await line.hear()).ok() == {"late": True}
        for _ in range(3):
            await lane.looks.get()
        await line.say(request("GET", "/other"))
        assert (await line.hear()).ok() == {}, "an idle connection is uvicorn's business"


async def test_who_does_not_read_is_served_the_ordinary_way() -> None:
    lane = Lane()
    async with lane.serves() as port, Wire(port) as line:
        await line.say(request("GET", "/lane"))
        (await lane.taken.get()).reply_json(b"{}")
        await line.hear()
        lane.protocols[0].pause_writing()
        await line.say(request("GET", "/lane"))
        assert await lane.ordinary.get() == "/lane"
        lane.protocols[0].resume_writing()
        assert (await line.hear()).ok() == {}


@pytest.mark.parametrize("path", ["/lane", "/other"])
@pytest.mark.parametrize("how", [(), ("Connection: close",)])
async def test_who_leaves_a_reply_lying_is_cut_off(path: str, how: tuple[str, ...]) -> None:
    lane = Lane(patience=0.05)
    lane.body = b"x" * 2**24
    async with lane.serves() as port:
        with socket.create_connection(("127.0.0.1", port)) as lazy:
            lazy.sendall(request("GET", path, None, *how))
            if path == "/lane":
                (await lane.taken.get()).reply(Reply(lane.body, content_type=b"text/plain"))
            await lane.lost.wait()
            assert lane.protocols[0].transport.get_write_buffer_size() == 0


async def test_who_takes_a_long_reply_slowly_gets_all_of_it() -> None:
    lane = Lane(patience=0.05)
    async with lane.serves() as port, Wire(port) as line:
        await line.say(request("GET", "/lane"))
        (await lane.taken.get()).reply_json(b"x" * 2**24)
        size = 0
        for megabyte in range(1, 17):
            while size < megabyte * 2**20:
                size += len(await line.take(megabyte * 2**20 - size))
            await lane.looks.get()
        assert not lane.lost.is_set()


async def test_nonsense_behind_a_request_that_is_being_answered_ends_the_connection() -> None:
    lane = Lane()
    async with lane.serves() as port, Wire(port) as line:
        await line.say(request("GET", "/lane"))
        exchange = await lane.taken.get()
        await line.say(b"nonsense\r\n\r\n", b"more nonsense\r\n\r\n")
        (await line.hear()).refused(400, "M_UNRECOGNIZED")
        assert await line.ends()
        exchange.reply_json(b"{}")


async def test_a_tunnel_is_refused() -> None:
    lane = Lane()
    async with lane.serves() as port, Wire(port) as line:
        await line.say(b"CONNECT elsewhere.test:443 HTTP/1.1\r\n\r\n")
        (await line.hear()).refused(400, "M_UNRECOGNIZED")
        assert await line.ends()
