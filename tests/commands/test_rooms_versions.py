"""Room versions 10, 11 and 12 side by side: in a room of each, people meet what its version says, and nothing else."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA, SERVER
from tests.stage.people import Person
from tests.stage.rooms import event, found, log, put_state, redact, say
from tests.stage.world import World
from veche.domain.ids import RoomId

VERSIONS = ("10", "11", "12")
only_twelve = {"10": False, "11": False, "12": True}


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    """A room version."""
    return str(request.param)


async def levels(person: Person, room: RoomId) -> dict[str, Any]:
    """The power levels of a room."""
    return dict((await person.get(f"/rooms/{room}/state/m.room.power_levels")).ok())


async def test_the_first_event_and_the_id_of_the_room(world: World, version: str) -> None:
    anna = await world.person(ANNA)
    room = await found(anna, room_version=version, creation_content={"creator": "@x:y", "m.federate": False})
    first = (await log(anna, room))[0]
    creator = {"creator": anna.user} if version == "10" else {}
    assert first["content"] == {"room_version": version, "m.federate": False, **creator}
    assert first["sender"] == anna.user
    assert room.endswith(f":{SERVER}") is not only_twelve[version]
    assert (room == "!" + first["event_id"][1:]) is only_twelve[version]
    assert first["room_id"] == room
    assert (await anna.get(f"/rooms/{room}/state/m.room.create", format="event")).ok()["room_id"] == room


async def test_what_creators_may(world: World, version: str) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, boris, carla, room_version=version)
    now = await levels(anna, room)
    assert now["users"] == ({} if only_twelve[version] else {anna.user: 100})
    assert now["events"]["m.room.tombstone"] == (150 if only_twelve[version] else 100)
    path = f"/rooms/{room}/state/m.room.power_levels"
    named = {**now, "users": {anna.user: 100, boris.user: 99}}
    answer = await anna.put(path, named)
    if only_twelve[version]:
        answer.refused(400, "M_BAD_JSON")
        (await anna.put(path, {**now, "users": {boris.user: 2**53 - 1}})).ok()
    else:
        answer.ok()
        (await anna.put(path, {**now, "users": {anna.user: 100, boris.user: 101}})).refused(403, "M_FORBIDDEN")
    for deed in ("kick", "ban"):
        (await boris.post(f"/rooms/{room}/{deed}", {"user_id": anna.user})).refused(403, "M_FORBIDDEN")
    strict = {**(await levels(anna, room)), "events": {"m.room.topic": 2**53 - 1 if only_twelve[version] else 100}}
    (await anna.put(path, strict)).ok()
    await put_state(anna, room, "m.room.topic", {"topic": "mine"})


async def test_additional_creators(world: World, version: str) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    content = {"additional_creators": [boris.user]}
    room = await found(anna, boris, room_version=version, creation_content=content)
    tombstone = {"body": "closed", "replacement_room": f"!other:{SERVER}"}
    answer = await boris.put(f"/rooms/{room}/state/m.room.tombstone", tombstone)
    assert (answer.status == 200) is only_twelve[version]
    wrong = {"room_version": version, "creation_content": {"additional_creators": ["boris"]}}
    assert ((await anna.post("/createRoom", wrong)).status == 400) is only_twelve[version]


async def test_power_levels_are_integers(world: World, version: str) -> None:
    anna = await world.person(ANNA)
    room = await found(anna, room_version=version)
    now = await levels(anna, room)
    wrong: dict[str, Any]
    for wrong in ({"ban": "50"}, {"events": {"m.room.name": "50"}}, {"users": {"nobody": 50}}, {"users": []}):
        (await anna.put(f"/rooms/{room}/state/m.room.power_levels", {**now, **wrong})).refused(400, "M_BAD_JSON")


async def test_what_a_redaction_leaves_of_state(world: World, version: str) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris, room_version=version)
    now = await levels(anna, room)
    changed = await put_state(anna, room, "m.room.power_levels", {**now, "invite": 7, "notifications": {"room": 1}})
    await redact(anna, room, changed)
    left = (await event(anna, room, changed))["content"]
    assert ("invite" in left) is (version != "10")
    assert "notifications" not in left
    assert left["users"] == now["users"]
    rules = {"join_rule": "knock_restricted", "allow": [], "more": 1}
    changed = await put_state(anna, room, "m.room.join_rules", rules)
    await redact(anna, room, changed)
    assert (await event(anna, room, changed))["content"] == {"join_rule": "knock_restricted", "allow": []}
    create = (await log(anna, room))[0]["event_id"]
    (await anna.put(f"/rooms/{room}/redact/{create}/x", {})).refused(403, "M_FORBIDDEN")


async def test_how_a_redaction_names_its_target(world: World, version: str) -> None:
    anna = await world.person(ANNA)
    room = await found(anna, room_version=version)
    said = await say(anna, room, "unwise")
    redaction = await redact(anna, room, said)
    shown = await event(anna, room, redaction)
    assert (shown["redacts"], shown["content"]["redacts"]) == (said, said)
    await redact(anna, room, redaction)
    left = await event(anna, room, redaction)
    assert ("redacts" in left, "redacts" in left["content"]) == ((version != "10"),) * 2


async def test_knocking_and_restricted_joins(world: World, version: str) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    house = await found(anna, boris, room_version=version)
    allow = [{"type": "m.room_membership", "room_id": house}]
    rules = {"type": "m.room.join_rules", "content": {"join_rule": "knock_restricted", "allow": allow}}
    room = await found(anna, room_version=version, initial_state=[rules])
    (await boris.post(f"/join/{room}")).ok()
    (await carla.post(f"/join/{room}")).refused(403, "M_FORBIDDEN")
    (await carla.post(f"/knock/{room}")).ok()
