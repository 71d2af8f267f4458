"""Reading a room without joining it: where the world may read, at every endpoint that reads rooms, and nowhere else."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA
from tests.stage.people import Person
from tests.stage.rooms import bodies, found, put_state, relate, say
from tests.stage.world import World
from veche.domain.ids import RoomId

V1 = "/_matrix/client/v1/rooms"
VISIBILITY = "m.room.history_visibility"
NAMES = {"messages", "state", "one piece", "members", "event", "context", "relations", "threads", "aliases", "by time"}


async def room_of(anna: Person, visibility: str) -> tuple[RoomId, str]:
    """A room with a thread in it; return it and the root."""
    state = [{"type": VISIBILITY, "content": {"history_visibility": visibility}}]
    room = await found(anna, initial_state=state, room_alias_name=f"of-{visibility.replace('_', '-')}", name="Square")
    root = await say(anna, room, "root")
    await relate(anna, room, root, "m.thread", "reply")
    return room, root


async def readable(person: Person, room: RoomId, root: str) -> set[str]:
    """The endpoints that answer somebody; all others refuse them with 403 or 404, and without a word of the room."""
    paths: dict[str, tuple[str, dict[str, Any]]] = {
        "messages": (f"/rooms/{room}/messages", {"dir": "b"}),
        "state": (f"/rooms/{room}/state", {}),
        "one piece": (f"/rooms/{room}/state/m.room.name", {}),
        "members": (f"/rooms/{room}/members", {}),
        "event": (f"/rooms/{room}/event/{root}", {}),
        "context": (f"/rooms/{room}/context/{root}", {}),
        "relations": (f"{V1}/{room}/relations/{root}", {}),
        "threads": (f"{V1}/{room}/threads", {}),
        "aliases": (f"/rooms/{room}/aliases", {}),
        "by time": (f"{V1}/{room}/timestamp_to_event", {"ts": 0, "dir": "f"}),
    }
    assert paths.keys() == NAMES
    answers = {name: await person.get(path, **query) for name, (path, query) in paths.items()}
    for answer in answers.values():
        assert answer.status == 200 or answer.errcode in ("M_FORBIDDEN", "M_NOT_FOUND")
        assert answer.status == 200 or not {"root", "Square", "of-"} & set(answer.bytes.decode().split('"'))
    return {name for name, answer in answers.items() if answer.status == 200}


@pytest.mark.parametrize("visibility", ["world_readable", "shared", "invited", "joined"])
async def test_strangers_read_what_the_world_may_read(world: World, visibility: str) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room, root = await room_of(anna, visibility)
    assert await readable(anna, room, root) == NAMES
    assert await readable(boris, room, root) == (NAMES if visibility == "world_readable" else set())
    assert (await boris.get("/joined_rooms")).ok() == {"joined_rooms": []}
    assert "rooms" not in (await boris.get("/sync")).ok()
    body = {"msgtype": "m.text", "body": "hello"}
    (await boris.put(f"/rooms/{room}/send/m.room.message/1", body)).refused(403, "M_FORBIDDEN")
    (await boris.put(f"/rooms/{room}/typing/{boris.user}", {"typing": True})).refused(403, "M_FORBIDDEN")
    (await boris.post(f"/rooms/{room}/receipt/m.read/{root}")).refused(403, "M_FORBIDDEN")


async def test_what_the_world_might_read_stays_so_and_nothing_more_is_added(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room, root = await room_of(anna, "world_readable")
    await put_state(anna, room, VISIBILITY, {"history_visibility": "shared"})
    later = await say(anna, room, "later")
    assert await readable(boris, room, root) == NAMES - {"state", "one piece", "members", "aliases"}
    shown = (await boris.get(f"/rooms/{room}/messages", dir="f", limit=100)).ok()["chunk"]
    assert bodies(shown) == ["root", "reply"]
    (await boris.get(f"/rooms/{room}/event/{later}")).refused(404, "M_NOT_FOUND")
    await put_state(anna, room, VISIBILITY, {"history_visibility": "world_readable"})
    await say(anna, room, "again for all")
    assert await readable(carla, room, root) == NAMES
    shown = (await carla.get(f"/rooms/{room}/messages", dir="f", limit=100)).ok()["chunk"]
    assert bodies(shown) == ["root", "reply", "again for all"]


async def test_files_shown_there(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    open_room, _ = await room_of(anna, "world_readable")
    closed_room, _ = await room_of(anna, "shared")
    for room, status in ((open_room, 200), (closed_room, 404)):
        uri = (await anna.post("/_matrix/media/v3/upload", {"text": str(room)})).ok()["content_uri"]
        await say(anna, room, "file", msgtype="m.file", url=uri)
        media = uri.removeprefix("mxc://")
        assert (await boris.get(f"/_matrix/client/v1/media/download/{media}")).status == status
