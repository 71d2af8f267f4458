"""Bad input at every declared endpoint: the specification's error with a sentence, nothing half-written, never a 500.

Each endpoint is asked by somebody of its own, who has a room, an event and whatever else a path can name.
"""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any, get_args, get_origin
from urllib.parse import quote

import msgspec
import pytest

from tests.cast import ANNA
from tests.stage.asgi import Answer
from tests.stage.people import Person
from tests.stage.rooms import found, log, rows_of, say
from tests.stage.world import World
from veche.api.http.bodies import LARGEST_BODY
from veche.api.http.contract import Endpoint
from veche.api.http.requests import MOST_PARAMETERS, path_names
from veche.api.table import ENDPOINTS
from veche.domain.ids import RoomId

_numbers = count(1)

NO_JSON = (
    b"{",
    b'{"a":}',
    b"nonsense",
    b'{"a":1}}',
    b"\xff\xfe{}",
    b'{"a":NaN}',
    b'{"a":-Infinity}',
    b'{"a":1e999}',
    rb'{"a":"\ud800"}',
    b'{"a":"\xed\xa0\x80"}',
    b'{"a":"\x01"}',
    b"[" * 50_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b'{"a":' + b"9" * 5_000 + b"}",
)
NO_OBJECT = (b"[]", b"[{}]", b"null", b"7", b'"text"', b"true")
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    7,
    -1,
    1.5,
    2**70,
    "",
    "a\x00b",
    "x" * 5_000,
    "\U0001f600",
    [],
    [None],
    ["x"],
    [{}],
    {},
    {"": {}},
    {"a\x00": {"b\x00": 2**70}},
    {"@boris:veche.test": {"*": None, "x": [1.5]}},
    {"ed25519:x": "y", "signatures": {"@boris:veche.test": {"ed25519:x": 2**70}}},
)
ODD_TEXTS = ("%00", "%FF", "%ED%A0%80", "%F0%9F%98%80", "%2F", "..", "%", "%zz", "x" * 3_000, "!", "@", "0", "-1")
ODD_QUERIES = (*ODD_TEXTS, "", "9" * 30, "9" * 5_000, "1e3", "1.5", "true", "null", "{", "[]", "{}", "%00%00")


class Subject(msgspec.Struct, frozen=True):
    """Who asks an endpoint, and what its paths and queries may name."""

    person: Person
    names: dict[str, str]

    def path(self, endpoint: Endpoint, **other: str) -> str:
        """The endpoint's path, with other things in some places."""
        path = endpoint.path
        for name in path_names(path):
            path = path.replace("{" + name + "}", other.get(name) or quote(self.names.get(name, "x"), safe=""), 1)
        return path


async def subject(world: World, endpoint: Endpoint | None = None) -> Subject:
    """Somebody with a room of their own, who may call the endpoint."""
    number = next(_numbers)
    is_administrator = endpoint is not None and endpoint.caller == "administrator"
    person = await world.person(f"p{number}", role="administrator" if is_administrator else "user")
    room = await found(person, room_alias_name=f"r{number}")
    event = await say(person, room)
    names = {
        "room_id": room,
        "room_id_or_alias": room,
        "room_alias": f"#r{number}:veche.test",
        "event_id": event,
        "user_id": person.user,
        "device_id": person.asker.device or "",
        "type": "org.example.type",
        "event_type": "m.room.message",
        "receipt_type": "m.read",
        "key": "displayname",
        "kind": "override",
        "rule_id": ".m.rule.master",
        "tag": "u.tag",
        "version": "1",
        "rel_type": "m.thread",
    }
    return Subject(person, names)


def is_error(answer: Answer) -> None:
    """Fail unless the answer is a standard error with a sentence."""
    body = answer.json
    assert answer.headers["content-type"] == "application/json"
    assert body["errcode"].startswith(("M_", "ORG."))
    assert len(body["error"]) > 5


def is_sound(answer: Answer, asked: object) -> bool:
    """Fail for the server's own faults; say whether the request was refused with a standard error."""
    assert answer.status < 500, (asked, answer.bytes)
    assert answer.headers["access-control-allow-origin"] == "*"
    refused = answer.status >= 400
    if answer.headers["content-type"].startswith("text/html"):
        return refused
    if refused and "flows" not in answer.json:
        is_error(answer)
    return refused


def name_of(endpoint: Endpoint) -> str:
    """Method and path."""
    return f"{endpoint.method} {endpoint.path}"


def body_of(endpoint: Endpoint) -> Any:
    """The type of an endpoint's body, or None."""
    return {field.name: field.type for field in msgspec.structs.fields(endpoint.request)}.get("body")


def odd_bodies(kind: Any) -> Iterator[Any]:
    """Bodies with one field of an odd type each, the others as they have to be."""
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        for value in ODD_VALUES:
            yield {"a": value}
            yield {"content": value, "default": value, "rule_id": value, "order": value, "room": value}
        return
    fields = msgspec.structs.fields(kind)
    needed = {field.encode_name: _plausible(field.type) for field in fields if field.required}
    for field in fields:
        for value in ODD_VALUES:
            yield {**needed, field.encode_name: value}


def _plausible(kind: Any) -> Any:
    if kind is bool:
        return True
    if kind is int:
        return 1
    origin = get_origin(kind) or kind
    if origin is dict or kind is Any:
        return {}
    if origin in (list, tuple):
        return []
    return get_args(kind)[0] if get_args(kind) and isinstance(get_args(kind)[0], str) else "x"


@pytest.fixture(params=["sqlite", "postgres"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Both engines: what one of them takes, the other may refuse."""
    return str(request.param)


async def still_works(world: World, anna: Person, room: RoomId) -> None:
    """Fail unless readers and writers go on as before."""
    event = await say(anna, room, "still here")
    assert (await log(anna, room))[-1]["event_id"] == event
    assert (await anna.get("/sync")).ok()["rooms"]["join"][room]
    for _ in range(8):
        assert (await world.call("GET", "/health")).ok()["status"] == "ok"


WITH_BODY = [endpoint for endpoint in ENDPOINTS if body_of(endpoint) not in (None, bytes)]
TOKENS = [endpoint for endpoint in ENDPOINTS if endpoint.caller != "public"]


async def test_bodies_that_are_no_json_or_no_object(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    for endpoint in WITH_BODY:
        asker = await subject(world, endpoint)
        path, before = asker.path(endpoint) + "?version=1", await rows_of(world)
        for body in NO_JSON:
            answer = await world.call(endpoint.method, path, body, token=asker.person.token)
            error = answer.refused(400, "M_NOT_JSON")
            assert error["error"].startswith("The body is not JSON: "), (name_of(endpoint), body[:20])
        for body in NO_OBJECT:
            answer = await world.call(endpoint.method, path, body, token=asker.person.token)
            answer.refused(400, "M_BAD_JSON")
        if not endpoint.body_optional:
            for body in (b"", b" \n"):
                answer = await world.call(endpoint.method, path, body, token=asker.person.token)
                answer.refused(400, "M_NOT_JSON")
        assert await rows_of(world) == before, name_of(endpoint)
    await still_works(world, anna, room)


async def test_fields_of_odd_types(world: World, engine_name: str) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    for endpoint in WITH_BODY:
        asker = await subject(world, endpoint)
        path = asker.path(endpoint) + "?version=1"
        for body in odd_bodies(body_of(endpoint)):
            before = await rows_of(world) if engine_name == "sqlite" else {}
            answer = await world.call(endpoint.method, path, json.dumps(body).encode(), token=asker.person.token)
            refused = is_sound(answer, (name_of(endpoint), str(body)[:200]))
            if refused and answer.status != 401 and engine_name == "sqlite":
                assert await rows_of(world) == before, (name_of(endpoint), str(body)[:200])
    await still_works(world, anna, room)


async def test_required_fields_that_are_missing(world: World) -> None:
    for endpoint in WITH_BODY:
        kind = body_of(endpoint)
        if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
            continue
        required = [field.encode_name for field in msgspec.structs.fields(kind) if field.required]
        if required:
            asker = await subject(world, endpoint)
            path = asker.path(endpoint) + "?version=1"
            answer = await world.call(endpoint.method, path, {}, token=asker.person.token)
            error = answer.refused(400, "M_MISSING_PARAM")
            assert error["org.veche.field"] == required[0], name_of(endpoint)
            assert required[0] in error["error"]


async def test_odd_texts_in_paths(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    for endpoint in ENDPOINTS:
        if not path_names(endpoint.path):
            continue
        asker = await subject(world, endpoint)
        for name in path_names(endpoint.path):
            for text in ODD_TEXTS:
                path = asker.path(endpoint, **{name: text}) + "?version=1"
                answer = await world.call(endpoint.method, path, {}, token=asker.person.token)
                is_sound(answer, (endpoint.method, path[:200]))
                if text in ("%00", "%FF", "%ED%A0%80"):
                    answer.refused(400, "M_INVALID_PARAM")
    await still_works(world, anna, room)


async def test_odd_texts_in_queries(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    for endpoint in ENDPOINTS:
        asker = await subject(world, endpoint)
        in_path = set(path_names(endpoint.path))
        for field in msgspec.structs.fields(endpoint.request):
            if field.name in ("body", "request") or field.name in in_path:
                continue
            for text in ODD_QUERIES:
                path = f"{asker.path(endpoint)}?{field.encode_name}={text}&unknown={text[:9]}"
                answer = await world.call(endpoint.method, path, {}, token=asker.person.token)
                is_sound(answer, (endpoint.method, path[:200]))
    await still_works(world, anna, room)


async def test_more_parameters_than_anybody_needs(world: World) -> None:
    anna = await world.person(ANNA)
    path = "/_matrix/client/v3/sync?" + "&".join(["set_presence=offline"] * MOST_PARAMETERS)
    assert (await world.call("GET", path, token=anna.token)).status == 200
    for more in ("&", "&x", "&set_presence=online"):
        answer = await world.call("GET", path + more, token=anna.token)
        assert str(MOST_PARAMETERS) in answer.refused(400, "M_INVALID_PARAM")["error"]


async def test_a_parameter_of_the_path_cannot_be_given_in_the_query(world: World) -> None:
    anna = await world.person(ANNA)
    room, other = await found(anna, name="this"), await found(anna, name="that")
    path = f"/_matrix/client/v3/rooms/{room}/state/m.room.name?room_id={quote(other)}&state_key=x&event_type=y"
    assert (await world.call("GET", path, token=anna.token)).ok() == {"name": "this"}


async def test_every_endpoint_wants_a_token_it_knows(world: World) -> None:
    asker = await subject(world)
    before = await rows_of(world)
    for endpoint in TOKENS:
        path = asker.path(endpoint) + "?version=1"
        answer = await world.call(endpoint.method, path, {})
        answer.refused(401, "M_MISSING_TOKEN")
        answer = await world.call(endpoint.method, path, {}, headers={"authorization": f"Basic {asker.person.token}"})
        answer.refused(401, "M_MISSING_TOKEN")
        for token in ("nonsense", "", "x" * 10_000, asker.person.token + "x", "\xff\xfe"):
            answer = await world.call(endpoint.method, path, {}, token=token)
            error = answer.refused(401, "M_UNKNOWN_TOKEN")
            assert error["soft_logout"] is False
        answer = await world.call(endpoint.method, f"{path}&access_token=nonsense", {})
        answer.refused(401, "M_UNKNOWN_TOKEN")
    assert await rows_of(world) == before


async def test_a_token_may_stand_in_the_query(world: World) -> None:
    anna = await world.person(ANNA)
    path = f"/_matrix/client/v3/account/whoami?access_token={anna.token}"
    assert (await world.call("GET", path)).ok()["user_id"] == anna.user
    other = await world.person("boris")
    assert (await world.call("GET", path, token=other.token)).ok()["user_id"] == other.user, "the header comes first"


async def test_bodies_beyond_the_limit(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    before = await rows_of(world)
    large = b" " * (LARGEST_BODY - 1) + b"{}"
    for endpoint in WITH_BODY:
        asker = await subject(world, endpoint)
        path = asker.path(endpoint) + "?version=1"
        answer = await world.call(endpoint.method, path, large, token=asker.person.token)
        answer.refused(413, "M_TOO_LARGE")
        assert answer.headers["access-control-allow-origin"] == "*"
        chunks = [b" " * 2**16] * 17
        answer = await world.call(endpoint.method, path, token=asker.person.token, parts=chunks)
        error = answer.refused(413, "M_TOO_LARGE")
        assert str(LARGEST_BODY) in error["error"]
    after = await rows_of(world)
    assert {name: after[name] for name in ("account_data", "filters", "own_counts")} == {
        name: before[name] for name in ("account_data", "filters", "own_counts")
    }
    await still_works(world, anna, room)


async def test_a_body_that_does_not_end_is_given_up(world: World) -> None:
    anna = await world.person(ANNA)
    endless = [b" " * 2**20] * 40
    answer = await world.call("POST", "/_matrix/client/v3/createRoom", token=anna.token, parts=endless)
    answer.refused(413, "M_TOO_LARGE")
    assert endless, "the rest was not waited for"


async def test_a_body_of_just_the_limit_in_many_parts(world: World) -> None:
    anna = await world.person(ANNA)
    text = json.dumps({"name": "Kitchen"}).encode()
    parts = [b" " * 2**16] * 15 + [b" " * (2**16 - len(text)), text]
    made = await world.call("POST", "/_matrix/client/v3/createRoom", token=anna.token, parts=parts)
    assert made.ok()["room_id"]
    one_by_one = [bytes([byte]) for byte in text]
    made = await world.call("POST", "/_matrix/client/v3/createRoom", token=anna.token, parts=one_by_one)
    assert made.ok()["room_id"]


async def test_a_client_that_hangs_up_in_the_middle_of_a_body_changes_nothing(world: World) -> None:
    anna = await world.person(ANNA)
    before = await rows_of(world)
    sent = world.begin("POST", "/_matrix/client/v3/createRoom", token=anna.token, parts=[])
    await sent.hang_up()
    assert await rows_of(world) == before


async def test_json_is_understood_whatever_its_content_type(world: World) -> None:
    anna = await world.person(ANNA)
    for kind in (
        None,
        "text/plain;charset=UTF-8",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "\xff",
    ):
        headers = {} if kind is None else {"content-type": kind}
        body = b'{"name":"Kitchen"}'
        answer = await world.call("POST", "/_matrix/client/v3/createRoom", body, token=anna.token, headers=headers)
        assert answer.ok()["room_id"]
