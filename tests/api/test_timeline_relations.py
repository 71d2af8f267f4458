"""What points at an event, at the door: kinds, types, depth, direction, pages; and what is bundled of it."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA, FARID
from tests.stage.people import Person
from tests.stage.rooms import bodies, event, found, log, redact, relate, say, send
from tests.stage.world import World
from veche.domain.ids import RoomId


async def related(person: Person, room: RoomId, path: str, **query: Any) -> dict[str, Any]:
    """A page of what points at an event."""
    answer: dict[str, Any] = (await person.get(f"/_matrix/client/v1/rooms/{room}/relations/{path}", **query)).ok()
    return answer


async def bundle(person: Person, room: RoomId, event_id: str) -> dict[str, Any]:
    """What is bundled of an event, the same wherever it is shown."""
    whole: dict[str, Any] = (await event(person, room, event_id))["unsigned"].get("m.relations", {})
    context = (await person.get(f"/rooms/{room}/context/{event_id}", limit=0)).ok()["event"]
    paged = next(one for one in await log(person, room) if one["event_id"] == event_id)
    for other in (context, paged):
        assert _without_age(other["unsigned"].get("m.relations", {})) == _without_age(whole)
    return whole


def _without_age(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _without_age(one) for name, one in value.items() if name != "age"}


async def test_kinds_and_types(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    root = await say(anna, room, "root")
    await relate(boris, room, root, "m.thread", "threaded")
    await relate(boris, room, root, "m.reference", "reference")
    await send(
        boris, room, "org.example.vote", {"body": "vote", "m.relates_to": {"rel_type": "m.reference", "event_id": root}}
    )
    await relate(boris, room, await say(anna, room), "m.thread", "elsewhere")
    await say(boris, room, "reply", **{"m.relates_to": {"m.in_reply_to": {"event_id": root}}})
    for path, expected in (
        (root, ["vote", "reference", "threaded"]),
        (f"{root}/m.thread", ["threaded"]),
        (f"{root}/m.reference", ["vote", "reference"]),
        (f"{root}/m.reference/m.room.message", ["reference"]),
        (f"{root}/m.reference/org.example.vote", ["vote"]),
        (f"{root}/m.replace", []),
        (f"{root}/m.thread/org.example.vote", []),
    ):
        answer = await related(anna, room, path)
        assert bodies(answer["chunk"]) == expected, path
        assert answer.keys() == {"chunk"}
        assert {one["room_id"] for one in answer["chunk"]} <= {room}
    (await anna.get(f"/_matrix/client/v1/rooms/{room}/relations/$nothing")).refused(404, "M_NOT_FOUND")
    (await anna.get(f"/_matrix/client/v1/rooms/!x:veche.test/relations/{root}")).refused(404, "M_NOT_FOUND")


@pytest.mark.parametrize("direction", ["b", "f"])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 100])
async def test_pages(world: World, direction: str, limit: int) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    root = await say(anna, room, "root")
    texts = [str(number) for number in range(7)]
    for text in texts:
        await relate(anna, room, root, "m.thread", text)
    got, query = [], {"dir": direction, "limit": limit}
    while True:
        answer = await related(anna, room, root, **query)
        assert len(answer["chunk"]) <= limit
        assert ("prev_batch" in answer) == ("from" in query)
        got += bodies(answer["chunk"])
        if "next_batch" not in answer:
            break
        query["from"] = answer["next_batch"]
    assert got == (texts if direction == "f" else texts[::-1])


async def test_from_and_to(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    root = await say(anna, room, "root")
    tokens = [(await anna.get("/sync")).ok()["next_batch"]]
    for text in ("one", "two", "three"):
        await relate(anna, room, root, "m.thread", text)
        tokens.append((await anna.get("/sync")).ok()["next_batch"])
    for start, stop, direction, expected in (
        (2, None, "b", ["two", "one"]),
        (3, 1, "b", ["three", "two"]),
        (1, None, "f", ["two", "three"]),
        (0, 2, "f", ["one", "two"]),
        (1, 3, "b", []),
        (3, 1, "f", []),
    ):
        query = {"from": tokens[start], "dir": direction} | ({} if stop is None else {"to": tokens[stop]})
        assert bodies((await related(anna, room, root, **query))["chunk"]) == expected
    assert len((await related(anna, room, root))["chunk"]) == 3, "the default is five"
    for wrong in (
        {"limit": 0},
        {"limit": -1},
        {"limit": "x"},
        {"dir": "x"},
        {"from": "x"},
        {"to": "x"},
        {"recurse": "x"},
    ):
        answer = await anna.get(f"/_matrix/client/v1/rooms/{room}/relations/{root}", **wrong)
        answer.refused(400, "M_INVALID_PARAM")


async def test_recursion(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    chain = [await say(anna, room, "root")]
    for number in range(1, 6):
        chain.append(await relate(anna, room, chain[-1], "m.reference", str(number)))
    thread = await relate(anna, room, chain[0], "m.thread", "threaded")
    await relate(anna, room, thread, "m.replace", "edited")
    for query, expected, depth in (
        ({}, ["threaded", "1"], None),
        ({"recurse": "false"}, ["threaded", "1"], None),
        ({"recurse": "true"}, ["edited", "threaded", "3", "2", "1"], 3),
    ):
        answer = await related(anna, room, chain[0], limit=50, **query)
        assert bodies(answer["chunk"]) == expected
        assert answer.get("recursion_depth") == depth
    only = await related(anna, room, f"{chain[0]}/m.replace", recurse="true")
    assert bodies(only["chunk"]) == ["edited"], "what leads to it need not be of that kind"
    assert bodies((await related(anna, room, chain[5], recurse="true"))["chunk"]) == []


async def test_what_is_bundled_of_a_thread(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, boris, carla)
    root = await say(anna, room, "root")
    assert await bundle(anna, room, root) == {}
    await relate(boris, room, root, "m.thread", "first")
    latest = await relate(boris, room, root, "m.thread", "second")
    edit = await relate(boris, room, latest, "m.replace", "second, corrected")
    for person, took_part in ((anna, True), (boris, True), (carla, False)):
        thread = (await bundle(person, room, root))["m.thread"]
        assert (thread["count"], thread["current_user_participated"]) == (2, took_part)
        assert thread["latest_event"]["event_id"] == latest
        assert thread["latest_event"]["room_id"] == room
        assert thread["latest_event"]["unsigned"]["m.relations"]["m.replace"]["event_id"] == edit
    await relate(carla, room, root, "m.thread", "third")
    assert (await bundle(carla, room, root))["m.thread"]["current_user_participated"]
    assert (await bundle(anna, room, latest)).keys() == {"m.replace"}


async def test_what_is_bundled_of_references_and_edits(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    root = await say(anna, room, "root")
    references = [await relate(boris, room, root, "m.reference") for _ in range(3)]
    edit = await relate(anna, room, root, "m.replace", "better")
    await send(boris, room, "m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": root, "key": "👍"}})
    found_ = await bundle(boris, room, root)
    assert found_.keys() == {"m.reference", "m.replace"}, "reactions are not bundled"
    assert found_["m.reference"] == {"chunk": [{"event_id": one} for one in references]}
    assert found_["m.replace"]["event_id"] == edit
    assert found_["m.replace"]["content"]["m.new_content"] == {"body": "better", "msgtype": "m.text"}
    shown = (await related(boris, room, f"{root}/m.reference"))["chunk"]
    await relate(boris, room, references[0], "m.reference")
    again = (await related(boris, room, f"{root}/m.reference"))["chunk"]
    assert "m.relations" not in shown[-1]["unsigned"]
    assert len(again[-1]["unsigned"]["m.relations"]["m.reference"]["chunk"]) == 1
    await redact(boris, room, references[0])
    assert len((await bundle(anna, room, root))["m.reference"]["chunk"]) == 2


async def test_a_bundled_event_names_the_transaction_to_the_device_that_sent_it(world: World) -> None:
    farid = await world.person(FARID)
    tablet = await world.device(farid.user, "TABLET")
    room = await found(farid)
    root = await say(farid, room)
    edit = {"m.new_content": {"body": "y"}, "m.relates_to": {"rel_type": "m.replace", "event_id": root}}
    (await farid.put(f"/rooms/{room}/send/m.room.message/mine", {"body": "x", **edit})).ok()
    for person, txn in ((farid, "mine"), (tablet, None)):
        assert (await bundle(person, room, root))["m.replace"]["unsigned"].get("transaction_id") == txn
