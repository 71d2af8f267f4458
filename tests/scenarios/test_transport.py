"""What comes over a socket besides requests as libraries send them: halves, floods, pipelines, nonsense."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest

from tests.cast import ANNA
from tests.stage.asgi import Answer
from tests.stage.people import Person
from tests.stage.server import Server
from tests.stage.sockets import RealTown
from tests.stage.wire import Wire, chunked, request, wire
from veche.api.http.bodies import LARGEST_BODY, MOST_PASSED_OVER
from veche.api.http.lane import LONGEST_HEAD
from veche.api.http.replies import CORS

V3 = "/_matrix/client/v3"
R0 = "/_matrix/client/r0"
VERSIONS = "/_matrix/client/versions"
HELLO = b'{"msgtype":"m.text","body":"hello"}'


@asynccontextmanager
async def anna_in_a_room(server: Server) -> AsyncIterator[tuple[Person, str]]:
    """Anna, registered, in a room of her own."""
    async with aiohttp.ClientSession() as session:
        anna = await RealTown(server, session).person(ANNA)
        yield anna, (await anna.post("/createRoom", {"name": "Kitchen"})).ok()["room_id"]


def send_path(room: str, txn: str = "1", prefix: str = V3) -> str:
    """The path of a request to send."""
    return f"{prefix}/rooms/{room}/send/m.room.message/{txn}"


def has_cors(answer: Answer) -> bool:
    """Say whether the CORS headers stand on an answer."""
    return all(answer.headers[name.decode()] == value.decode() for name, value in CORS)


async def lives(line: Wire) -> bool:
    """Say whether the connection still serves."""
    await line.say(request("GET", VERSIONS))
    return (await line.hear()).status == 200


async def texts(anna: Person, room: str) -> list[str]:
    """What was said in a room."""
    chunk = (await anna.get(f"/rooms/{room}/messages", dir="f", limit=1000)).ok()["chunk"]
    return [event["content"]["body"] for event in chunk if event["type"] == "m.room.message"]


async def test_bodies_in_chunks(server: Server) -> None:
    async with anna_in_a_room(server) as (anna, room), wire(server) as line:
        ways = (send_path(room, "a"), send_path(room, "b", R0), f"{V3}/rooms/{room}/state/m.room.topic")
        chunks = "Transfer-Encoding: chunked"
        for path in ways:
            head = request("PUT", path, None, chunks, token=anna.token)
            await line.say(head, chunked(HELLO[:5], HELLO[5:]))
            first = (await line.hear()).ok()
            await line.say(head + chunked(*(HELLO[at : at + 1] for at in range(len(HELLO)))))
            assert (await line.hear()).ok() == first
            extended = b"5;name=value\r\n" + HELLO[:5] + b"\r\n" + chunked(HELLO[5:], end=b"0\r\nTrailer: x\r\n\r\n")
            await line.say(head, extended)
            assert (await line.hear()).ok() == first
        assert await lives(line)


@pytest.mark.parametrize("prefix", [V3, R0])
async def test_bodies_beyond_the_limit_are_refused_and_the_connection_goes_on(server: Server, prefix: str) -> None:
    async with anna_in_a_room(server) as (anna, room), wire(server) as line:
        path = send_path(room, "1", prefix)
        large = b" " * LARGEST_BODY + HELLO
        await line.say(request("PUT", path, large, token=anna.token))
        refusal = await line.hear()
        assert str(LARGEST_BODY) in refusal.refused(413, "M_TOO_LARGE")["error"]
        assert has_cors(refusal)
        head = request("PUT", path, None, "Transfer-Encoding: chunked", token=anna.token)
        await line.say(head, chunked(*(large[at : at + 2**16] for at in range(0, len(large), 2**16))))
        (await line.hear()).refused(413, "M_TOO_LARGE")
        await line.say(request("PUT", path, b" " * (LARGEST_BODY - len(HELLO)) + HELLO, token=anna.token))
        (await line.hear()).ok()
        assert await lives(line)
        await line.say(request("PUT", path, large, "Connection: close", token=anna.token))
        (await line.hear()).refused(413, "M_TOO_LARGE")
        assert await line.ends()
        assert await texts(anna, room) == ["hello"]


@pytest.mark.parametrize("prefix", [V3, R0])
async def test_a_body_without_end_is_cut_off(server: Server, prefix: str) -> None:
    async with anna_in_a_room(server) as (anna, room), wire(server) as line:
        head = request("PUT", send_path(room, "1", prefix), None, "Transfer-Encoding: chunked", token=anna.token)
        await line.say(head)
        piece = chunked(b" " * 2**20, end=b"")
        for _ in range(MOST_PASSED_OVER // 2**20 + 1):
            await line.say(piece)
        (await line.hear()).refused(413, "M_TOO_LARGE")
        assert await texts(anna, room) == []


@pytest.mark.parametrize("prefix", [V3, R0])
async def test_a_client_that_waits_for_100_continue(server: Server, prefix: str) -> None:
    async with anna_in_a_room(server) as (anna, room), wire(server) as line:
        whole = request("PUT", send_path(room, "1", prefix), HELLO, "Expect: 100-continue", token=anna.token)
        await line.say(whole.removesuffix(HELLO))
        assert (await line.hear()).status == 100
        await line.say(HELLO)
        assert (await line.hear()).ok()["event_id"]
        stranger = request("PUT", send_path(room, "1", prefix), HELLO, "Expect: 100-continue")
        await line.say(stranger.removesuffix(HELLO))
        (await line.hear()).refused(401, "M_MISSING_TOKEN")


async def test_requests_in_one_packet_are_answered_in_their_order(server: Server) -> None:
    async with anna_in_a_room(server) as (anna, room), wire(server) as line:
        sync = request("GET", f"{V3}/sync", token=anna.token)
        await line.say(sync)
        since = (await line.hear()).ok()["next_batch"]
        news = request("GET", f"{V3}/sync?since={since}&timeout=0", token=anna.token)
        await line.say(request("PUT", send_path(room, "a"), HELLO, token=anna.token) + news)
        sent = (await line.hear()).ok()["event_id"]
        [event] = (await line.hear()).ok()["rooms"]["join"][room]["timeline"]["events"]
        assert event["event_id"] == sent

        sends = [request("PUT", send_path(room, f"n{n}"), b'{"body":"%d"}' % n, token=anna.token) for n in range(30)]
        await line.say(b"".join(sends))
        ids = [(await line.hear()).ok()["event_id"] for _ in sends]
        assert len(set(ids)) == 30
        assert await texts(anna, room) == ["hello", *map(str, range(30))]

        mixed = [
            request("GET", VERSIONS),
            request("PUT", send_path(room, "z"), b"{", token=anna.token),
            request("OPTIONS", f"{V3}/sync"),
            news,
            request("PUT", send_path(room, "z"), HELLO, token=anna.token),
            request("GET", f"{V3}/nothing", token=anna.token),
            news,
        ]
        await line.say(b"".join(mixed))
        assert [(await line.hear()).status for _ in mixed] == [200, 400, 200, 200, 200, 404, 200]
        assert await lives(line)


async def test_a_request_in_single_bytes(server: Server) -> None:
    async with anna_in_a_room(server) as (anna, room), wire(server) as line:
        for path in (send_path(room, "a"), send_path(room, "b", R0)):
            text = request("PUT", path, HELLO, token=anna.token)
            await line.say(*(text[at : at + 1] for at in range(len(text))))
            assert (await line.hear()).ok()["event_id"]


async def test_who_goes_away_during_a_long_poll_holds_up_nobody(server: Server) -> None:
    async with anna_in_a_room(server) as (anna, room):
        since = (await anna.get("/sync")).ok()["next_batch"]
        poll = request("GET", f"{V3}/sync?since={since}&timeout=30000", token=anna.token)
        later = request("PUT", send_path(room, "behind the poll"), HELLO, token=anna.token)
        for text in (poll, poll + later, poll + poll + poll):
            for _ in range(5):
                async with wire(server) as line:
                    await line.say(text)
        await anna.put(f"/rooms/{room}/send/m.room.message/2", {"body": "x"})
        async with wire(server) as line:
            await line.say(poll)
            assert (await line.hear()).ok()["rooms"]["join"][room]["timeline"]["events"]


@pytest.mark.parametrize("version", ["1.1", "1.0"])
async def test_connections_end_as_the_client_wishes(server: Server, version: str) -> None:
    async with anna_in_a_room(server) as (anna, room):
        since = (await anna.get("/sync")).ok()["next_batch"]
        wishes = ("Connection: close",) if version == "1.1" else ("X: y", "Connection: close", "Connection: keep-alive")
        asked = (
            ("PUT", send_path(room, "a"), HELLO, 200),
            ("PUT", send_path(room, "b"), b"{", 400),
            ("PUT", send_path(room, "c", R0), HELLO, 200),
            ("GET", f"{V3}/sync?since={since}", None, 200),
            ("GET", VERSIONS, None, 200),
            ("GET", "/nothing", None, 404),
        )
        for wish in wishes:
            for method, path, body, status in asked:
                async with wire(server) as line:
                    await line.say(request(method, path, body, wish, token=anna.token, version=version))
                    answer = await line.hear()
                    assert (answer.status, answer.headers["connection"]) == (status, "close"), path
                    assert has_cors(answer)
                    assert await line.ends()


async def test_head_and_options_on_one_connection(server: Server) -> None:
    async with anna_in_a_room(server) as (anna, room), wire(server) as line:
        for path in (VERSIONS, f"{V3}/sync", f"{V3}/rooms/{room}/state", "/nothing"):
            await line.say(request("HEAD", path, token=anna.token))
            head = await line.hear(has_body=False)
            assert has_cors(head)
            await line.say(request("OPTIONS", path))
            assert (await line.hear()).ok() == {}
        assert await lives(line)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,  # the beginning of a TLS handshake
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: a\x00b\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"PUT /_matrix/client/v3/rooms/x/send/y/z HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
async def test_what_is_not_http(server: Server, nonsense: bytes) -> None:
    async with wire(server) as line:
        await line.say(nonsense)
        answer = await line.hear()
        assert 400 <= answer.status < 500
        assert json.loads(answer.bytes)["errcode"].startswith("M_")
        assert has_cors(answer)
        assert await line.ends()
    async with wire(server) as line:
        assert await lives(line)


async def test_a_head_without_end_is_refused(server: Server) -> None:
    endless = (
        (b"GET /" + b"x" * 2**14, b"x" * 2**14),
        (b"GET / HTTP/1.1\r\nX: ", b"y" * 2**14),
        (b"GET / HTTP/1.1\r\n", b"X: y\r\n" * 2**11),
    )
    for start, more in endless:
        async with wire(server) as line:
            await line.say(start)
            with_room = LONGEST_HEAD // len(more) + 2
            await line.say(*[more] * with_room)
            answer = await line.hear()
            answer.refused(431, "M_TOO_LARGE")
            assert has_cors(answer)
    async with wire(server) as line:
        await line.say(request("GET", VERSIONS, None, "X: " + "y" * (LONGEST_HEAD - 1000)))
        (await line.hear()).ok()


async def test_an_offer_of_another_protocol_is_passed_over(server: Server) -> None:
    async with anna_in_a_room(server) as (anna, room), wire(server) as line:
        upgrade = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAA")
        for method, path, body in (
            ("GET", VERSIONS, None),
            ("PUT", send_path(room), HELLO),
            ("POST", f"{V3}/createRoom", b"{}"),
        ):
            await line.say(request(method, path, body, *upgrade, token=anna.token))
            (await line.hear()).ok()
        websocket = (
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: eA==",
        )
        await line.say(request("GET", "/_matrix/client/v3/sync", None, *websocket))
        (await line.hear()).refused(401, "M_MISSING_TOKEN")
        assert await lives(line)


async def test_half_requests_hold_up_nobody(server: Server) -> None:
    async with anna_in_a_room(server) as (anna, room), AsyncExitStack() as halves:
        whole = request("PUT", send_path(room, "half"), HELLO, token=anna.token)
        create = request("POST", f"{V3}/createRoom", b'{"name":"half"}', token=anna.token)
        for number in range(120):
            line = await halves.enter_async_context(wire(server))
            text = (whole, create, request("GET", VERSIONS))[number % 3]
            await line.say(text[: len(text) * (number % 10) // 10])
        for number in range(20):
            (await anna.put(f"/rooms/{room}/send/m.room.message/{number}", {"body": str(number)})).ok()
        assert await texts(anna, room) == [str(number) for number in range(20)]
    async with anna_again(server, anna) as again:
        assert await texts(again, room) == [str(number) for number in range(20)], "halves that ended changed nothing"
        assert len((await again.get("/joined_rooms")).ok()["joined_rooms"]) == 1


@asynccontextmanager
async def anna_again(server: Server, anna: Person) -> AsyncIterator[Person]:
    """Anna on another connection."""
    async with aiohttp.ClientSession() as session:
        yield Person(RealTown(server, session), anna.asker, anna.token)


async def test_who_does_not_read_answers_is_asked_to_wait(server: Server) -> None:
    async with anna_in_a_room(server) as (anna, room), wire(server) as deaf:
        for number in range(50):
            await anna.put(f"/rooms/{room}/send/m.room.message/{number}", {"body": "x" * 5_000})
        page = request("GET", f"{V3}/rooms/{room}/messages?dir=b&limit=100", token=anna.token)
        first = request(
            "GET", f"{V3}/sync?filter=%7B%22room%22:%7B%22timeline%22:%7B%22limit%22:100%7D%7D%7D", token=anna.token
        )
        flood = asyncio.ensure_future(deaf.say(*[page + first] * 400))
        for number in range(20):
            (await anna.put(f"/rooms/{room}/send/m.room.message/during{number}", {"body": "y"})).ok()
        flood.cancel()
    async with wire(server) as line:
        assert await lives(line)


BAD_SENDS = (
    ("{room}/send/m.room.message/1", b"{", True),
    ("{room}/send/m.room.message/1", b"", True),
    ("{room}/send/m.room.message/1", b"[]", True),
    ("{room}/send/m.room.message/1", b'{"a":1.5}', True),
    ("{room}/send/m.room.message/1", rb'{"a":"\ud800"}', True),
    ("{room}/send/m.room.message/" + "x" * 256, HELLO, True),
    ("{room}/send/" + "x" * 256 + "/1", HELLO, True),
    ("{room}/send/%FF/1", HELLO, True),
    ("{room}/send/%00/1", HELLO, True),
    ("{room}/send//1", HELLO, True),
    ("{room}/send/m.room.message/", HELLO, True),
    ("{room}/send/a/b/c", HELLO, True),
    ("{room}/send/m.room.message", HELLO, True),
    ("{room}/send/m.room.member/1", b'{"membership":"ban"}', True),
    ("{room}/send/m.room.redaction/1", b"{}", True),
    ("!nowhere:veche.test/send/m.room.message/1", HELLO, True),
    ("/send/m.room.message/1", HELLO, True),
    ("x/send/send/send", HELLO, True),
    ("{room}/send/m.room.message/1", HELLO, False),
    ("{room}/send/m.room.message/1?access_token=x", HELLO, False),
)


async def test_the_fast_lane_answers_as_the_ordinary_way_does(server: Server) -> None:
    async with anna_in_a_room(server) as (anna, room), wire(server) as line:
        for path, body, is_known in BAD_SENDS:
            answers = []
            for prefix in (V3, R0):
                target = f"{prefix}/rooms/{path.replace('{room}', room)}"
                await line.say(request("PUT", target, body, token=anna.token if is_known else ""))
                answers.append(await line.hear())
            assert answers[0].bytes == answers[1].bytes, path
            assert answers[0].status == answers[1].status
            assert all(has_cors(answer) for answer in answers)
            if path.startswith("{room}/send//1"):
                continue
            assert answers[0].status in (400, 401, 403, 404, 413), path
        for query in ("since=x", "timeout=x", "filter=%7B", "filter=none", "full_state=x", "since=%FF", "since=%00"):
            for more in ("", "&timeout=" + "9" * 5000):
                await line.say(request("GET", f"{V3}/sync?{query}{more}", token=anna.token))
                answer = await line.hear()
                assert answer.status in (400, 404), query
                assert answer.errcode in ("M_INVALID_PARAM", "M_NOT_JSON", "M_NOT_FOUND", "M_UNKNOWN")
        for token in ("", "x" * 5_000, "ÿ"):
            await line.say(request("GET", f"{V3}/sync?since=s1.1.x.1", token=token))
            assert (await line.hear()).status == 401
