"""People who ask for large files and take nothing of them: as many as may, over HTTPS, cost little memory."""

import asyncio
import socket
import ssl

import aiohttp
import pytest

from tests.cast import ANNA, BORIS
from tests.scenarios.test_media import MOST_GROWTH, by, memory, parts
from tests.stage.media import OLD, fetch, path_of
from tests.stage.people import Person
from tests.stage.sockets import RealTown
from tests.stage.wire import request
from veche.domain.media.quotas import MOST_DOWNLOADS_AT_ONCE, MOST_DOWNLOADS_OF_ALL

OVER_HTTPS = pytest.mark.settings(tls="on", trust_port=0)
LARGE = 20 * 2**20


def reader(world: RealTown, person: Person, uri: str) -> socket.socket:
    """Ask for a file on a connection whose buffers are as small as can be, and wait for the first bytes of it."""
    plain = socket.socket()
    plain.settimeout(30)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.connect(("127.0.0.1", world.server.port))
    trust = world.server.trust()
    assert isinstance(trust, ssl.SSLContext)
    connection = trust.wrap_socket(plain, server_hostname="127.0.0.1")
    connection.sendall(request("GET", path_of(uri), token=person.token))
    assert connection.recv(12) == b"HTTP/1.1 200"
    return connection


@OVER_HTTPS
async def test_as_many_slow_readers_as_may_cost_little_memory(world: RealTown) -> None:
    anna = await world.person(ANNA)
    async with aiohttp.ClientSession(world.server.url, headers=by(anna)) as session:
        trust = world.server.trust() or True
        async with session.post(f"{OLD}/upload", data=parts(LARGE), ssl=trust) as answer:
            uri = str((await answer.json())["content_uri"])
    (await anna.put(f"/profile/{anna.user}/avatar_url", {"avatar_url": uri})).ok()
    people = [anna] + [await world.person(f"reader{number}") for number in range(MOST_DOWNLOADS_OF_ALL // 20 - 1)]
    boris = await world.person(BORIS)
    assert (await fetch(boris, uri, {"range": "bytes=0-9"})).status == 206
    before = memory(world)
    readers: list[socket.socket] = []
    for person in people:
        readers += [await asyncio.to_thread(reader, world, person, uri) for _ in range(MOST_DOWNLOADS_AT_ONCE)]
        refused = await fetch(person, uri)
        if person is not people[-1]:
            refused.refused(429, "M_LIMIT_EXCEEDED")
            assert int(refused.headers["retry-after"]) > 0
    (await fetch(boris, uri)).refused(503, "M_UNKNOWN")
    assert memory(world) - before < MOST_GROWTH
    for connection in readers:
        connection.close()
    while (await fetch(boris, uri, {"range": "bytes=0-9"})).status == 503:  # noqa: ASYNC110 (nobody tells when)
        await asyncio.sleep(0.05)
    assert len((await fetch(anna, uri)).bytes) == LARGE
    assert "Traceback" not in world.server.last_words()
