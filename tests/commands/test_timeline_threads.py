"""Threads and relations on both engines: pages through storage, recursion, kinds and types; and what reports keep."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, ELENA
from tests.stage.people import Person
from tests.stage.rooms import bodies, found, redact, relate, say, send
from tests.stage.world import World
from veche.domain.ids import RoomId

V1 = "/_matrix/client/v1/rooms"


async def pages(person: Person, path: str, *, size: int, **query: object) -> list[str]:
    """Read all pages of a list; return the texts."""
    got: list[str] = []
    start = None
    while True:
        page = (await person.get(path, limit=size, **{"from": start}, **query)).ok()
        assert len(page["chunk"]) <= size
        got += [event["content"].get("body", event["type"]) for event in page["chunk"]]
        start = page.get("next_batch")
        if start is None:
            return got


async def reaction(person: Person, room: RoomId, parent: str) -> str:
    """React to an event."""
    relation = {"m.relates_to": {"rel_type": "m.annotation", "event_id": parent, "key": "+"}}
    return await send(person, room, "m.reaction", relation)


@pytest.mark.parametrize("size", [1, 2, 5, 100])
async def test_relations_over_several_steps_in_pages(world: World, size: int) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    root = await say(anna, room, "root")
    first = await relate(boris, room, root, "m.thread", "first")
    await relate(boris, room, first, "m.replace", "first, edited")
    second = await relate(anna, room, root, "m.thread", "second")
    await reaction(boris, room, second)
    note = await relate(anna, room, first, "m.reference", "note on the first")
    deep = await relate(anna, room, note, "m.reference", "note on the note")
    await relate(anna, room, deep, "m.reference", "too deep")
    await redact(anna, room, await relate(anna, room, root, "m.thread", "unsaid"))
    path = f"{V1}/{room}/relations/{root}"
    direct = ["second", "first"]
    whole = ["note on the note", "note on the first", "m.reaction", "second", "first, edited", "first"]
    for query, expected in (
        ("", direct),
        ("/m.thread", direct),
        ("/m.thread/m.room.message", direct),
        ("/m.thread/m.room.encrypted", []),
        ("/m.reference", []),
    ):
        assert await pages(anna, path + query, size=size) == expected
        assert await pages(anna, path + query, size=size, dir="f") == expected[::-1]
    for query, expected in (
        ("", whole),
        ("/m.reference", ["note on the note", "note on the first"]),
        ("/m.annotation", ["m.reaction"]),
        ("/m.annotation/m.room.message", []),
    ):
        assert await pages(anna, path + query, size=size, recurse="true") == expected
        assert await pages(anna, path + query, size=size, recurse="true", dir="f") == expected[::-1]


@pytest.mark.parametrize("size", [1, 2, 3, 20])
async def test_threads_in_pages(world: World, size: int) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    roots = [await say(anna, room, text) for text in "abcde"]
    for root in roots:
        await relate(anna, room, root, "m.thread", "reply")
    reply = await relate(boris, room, roots[1], "m.thread", "boris too")
    await reaction(boris, room, reply)
    await redact(boris, room, await relate(boris, room, roots[0], "m.thread", "unsaid"))
    path = f"{V1}/{room}/threads"
    assert await pages(anna, path, size=size) == ["b", "e", "d", "c", "a"]
    assert await pages(boris, path, size=size, include="participated") == ["b"]
    content: dict[str, Any] = {"ignored_users": {boris.user: {}}}
    (await anna.put(f"/user/{anna.user}/account_data/m.ignored_user_list", content)).ok()
    assert await pages(anna, path, size=size) == ["e", "d", "c", "b", "a"]


async def test_reports_survive_what_they_are_about(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    elena = await world.person(ELENA, role="administrator")
    room = await found(anna, boris)
    said = await say(anna, room, "rude")
    for reason in ("first", "second"):
        (await boris.post(f"/rooms/{room}/report/{said}", {"reason": reason, "score": -50})).ok()
    (await boris.post(f"/rooms/{room}/report", {"reason": "the room"})).ok()
    (await boris.post(f"/users/{anna.user}/report", {"reason": "the person"})).ok()
    await redact(anna, room, said)
    (await elena.post("/_veche/v1/reports/1/close", {"note": "done"})).ok()
    await world.restart()
    listed = (await elena.get("/_veche/v1/reports")).ok()["reports"]
    assert [(one["number"], one["reason"], one["state"]) for one in listed] == [
        (3, "the person", "open"),
        (2, "the room", "open"),
        (1, "second", "closed"),
    ]
    assert (await elena.get("/_veche/v1/reports", state="open", kind="room", room_id=room)).ok()["reports"] == [
        listed[1]
    ]
    shown = (await elena.get("/_veche/v1/reports/1")).ok()
    assert bodies(shown["events"]) == ["rude"]
    assert shown["is_redacted"]


async def test_a_room_that_nobody_knows_is_reported_without_trace(world: World) -> None:
    anna = await world.person(ANNA, role="administrator")
    for path in ("/rooms/!no:veche.test/report", "/users/@no:veche.test/report"):
        (await anna.post(path, {"reason": "x"})).ok()
    assert (await anna.get("/_veche/v1/reports")).ok() == {"reports": []}
