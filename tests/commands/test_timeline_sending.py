"""Sending messages and setting state: what is kept, what is refused, and that a repeated request does nothing twice."""

import asyncio
import json
from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA, FARID
from tests.stage.people import Person
from tests.stage.rooms import Event, bodies, event, found, log, put_state, relate, rows_of, say, send
from tests.stage.world import World
from veche.domain.ids import RoomId
from veche.domain.timeline import LARGEST_EVENT

HELLO = {"msgtype": "m.text", "body": "hello"}


def way(room: RoomId, txn: str = "1", kind: str = "m.room.message") -> str:
    """The path of a request to send."""
    return f"/rooms/{room}/send/{kind}/{txn}"


async def test_a_repeated_transaction_gives_the_same_event_always(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    first = (await boris.put(way(room), HELLO)).ok()
    rows = await rows_of(world)
    rows.pop("position")
    again = await asyncio.gather(*(boris.put(way(room), {"body": f"other {n}"}) for n in range(5)))
    assert {answer.ok()["event_id"] for answer in again} == {first["event_id"]}
    await world.restart()
    assert (await boris.put(way(room), HELLO)).ok() == first
    (await anna.post(f"/rooms/{room}/kick", {"user_id": boris.user})).ok()
    assert (await boris.put(way(room), HELLO)).ok() == first, "also once one may no longer write"
    (await boris.put(way(room, "2"), HELLO)).refused(403, "M_FORBIDDEN")
    now = await rows_of(world)
    assert now["events"] == rows["events"] + 1, "but for being kicked nothing was added"


async def test_a_transaction_is_known_by_device_room_and_type(world: World) -> None:
    farid = await world.person(FARID)
    tablet = await world.device(farid.user, "TABLET")
    room, other = await found(farid), await found(farid)
    sent = {
        (await person.put(path, HELLO)).ok()["event_id"]
        for person in (farid, tablet)
        for path in (way(room), way(other), way(room, "2"), way(room, kind="org.example.note"))
    }
    assert len(sent) == 8
    redaction = (await farid.put(f"/rooms/{room}/redact/{min(sent & await ids(farid, room))}/1", {})).ok()
    assert redaction["event_id"] not in sent


async def ids(person: Person, room: RoomId) -> set[str]:
    """The ids of all messages that somebody may read."""
    return {event["event_id"] for event in await log(person, room) if event["type"] == "m.room.message"}


async def test_only_members_with_enough_power_send(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, boris, invite=[carla.user], power_level_content_override={"events": {"org.example.x": 60}})
    before = await rows_of(world)
    for person in (carla, await world.person("greta")):
        (await person.put(way(room), HELLO)).refused(403, "M_FORBIDDEN")
        (await person.put("/rooms/!nowhere:veche.test/send/m.room.message/1", HELLO)).refused(403, "M_FORBIDDEN")
    error = (await boris.put(way(room, kind="org.example.x"), {})).refused(403, "M_FORBIDDEN")
    assert "60" in error["error"]
    (await anna.put(way(room, kind="m.room.create"), {})).refused(403, "M_FORBIDDEN")
    now = await rows_of(world)
    assert now["events"] == before["events"]
    (await anna.put(way(room, kind="org.example.x"), {})).ok()


@pytest.mark.parametrize("version", ["10", "11", "12"])
async def test_an_event_has_at_most_65536_bytes(world: World, version: str) -> None:
    anna = await world.person(ANNA)
    room = await found(anna, room_version=version)
    whole = await event(anna, room, await say(anna, room, ""))
    whole.pop("unsigned")
    room_for_text = LARGEST_EVENT - len(json.dumps(whole, separators=(",", ":")))
    fits = await say(anna, room, "x" * room_for_text)
    kept = await event(anna, room, fits)
    kept.pop("unsigned")
    assert len(json.dumps(kept, separators=(",", ":"))) == LARGEST_EVENT
    before = await rows_of(world)
    (await anna.put(way(room, "large"), {**HELLO, "body": "x" * (room_for_text + 1)})).refused(413, "M_TOO_LARGE")
    cyrillic = {**HELLO, "body": "я" * (room_for_text // 2 + 1)}
    (await anna.put(way(room, "large"), cyrillic)).refused(413, "M_TOO_LARGE")
    (await anna.put(f"/rooms/{room}/state/org.example.large", cyrillic)).refused(413, "M_TOO_LARGE")
    assert await rows_of(world) == before


async def test_identifiers_have_at_most_255_bytes(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    long = "a" * 255
    (await anna.put(way(room, long, long), {})).ok()
    (await anna.put(f"/rooms/{room}/state/{long}/{long}", {})).ok()
    before = await rows_of(world)
    for text in (long + "a", "%D1%8F" * 128):
        (await anna.put(way(room, kind=text), {})).refused(413, "M_TOO_LARGE")
        (await anna.put(f"/rooms/{room}/state/{text}/", {})).refused(413, "M_TOO_LARGE")
        (await anna.put(f"/rooms/{room}/state/x/{text}", {})).refused(413, "M_TOO_LARGE")
        assert "transaction" in (await anna.put(way(room, text), {})).refused(400, "M_INVALID_PARAM")["error"]
    assert await rows_of(world) == before


BAD: list[tuple[bytes, str, str]] = [
    (b'{"a":1.5}', "M_BAD_JSON", "1.5"),
    (b'{"a":{"b":[1e3]}}', "M_BAD_JSON", "1000.0"),
    (b'{"a":9007199254740992}', "M_BAD_JSON", "9007199254740992"),
    (b'{"a":-9007199254740992}', "M_BAD_JSON", "-9007199254740992"),
    (b'{"a":123456789012345678901234567890}', "M_BAD_JSON", "2^53"),
    (b'{"a":' * 102 + b"1" + b"}" * 102, "M_BAD_JSON", "deeper than 100"),
    (b"[" * 100_000 + b"]" * 100_000, "M_NOT_JSON", "recursion"),
    (b'{"a":NaN}', "M_NOT_JSON", "byte 5"),
    (b'{"a":Infinity}', "M_NOT_JSON", "byte 5"),
    (b'{"a":1e999}', "M_NOT_JSON", "out of range"),
    (rb'{"a":"\ud800"}', "M_NOT_JSON", "surrogate"),
    (rb'{"a":"\udc00\ud800"}', "M_NOT_JSON", "surrogate"),
    (b'{"a":"\xed\xa0\x80"}', "M_NOT_JSON", "utf-8"),
    (b'{"\xff":1}', "M_NOT_JSON", "utf-8"),
    (b"\xef\xbb\xbf{}", "M_NOT_JSON", "byte 0"),
    (b'{"a":1', "M_NOT_JSON", "truncated"),
    (b'{"a":1}}', "M_NOT_JSON", "trailing"),
    (rb'{"a":"\ud83d\ude00"', "M_NOT_JSON", "truncated"),
    (b"", "M_NOT_JSON", "truncated"),
    (b"[]", "M_BAD_JSON", "object"),
    (b'"text"', "M_BAD_JSON", "object"),
    (b"null", "M_BAD_JSON", "object"),
    (b"7", "M_BAD_JSON", "object"),
]


async def test_content_that_is_no_canonical_json(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    before = await rows_of(world)
    for body, code, said in BAD:
        for path in (way(room), f"/rooms/{room}/state/org.example.bad/"):
            error = (await anna.put(path, body)).refused(400, code)
            assert said in error["error"], (body[:40], error)
    assert await rows_of(world) == before
    assert bodies(await log(anna, room)) == []


async def test_any_other_content_is_kept_as_it_is(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    content: dict[str, Any] = {
        "integers": [0, -1, 2**53 - 1, -(2**53) + 1],
        "texts": [
            "",
            "\x00",
            "\x7f",
            "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
            "Шпроты",
            "\u2028",
        ],
        "nested": {"": {"": [[], {}, None, True, False]}},
    }
    assert (await event(anna, room, await send(anna, room, "org.example.any", content)))["content"] == content
    await put_state(anna, room, "org.example.any", content)
    assert (await anna.get(f"/rooms/{room}/state/org.example.any")).ok() == content


async def test_odd_content_where_the_server_looks_at_it(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    odd: list[Any] = [None, 7, True, "text", "a\x00b", [], [7], {}, {"": {}}, {"user_ids": 7, "event_id": 7}]
    for value in odd:
        for key in ("body", "formatted_body", "msgtype", "m.mentions", "m.relates_to", "m.new_content", "format"):
            await send(boris, room, "m.room.message", {"msgtype": "m.text", "body": "anna", key: value})
        await send(boris, room, "m.reaction", {"m.relates_to": value})
        for key in ("event_id", "rel_type", "key"):
            relation = {"event_id": "$x", "rel_type": "m.annotation", "key": "x", key: value}
            await send(boris, room, "m.reaction", {"m.relates_to": relation})
        for key in ("user_ids", "room"):
            await send(boris, room, "m.room.message", {"body": "anna", "m.mentions": {key: value}})
        for key in ("displayname", "avatar_url", "reason", "is_direct"):
            await put_state(boris, room, "m.room.member", {"membership": "join", key: value}, boris.user)
    assert len(await log(anna, room)) > len(odd) * 15
    for person in (anna, boris):
        (await person.get("/sync")).ok()
        (await person.get(f"/rooms/{room}/joined_members")).ok()


async def test_a_display_name_without_end_breaks_nothing(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    long = {"membership": "join", "displayname": "x" * 20_000}
    await put_state(boris, room, "m.room.member", long, boris.user)
    await say(anna, room, "x" * 20_000 + " and boris")


async def test_relations_with_names_no_index_can_hold_are_none(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    root = await say(anna, room)
    for parent, kind in (("$" + "x" * 9000, "m.thread"), (root, "x" * 9000), ("$a\x00", "m.thread"), (root, "a\x00")):
        await relate(anna, room, parent, kind)
    answer = (await anna.get(f"/_matrix/client/v1/rooms/{room}/relations/{root}")).ok()
    assert answer == {"chunk": []}


@pytest.mark.settings(longest_message=10)
async def test_the_longest_message(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    await say(anna, room, "я" * 10)
    error = (await anna.put(way(room), {**HELLO, "body": "я" * 11})).refused(413, "M_TOO_LARGE")
    assert "10" in error["error"]
    await send(anna, room, "m.room.encrypted", {"ciphertext": "x" * 100})
    await send(anna, room, "org.example.odd", {"body": ["x" * 100]})


async def test_state_that_stands_already_is_not_set_again(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    levels = {"users": {"@anna:veche.test": 100, "@boris:veche.test": 50}}
    room = await found(anna, boris, power_level_content_override=levels)
    first = await put_state(anna, room, "m.room.name", {"name": "Kitchen", "count": 1})
    before = await rows_of(world)
    assert await put_state(anna, room, "m.room.name", {"count": 1, "name": "Kitchen"}) == first
    assert await rows_of(world) == before
    second = await put_state(anna, room, "m.room.name", {"name": "Kitchen", "count": True})
    third = await put_state(boris, room, "m.room.name", {"name": "Kitchen", "count": True})
    fourth = await put_state(anna, room, "m.room.name", {"name": "Kitchen"}, "other key")
    assert len({first, second, third, fourth}) == 4, "another value, another sender, another key"
    (await boris.post(f"/rooms/{room}/leave")).ok()
    (await boris.put(f"/rooms/{room}/state/m.room.name/", {"name": "Kitchen", "count": True})).refused(
        403, "M_FORBIDDEN"
    )


async def test_state_needs_power_and_its_own_key(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris, power_level_content_override={"events": {"org.example.own": 0}})
    (await boris.put(f"/rooms/{room}/state/m.room.name", {"name": "x"})).refused(403, "M_FORBIDDEN")
    (await boris.put(f"/rooms/{room}/state/org.example.own/{anna.user}", {})).refused(403, "M_FORBIDDEN")
    await put_state(boris, room, "org.example.own", {}, boris.user)
    (await anna.put(f"/rooms/{room}/state/m.room.create", {})).refused(403, "M_FORBIDDEN")


async def test_the_canonical_alias_names_aliases_of_this_room(world: World) -> None:
    anna = await world.person(ANNA)
    room, other = await found(anna, room_alias_name="one"), await found(anna, room_alias_name="other")
    path = f"/rooms/{room}/state/m.room.canonical_alias"
    (await anna.put("/directory/room/%23two%3Aveche.test", {"room_id": room})).ok()
    (await anna.put(path, {"alias": "#one:veche.test", "alt_aliases": ["#two:veche.test"]})).ok()
    before = await rows_of(world)
    refused: list[tuple[Event, str]] = [
        ({"alias": "#other:veche.test"}, "M_BAD_ALIAS"),
        ({"alt_aliases": ["#one:veche.test", "#none:veche.test"]}, "M_BAD_ALIAS"),
        ({"alias": 7}, "M_INVALID_PARAM"),
        ({"alias": "one"}, "M_INVALID_PARAM"),
        ({"alt_aliases": ["#"]}, "M_INVALID_PARAM"),
        ({"alt_aliases": [{}]}, "M_INVALID_PARAM"),
    ]
    for content, code in refused:
        (await anna.put(path, content)).refused(400, code)
    assert await rows_of(world) == before
    (await anna.delete("/directory/room/%23two%3Aveche.test")).ok()
    (await anna.put(path, {"alias": "#one:veche.test", "alt_aliases": ["#two:veche.test"], "x": 1})).ok()
    taken: list[Event] = [{"alias": ""}, {"alias": None}, {}, {"alt_aliases": 7}]
    for content in taken:
        (await anna.put(path, content)).ok()
    assert (await anna.get(f"/rooms/{other}/state/m.room.canonical_alias")).ok() == {"alias": "#other:veche.test"}
