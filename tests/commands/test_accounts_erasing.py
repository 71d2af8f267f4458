"""Erased people: whoever comes later reads their words as if redacted; whoever could read them before still can."""

from typing import Any

from tests.cast import ANNA, BORIS, CARLA, ELENA
from tests.stage.people import Person
from tests.stage.rooms import Event, bodies, event, found, log, put_state, redact, relate, say
from tests.stage.world import World
from veche.domain.ids import RoomId

V1 = "/_matrix/client/v1/rooms"


async def close(elena: Person, person: Person, *, erase: bool) -> None:
    """Close somebody's account."""
    (await elena.post(f"/_veche/v1/accounts/{person.user}/deactivate", {"erase": erase})).ok()


async def sync_events(person: Person, room: RoomId) -> list[Event]:
    """Timeline and state of a room in a first sync."""
    joined: dict[str, Any] = (await person.get("/sync")).ok()["rooms"]["join"][room]
    return [*joined["timeline"]["events"], *joined["state"]["events"]]


async def test_who_comes_later_reads_nothing_of_it(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    elena = await world.person(ELENA, role="administrator")
    room = await found(
        anna, boris, preset="public_chat", power_level_content_override={"events": {}, "state_default": 0}
    )
    (await boris.put(f"/profile/{boris.user}/displayname", {"displayname": "Boris B."})).ok()
    said = await say(boris, room, "what boris said")
    root = await say(anna, room, "root")
    await relate(boris, room, root, "m.thread", "boris in the thread")
    topic = await put_state(boris, room, "m.room.topic", {"topic": "boris's topic"})
    unsaid = await say(anna, room, "unsaid")
    (await anna.put(f"/rooms/{room}/state/m.room.power_levels", {"redact": 0, "state_default": 0})).ok()
    await redact(boris, room, unsaid, "boris's reason")
    gone = await say(boris, room, "gone before")
    await redact(anna, room, gone, "anna's reason")
    await put_state(anna, room, "m.room.topic", {"topic": "anna's topic"})
    await close(elena, boris, erase=True)
    (await carla.post(f"/join/{room}")).ok()
    whole = [await log(carla, room), await sync_events(carla, room), (await carla.get(f"/rooms/{room}/state")).ok()]
    whole.append((await carla.get(f"{V1}/{room}/threads")).ok()["chunk"])
    whole.append((await carla.get(f"{V1}/{room}/relations/{root}")).ok()["chunk"])
    whole.append((await carla.get(f"/rooms/{room}/context/{said}", limit=50)).ok())
    text = str(whole)
    for secret in ("what boris said", "boris in the thread", "boris's", "Boris B."):
        assert secret not in text, secret
    assert (await event(carla, room, said))["content"] == {}
    assert (await event(carla, room, topic))["content"] == {}
    assert (await event(carla, room, gone))["unsigned"]["redacted_because"]["content"]["reason"] == "anna's reason"
    member = (await carla.get(f"/rooms/{room}/state/m.room.member/{boris.user}")).ok()
    assert member == {"membership": "leave"}
    assert bodies(await log(carla, room)) == ["root"]
    assert bodies(await log(anna, room)) == ["what boris said", "root", "boris in the thread"]
    assert (await event(anna, room, topic))["content"]["topic"] == "boris's topic"
    assert "boris in the thread" in str(await sync_events(anna, room))


async def test_who_was_there_once_and_comes_again_still_reads_it(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    elena = await world.person(ELENA, role="administrator")
    room = await found(anna, boris, carla, preset="public_chat")
    await say(boris, room, "said")
    (await carla.post(f"/rooms/{room}/leave")).ok()
    await close(elena, boris, erase=True)
    assert bodies(await log(carla, room)) == ["said"]
    (await carla.post(f"/join/{room}")).ok()
    assert bodies(await log(carla, room)) == ["said"]


async def test_without_erasing_words_stay(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    elena = await world.person(ELENA, role="administrator")
    room = await found(anna, boris, preset="public_chat")
    await say(boris, room, "said")
    await close(elena, boris, erase=False)
    (await carla.post(f"/join/{room}")).ok()
    assert bodies(await log(carla, room)) == ["said"]


async def test_whoever_only_looks_in_reads_nothing_of_it(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    elena = await world.person(ELENA, role="administrator")
    state = [{"type": "m.room.history_visibility", "content": {"history_visibility": "world_readable"}}]
    room = await found(anna, boris, initial_state=state)
    await say(boris, room, "said")
    assert bodies(await log(carla, room)) == ["said"]
    await close(elena, boris, erase=True)
    assert bodies(await log(carla, room)) == []
