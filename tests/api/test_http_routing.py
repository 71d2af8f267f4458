"""The door itself: which path leads where, by which method, and what stands on every answer."""

import asyncio
import json
import logging
import re
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from tests.cast import ANNA, BORIS
from tests.stage import asgi
from tests.stage.asgi import Answer
from tests.stage.rooms import found, rows_of, say
from tests.stage.world import World
from veche.api.http.contract import Door, Empty, Endpoint, Reply, RequestFacts
from veche.api.http.door import Application
from veche.api.http.replies import CORS
from veche.api.http.requests import path_names
from veche.api.http.router import Router
from veche.api.table import ENDPOINTS
from veche.domain.refusals import Refused
from veche.domain.sessions import Asker

V3 = "/_matrix/client/v3"
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")


def paths() -> set[str]:
    """Every path of the table, with something in the places of its parameters."""
    found_ = set()
    for endpoint in ENDPOINTS:
        for path in (endpoint.path, *endpoint.aliases):
            for name in path_names(path):
                path = path.replace("{" + name + "}", "x")
            found_.add(path)
    return found_


def has_cors(headers: dict[str, str]) -> bool:
    """Say whether the CORS headers stand there."""
    return all(headers[name.decode()] == value.decode() for name, value in CORS)


async def test_every_path_answers_options_without_doing_anything(world: World) -> None:
    anna = await world.person(ANNA)
    before = await rows_of(world)
    for path in (*paths(), "/_matrix/client/v3/nothing", "/", "/%FF"):
        for token in (None, anna.token, "nonsense"):
            answer = await world.call("OPTIONS", path, token=token)
            assert (answer.status, answer.json) == (200, {}), path
            assert has_cors(answer.headers)
    assert await rows_of(world) == before
    allowed = answer.headers["access-control-allow-methods"]
    assert {"GET", "POST", "PUT", "DELETE", "OPTIONS"} <= set(re.split(r",\s*", allowed))
    assert "Authorization" in answer.headers["access-control-allow-headers"]


async def test_head_is_a_get_without_the_body(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    for endpoint in ENDPOINTS:
        path = endpoint.path.replace("{room_id}", quote(room)).replace("{user_id}", quote(anna.user))
        path = re.sub(r"\{\w+\}", "x", path)
        head = await world.call("HEAD", path, token=anna.token)
        assert head.bytes == b""
        assert has_cors(head.headers)
        if endpoint.method == "GET":
            get = await world.call("GET", path, token=anna.token)
            assert head.status == get.status, path
            sizes = [int(one.headers["content-length"]) for one in (head, get)]
            assert abs(sizes[0] - sizes[1]) < 60, "but for ages and tokens the same"
    for endpoint in ENDPOINTS:
        others = [one for one in ENDPOINTS if one.path == endpoint.path and one.method == "GET"]
        if not others and endpoint.method != "GET":
            path = re.sub(r"\{\w+\}", "x", endpoint.path)
            assert (await world.call("HEAD", path, token=anna.token)).status in (404, 405), path


async def test_other_methods_are_refused_by_name(world: World) -> None:
    anna = await world.person(ANNA)
    router = Router(ENDPOINTS)
    for path in sorted(paths()):
        for method in METHODS:
            try:
                router.match(method, path.encode())
            except Refused:
                answer = await world.call(method, path, {}, token=anna.token)
                answer.refused(405, "M_UNRECOGNIZED")
                assert has_cors(answer.headers)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "//",
        "/_matrix",
        "/_matrix/client",
        "/_matrix/client/v3",
        "/_matrix/client/v3/",
        "/_matrix/client/v3/sync/",
        "/_matrix/client/v3//sync",
        "/_matrix/client/v3/Sync",
        "/_matrix/client/v4/sync",
        "/_matrix/client/v3/%73ync",
        "/_matrix/client/v3/rooms/x",
        "/_matrix/client/v3/rooms/x/send/y",
        "/_matrix/client/v3/rooms/x/send/y/z/more",
        "/_matrix/client/unstable/org.matrix.msc4143/rtc/transports",
        "/_matrix/client/v1/auth_metadata",
        "/_synapse/admin/v1/users",
        "/favicon.ico",
        "/%FF%00",
    ],
)
async def test_unknown_paths(world: World, path: str) -> None:
    anna = await world.person(ANNA)
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"):
        for token in (None, anna.token):
            answer = await world.call(method, path, {}, token=token)
            assert answer.status == 404
            assert has_cors(answer.headers)
            if method != "HEAD":
                assert answer.errcode == "M_UNRECOGNIZED"


async def test_older_paths_mean_the_same(world: World) -> None:
    anna = await world.person(ANNA)
    room = (await anna.post("/_matrix/client/r0/createRoom")).ok()["room_id"]
    said = (await anna.put(f"/_matrix/client/r0/rooms/{room}/send/m.room.message/1", {"body": "x"})).ok()["event_id"]
    assert (await anna.put(f"/rooms/{room}/send/m.room.message/1", {"body": "x"})).ok()["event_id"] == said
    for path in (f"/rooms/{room}/state", "/joined_rooms", f"/rooms/{room}/members"):
        new, old = (await anna.get(path)).ok(), (await anna.get(f"/_matrix/client/r0{path}")).ok()
        assert json.dumps(new).count("event_id") == json.dumps(old).count("event_id")


async def test_a_segment_is_decoded_after_the_path_was_split(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    for text in ("a/b", "a%2Fb", "a?b#c", "ä+ö &", "😀", "a;b=c", "..", "a:b"):
        way = f"/rooms/{quote(room, safe='')}/send/{quote(text, safe='')}/{quote(text, safe='')}"
        sent = (await anna.put(way, {})).ok()["event_id"]
        shown = (await anna.get(f"/rooms/{room}/event/{quote(sent, safe='')}")).ok()
        assert (shown["type"], shown["unsigned"]["transaction_id"]) == (text, text)
        assert shown == {**(await anna.get(f"/rooms/{room}/event/{sent}")).ok(), "unsigned": shown["unsigned"]}


async def test_what_stands_on_every_answer(world: World) -> None:
    anna = await world.person(ANNA)
    seen = set()
    for method, path, token, status in (
        ("GET", "/_matrix/client/versions", None, 200),
        ("GET", f"{V3}/sync", None, 401),
        ("GET", f"{V3}/rooms/x/state", anna.token, 403),
        ("GET", f"{V3}/nothing", anna.token, 404),
        ("DELETE", f"{V3}/sync", anna.token, 405),
        ("GET", f"{V3}/rooms/x/messages", anna.token, 400),
    ):
        answer = await world.call(method, path, token=token)
        assert answer.status == status
        assert has_cors(answer.headers)
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["cache-control"] == "no-store"
        assert int(answer.headers["content-length"]) == len(answer.bytes)
        seen.add(answer.headers["x-request-id"])
    assert len(seen) == 6


async def test_a_fault_of_the_servers_own_says_nothing_of_its_cause(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(door: Door, asker: Asker, query: Empty) -> Empty:
        """Fail as no endpoint should."""
        raise ZeroDivisionError("a secret of the inside")

    async def wait(door: Door, asker: Asker, query: Empty) -> Empty:
        """Wait for ever."""
        await asyncio.Event().wait()
        return Empty()

    async def guarded(door: Door, asker: Asker, query: Empty) -> Empty:
        """Answer."""
        return Empty()

    application = Application(
        world.running.application.door,
        (
            Endpoint("GET", "/fail", "public", "none", Empty, Empty, fail),
            Endpoint("GET", "/wait", "public", "none", Empty, Empty, wait),
            Endpoint("GET", "/guarded", "administrator", "none", Empty, Empty, guarded),
        ),
    )
    answer = await asgi.begin(application, "GET", "/fail").answer()
    error = answer.refused(500, "M_UNKNOWN")
    assert "secret" not in str(error)
    assert has_cors(answer.headers)
    [record] = [one for one in caplog.records if one.name == "veche.http"]
    assert "a secret of the inside" in str(record.exc_info)
    assert record.__dict__["request"] == answer.headers["x-request-id"]
    poll = asgi.begin(application, "GET", "/wait")
    await asyncio.sleep(0)
    await poll.hang_up()
    assert not poll.is_waiting
    boris, elena = await world.person(BORIS), await world.person("elena", role="administrator")
    refusal = await asgi.begin(application, "GET", "/guarded", token=boris.token).answer()
    refusal.refused(403, "M_FORBIDDEN")
    assert (await asgi.begin(application, "GET", "/guarded", token=elena.token).answer()).ok() == {}


class OneSecret(msgspec.Struct, frozen=True):
    """A request whose path holds a secret."""

    token: str


class Given(msgspec.Struct, frozen=True, rename={"where": "from"}):
    """A request with every kind of parameter."""

    name: str
    where: int
    body: bytes
    request: RequestFacts
    via: list[str] = []
    is_odd: bool | None = None


async def test_from_where_an_endpoint_gets_its_parameters(world: World) -> None:
    async def tell(door: Door, asker: Asker, query: Given) -> Reply:
        """Tell what was given."""
        text = f"{query.name} {query.where} {query.via} {query.is_odd} {query.body!r} {query.request.user_agent}"
        return Reply(text.encode(), 201, b"text/plain", ((b"x-y", b"z"),))

    given = Endpoint("POST", "/given/{name}", "public", "none", Given, Reply, tell)
    application = Application(world.running.application.door, (given,))

    async def ask(query: str) -> Answer:
        begun = asgi.begin(application, "POST", f"/given/n?{query}", b"\xff", headers={"user-agent": "U/1"})
        return await begun.answer()

    answer = await ask("via=a&from=7&via=b%20c&is_odd=&name=other&body=x&request=x&unknown=x")
    assert answer.bytes.decode() == r"n 7 ['a', 'b c'] None b'\xff' U/1"
    assert (answer.status, answer.headers["content-type"], answer.headers["x-y"]) == (201, "text/plain", "z")
    assert has_cors(answer.headers)
    assert "cache-control" not in answer.headers
    error = (await ask("via=a")).refused(400, "M_MISSING_PARAM")
    assert error["org.veche.field"] == "from", "as it is called on the wire"
    for wrong in ("from=x", "from=", "from=%FF", "from=1&is_odd=x", "from=1%00", f"from={2**53}", "from=1&from=x"):
        (await ask(wrong)).refused(400, "M_INVALID_PARAM")


async def test_the_log_holds_no_secrets(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    anna = await world.person(ANNA)
    room = await found(anna)
    caplog.clear()
    await say(anna, room, "a secret between us")
    await world.call("GET", f"{V3}/account/whoami?access_token={anna.token}")
    await anna.put(f"/rooms/{room}/send/m.room.message/1", b'{"body":"a secret')
    told = [one for one in caplog.records if one.name == "veche.http"]
    assert [(one.__dict__["method"], one.__dict__["status"]) for one in told] == [
        ("PUT", 200),
        ("GET", 200),
        ("PUT", 400),
    ]
    assert len({one.__dict__["request"] for one in told}) == 3
    everything = " ".join(str(one.__dict__) for one in caplog.records)
    assert anna.token not in everything
    assert "a secret" not in everything


async def test_the_log_holds_no_path_with_a_secret(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "abcdefghij234567"
    asked: list[tuple[str, str]] = []
    for endpoint in ENDPOINTS:
        for path in (endpoint.path, *endpoint.aliases):
            if endpoint.hides_path:
                asked += [(method, path) for method in METHODS]
                for method in METHODS:
                    await world.call(method, re.sub(r"\{\w+\}", secret, path))
    for rest in (f"{secret}/", f"{secret}/more", f"{secret}%00", f"%FF{secret}"):
        asked.append(("GET", "/first/{token}"))
        await world.call("GET", f"/first/{rest}")
    told = [one.__dict__ for one in caplog.records if one.name == "veche.http"]
    assert [(one["method"], one["path"]) for one in told] == asked
    assert secret not in " ".join(str(one.__dict__) for one in caplog.records)
    await world.call("GET", f"{V3}/profile/{secret}")
    assert secret in str(caplog.records[-1].__dict__), "other paths are told as they came"


async def test_nor_does_it_when_a_request_fails(world: World, caplog: pytest.LogCaptureFixture) -> None:
    async def fail(door: Door, asker: Asker, query: OneSecret) -> Empty:
        """Make a mistake."""
        raise RuntimeError("a mistake")

    failing = Endpoint("GET", "/fail/{token}", "public", "none", OneSecret, Empty, fail, hides_path=True)
    application = Application(world.running.application.door, (failing,))
    (await asgi.begin(application, "GET", "/fail/abcdefghij").answer()).refused(500, "M_UNKNOWN")
    [record] = [one for one in caplog.records if one.name == "veche.http"]
    assert record.__dict__["path"] == "/fail/{token}"
    assert "abcdefghij" not in str(record.__dict__)


def test_every_path_with_a_secret_is_hidden() -> None:
    names = {"token", "short", "code", "secret", "password", "key_id"}
    found_ = {endpoint.path for endpoint in ENDPOINTS if names & set(path_names(endpoint.path))}
    assert found_ == {endpoint.path for endpoint in ENDPOINTS if endpoint.hides_path}
    assert {"/first/{token}", "/f/{short}"} <= found_


async def test_no_path_is_declared_twice(world: World) -> None:
    one = next(endpoint for endpoint in ENDPOINTS if endpoint.path == "/health")
    with pytest.raises(ValueError, match="GET /health is declared twice"):
        Application(world.running.application.door, (one, one))


async def test_only_http_is_spoken(world: World) -> None:
    sent: list[Any] = []
    waiting = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await world.running.application({"type": "websocket"}, receive, send)
    await world.running.application({"type": "lifespan"}, receive, send)
    assert sent == ["websocket.close", "lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.mark.settings(rate_limits="on")
async def test_too_many_requests(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    path = f"/rooms/{room}/send/m.room.message/"
    answers = [await anna.put(f"{path}{number}", {"body": "x"}) for number in range(300)]
    refused = [answer for answer in answers if answer.status != 200]
    assert refused
    for answer in refused:
        wait = answer.refused(429, "M_LIMIT_EXCEEDED")["retry_after_ms"]
        assert (int(answer.headers["retry-after"]) - 1) * 1000 < wait <= int(answer.headers["retry-after"]) * 1000
        assert "Retry-After" in answer.headers["access-control-expose-headers"]
        assert has_cors(answer.headers)
    await say(boris, room, "others are not held up")
    world.clock.advance(ms=wait)
    await say(anna, room, "again")
