"""Bodies that are read as they come, and replies that are read while they are sent."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import pytest

from tests.stage import asgi
from tests.stage.world import World
from veche.api.http.bodies import MOST_PASSED_OVER
from veche.api.http.contract import BodyStream, Door, Empty, Endpoint, Reply, StreamedReply
from veche.api.http.door import Application
from veche.domain.sessions import Asker


class Taking(msgspec.Struct, frozen=True):
    """A request whose body is read by the endpoint."""

    stream: BodyStream


async def weigh(door: Door, asker: Asker, query: Taking) -> dict[str, Any]:
    sizes = [len(part) async for part in query.stream.parts()]
    return {"sizes": sizes, "length": query.stream.length, "type": query.stream.content_type}


async def decline(door: Door, asker: Asker, query: Taking) -> Reply:
    return Reply(b"{}", 403)


class Source:
    """Numbered parts; remembers how many were taken and whether it was closed."""

    def __init__(self, parts: int) -> None:
        self.parts = parts
        self.taken = 0
        self.is_closed = False
        self.begun = asyncio.Event()

    async def read(self) -> AsyncGenerator[bytes, None]:
        """Give the parts, each of ten bytes."""
        try:
            for number in range(self.parts):
                self.taken += 1
                self.begun.set()
                yield b"%10d" % number
                await asyncio.sleep(0)
        finally:
            self.is_closed = True

    async def serve(self, door: Door, asker: Asker, query: Empty) -> StreamedReply:
        """The endpoint."""
        return StreamedReply(self.read(), self.parts * 10, headers=((b"x-more", b"yes"),))


def application(world: World, source: Source) -> Application:
    return Application(
        world.running.application.door,
        (
            Endpoint("POST", "/weigh", "public", "none", Taking, dict, weigh),
            Endpoint("POST", "/decline", "public", "none", Taking, Reply, decline),
            Endpoint("GET", "/parts", "public", "none", Empty, StreamedReply, source.serve),
        ),
    )


async def test_a_body_comes_in_its_parts(world: World) -> None:
    headers = {"content-type": "image/png", "content-length": "7"}
    sent = asgi.begin(application(world, Source(0)), "POST", "/weigh", parts=[b"abc", b"", b"defg"], headers=headers)
    assert (await sent.answer()).ok() == {"sizes": [3, 4], "length": 7, "type": "image/png"}


async def test_a_body_nobody_wants_is_heard_out(world: World) -> None:
    small, large = [b"x" * 2**20] * 3, [b"x" * 2**20] * (MOST_PASSED_OVER // 2**20 + 3)
    answer = await asgi.begin(application(world, Source(0)), "POST", "/decline", parts=list(small)).answer()
    assert (answer.status, "connection" in answer.headers) == (403, False)
    left = list(large)
    answer = await asgi.begin(application(world, Source(0)), "POST", "/decline", parts=left).answer()
    assert (answer.status, answer.headers["connection"]) == (403, "close")
    assert len(left) == 2, "no more is heard than the limit"


async def test_a_client_that_asks_first_is_not_asked_to_send(world: World) -> None:
    left, headers = [b"never sent"], {"expect": "100-continue"}
    answer = await asgi.begin(application(world, Source(0)), "POST", "/decline", parts=left, headers=headers).answer()
    assert (answer.status, answer.headers["connection"], left) == (403, "close", [b"never sent"])


@pytest.mark.parametrize(("method", "expected"), [("GET", 30), ("HEAD", 0)])
async def test_a_reply_is_read_while_it_is_sent(world: World, method: str, expected: int) -> None:
    source = Source(3)
    answer = await asgi.begin(application(world, source), method, "/parts").answer()
    assert (answer.status, len(answer.bytes), answer.headers["content-length"]) == (200, expected, "30")
    assert answer.headers["x-more"] == "yes"
    assert source.taken == expected // 10


async def test_nothing_more_is_read_for_a_client_that_has_gone(world: World) -> None:
    source = Source(1_000_000)
    sent = asgi.begin(application(world, source), "GET", "/parts")
    await source.begun.wait()
    await sent.hang_up()
    assert source.taken < source.parts
    assert source.is_closed
