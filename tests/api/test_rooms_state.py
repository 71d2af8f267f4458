"""Reading a room's state at the door: present members now, former ones as of their leaving, others not at all."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA, DMITRI
from tests.stage.people import Person
from tests.stage.rooms import come, event, found, log, put_state, say
from tests.stage.world import World
from veche.domain.ids import RoomId

NOWHERE = "!nowhere:veche.test"


async def state(person: Person, room: RoomId) -> dict[tuple[str, str], dict[str, Any]]:
    """The whole state by type and key."""
    events = (await person.get(f"/rooms/{room}/state")).ok()
    return {(event["type"], event["state_key"]): event for event in events}


async def test_members_read_the_present_state(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris, name="Kitchen")
    await put_state(anna, room, "m.room.name", {"name": "Cellar"})
    found_ = await state(boris, room)
    assert found_["m.room.name", ""]["content"] == {"name": "Cellar"}
    assert set(found_) >= {("m.room.member", anna.user), ("m.room.member", boris.user), ("m.room.create", "")}
    for one in found_.values():
        assert one["room_id"] == room
        assert {"content", "event_id", "origin_server_ts", "sender", "state_key", "type", "unsigned"} <= one.keys()


async def test_former_members_read_the_state_of_their_leaving(world: World) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    room = await found(anna, boris, carla, name="Kitchen")
    (await boris.post(f"/rooms/{room}/leave")).ok()
    (await anna.post(f"/rooms/{room}/ban", {"user_id": carla.user})).ok()
    await put_state(anna, room, "m.room.name", {"name": "Secret"})
    await put_state(anna, room, "m.room.topic", {"topic": "Secret"})
    await come(anna, dmitri, room)
    (await anna.post(f"/rooms/{room}/invite", {"user_id": boris.user})).ok()
    for person, membership in ((boris, "leave"), (carla, "ban")):
        found_ = await state(person, room)
        assert "Secret" not in str(found_)
        assert ("m.room.member", dmitri.user) not in found_
        assert found_["m.room.member", person.user]["content"]["membership"] == membership
        assert (await person.get(f"/rooms/{room}/state/m.room.name")).ok() == {"name": "Kitchen"}
        (await person.get(f"/rooms/{room}/state/m.room.topic")).refused(404, "M_NOT_FOUND")
        (await person.get(f"/rooms/{room}/joined_members")).refused(403, "M_FORBIDDEN")


async def test_others_read_nothing_unless_the_world_may(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, invite=[boris.user])
    paths = ("state", "state/m.room.create", "state/org.example.nothing", "members", "joined_members", "aliases")
    for person in (boris, carla):
        for path in paths:
            (await person.get(f"/rooms/{room}/{path}")).refused(403, "M_FORBIDDEN")
            (await person.get(f"/rooms/{NOWHERE}/{path}")).refused(403, "M_FORBIDDEN")
    await put_state(anna, room, "m.room.history_visibility", {"history_visibility": "world_readable"})
    for path in paths:
        expected = {"joined_members": 403, "state/org.example.nothing": 404}.get(path, 200)
        assert (await carla.get(f"/rooms/{room}/{path}")).status == expected, path


async def test_one_piece_of_state(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    path = f"/rooms/{room}/state/org.example.shelf"
    (await anna.get(path)).refused(404, "M_NOT_FOUND")
    first = (await anna.put(path, {"books": 1})).ok()["event_id"]
    assert (await anna.put(f"{path}/", {"books": 1})).ok()["event_id"] == first, "with the slash and without"
    assert (await anna.get(path)).ok() == (await anna.get(f"{path}/")).ok() == {"books": 1}
    whole = (await anna.get(path, format="event")).ok()
    assert whole == {**await event(anna, room, first), "unsigned": whole["unsigned"]}
    assert (await anna.get(path, format="content")).ok() == {"books": 1}
    (await anna.get(path, format="odd")).refused(400, "M_INVALID_PARAM")
    for key, encoded in (("a/b", "a%2Fb"), ("100%", "100%25"), ("Ж?#", "%D0%96%3F%23"), (".", "."), ("%2F", "%252F")):
        made = (await anna.put(f"{path}/{encoded}", {"key": key})).ok()["event_id"]
        assert (await event(anna, room, made))["state_key"] == key
        assert (await anna.get(f"{path}/{encoded}")).ok() == {"key": key}
    (await anna.get(f"{path}/a/b")).refused(404, "M_UNRECOGNIZED")
    (await anna.post(path, {})).refused(405, "M_UNRECOGNIZED")


async def test_what_a_piece_of_state_replaced(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    joined = {"type": "m.room.history_visibility", "content": {"history_visibility": "joined"}}
    room = await found(anna, initial_state=[joined])
    first = await put_state(anna, room, "m.room.name", {"name": "hidden from Boris"})
    await come(anna, boris, room)
    second = await put_state(anna, room, "m.room.name", {"name": "Cellar"})
    third = await put_state(anna, room, "m.room.name", {"name": "Attic"})
    assert "replaces_state" not in (await event(anna, room, first))["unsigned"]
    for person, event_id, before, shown in (
        (anna, second, first, {"name": "hidden from Boris"}),
        (boris, second, first, None),
        (boris, third, second, {"name": "Cellar"}),
    ):
        unsigned = (await event(person, room, event_id))["unsigned"]
        assert (unsigned["replaces_state"], unsigned.get("prev_content")) == (before, shown)
    [entered] = [one for one in await log(boris, room) if one.get("state_key") == boris.user]
    assert entered["unsigned"]["replaces_state"].startswith("$")
    assert "prev_content" not in entered["unsigned"], "the invitation was hidden from whom it invited"
    assert "prev_content" not in (await event(anna, room, await say(anna, room)))["unsigned"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, {"anna": "join", "boris": "join", "carla": "invite", "dmitri": "leave", "greta": "ban"}),
        ({"membership": "join"}, {"anna": "join", "boris": "join"}),
        ({"membership": "ban"}, {"greta": "ban"}),
        ({"membership": "knock"}, {}),
        ({"not_membership": "leave"}, {"anna": "join", "boris": "join", "carla": "invite", "greta": "ban"}),
        (
            {"membership": "leave", "not_membership": "join"},
            {"carla": "invite", "dmitri": "leave", "greta": "ban"},
        ),
        (
            {"membership": "join", "not_membership": "join"},
            {"anna": "join", "boris": "join", "carla": "invite", "dmitri": "leave", "greta": "ban"},
        ),
    ],
)
async def test_members(world: World, query: dict[str, str], expected: dict[str, str]) -> None:
    anna, boris, carla, dmitri, greta = await world.people(ANNA, BORIS, CARLA, DMITRI, "greta")
    room = await found(anna, boris, dmitri, invite=[carla.user])
    (await dmitri.post(f"/rooms/{room}/leave")).ok()
    (await anna.post(f"/rooms/{room}/ban", {"user_id": greta.user})).ok()
    chunk = (await boris.get(f"/rooms/{room}/members", **query)).ok()["chunk"]
    assert {one["state_key"][1:].split(":")[0]: one["content"]["membership"] for one in chunk} == expected
    assert {one["type"] for one in chunk} <= {"m.room.member"}
    assert {one["room_id"] for one in chunk} <= {room}
    for name in ("membership", "not_membership"):
        (await boris.get(f"/rooms/{room}/members", **{name: "odd"})).refused(400, "M_INVALID_PARAM")


async def test_members_as_of_a_token(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, boris)
    sync = (await boris.get("/sync")).ok()
    tokens = [sync["next_batch"], (await boris.get(f"/rooms/{room}/messages", dir="b", limit=1)).ok()["start"]]
    await come(anna, carla, room)
    later = (await boris.get("/sync")).ok()["next_batch"]
    (await boris.post(f"/rooms/{room}/leave")).ok()
    (await anna.post(f"/rooms/{room}/kick", {"user_id": carla.user})).ok()

    async def joined(person: Person, at: str | None) -> set[str]:
        chunk = (await person.get(f"/rooms/{room}/members", at=at, membership="join")).ok()["chunk"]
        return {one["state_key"] for one in chunk}

    for token in tokens:
        assert await joined(anna, token) == {anna.user, boris.user}
    assert await joined(anna, later) == {anna.user, boris.user, carla.user}
    assert await joined(anna, None) == {anna.user}
    assert await joined(boris, None) == await joined(boris, "999999") == {anna.user, carla.user}
    for wrong in ("nonsense", "-1", "1" * 30, "s"):
        error = (await anna.get(f"/rooms/{room}/members", at=wrong)).refused(400, "M_INVALID_PARAM")
        assert error["org.veche.field"] == "at"


async def test_joined_members(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    (await boris.put(f"/profile/{boris.user}/displayname", {"displayname": "Boris"})).ok()
    (await boris.put(f"/profile/{boris.user}/avatar_url", {"avatar_url": "mxc://veche.test/b"})).ok()
    room = await found(anna, boris, invite=[carla.user])
    for person in (anna, boris):
        assert (await person.get(f"/rooms/{room}/joined_members")).ok() == {
            "joined": {
                anna.user: {},
                boris.user: {"avatar_url": "mxc://veche.test/b", "display_name": "Boris"},
            }
        }
    (await boris.post(f"/rooms/{room}/leave")).ok()
    assert set((await anna.get(f"/rooms/{room}/joined_members")).ok()["joined"]) == {anna.user}


async def test_joined_rooms(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    rooms = {await found(anna, boris) for _ in range(3)}
    left = await found(anna, boris)
    (await boris.post(f"/rooms/{left}/leave")).ok()
    await found(anna, invite=[boris.user])
    assert set((await boris.get("/joined_rooms")).ok()["joined_rooms"]) == rooms
