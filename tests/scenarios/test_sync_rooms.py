"""What is told of rooms as people come and go: receipts, data, heroes, endings, and nothing of other rooms."""

import json
from typing import Any

from tests.cast import ANNA, BORIS, CARLA
from tests.scenarios.test_sync_state import room_of, say, sync
from tests.stage.people import Person, Town


def body(text: str) -> dict[str, Any]:
    """A text message."""
    return {"msgtype": "m.text", "body": text}


async def test_who_joins_is_told_how_far_others_have_read(world: Town) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna)
    event = await say(anna, room, "one")
    (await anna.post(f"/rooms/{room}/receipt/m.read/{event}", {})).ok()
    since = (await sync(boris))["next_batch"]
    (await boris.post(f"/join/{room}")).ok()
    told = (await sync(boris, since))["rooms"]["join"][room]
    (receipt,) = told["ephemeral"]["events"]
    assert receipt["content"][event]["m.read"].keys() == {anna.user}


async def test_who_joins_is_told_who_types(world: Town) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna)
    (await anna.put(f"/rooms/{room}/typing/{anna.user}", {"typing": True, "timeout": 60_000})).ok()
    since = (await sync(boris))["next_batch"]
    (await boris.post(f"/join/{room}")).ok()
    told = (await sync(boris, since))["rooms"]["join"][room]
    assert told["ephemeral"]["events"] == [{"type": "m.typing", "content": {"user_ids": [anna.user]}}]


async def test_who_joins_is_told_what_they_kept_for_the_room(world: Town) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna)
    (await boris.put(f"/user/{boris.user}/rooms/{room}/tags/u.later", {"order": 0.5})).ok()
    since = (await sync(boris))["next_batch"]
    (await boris.post(f"/join/{room}")).ok()
    told = (await sync(boris, since))["rooms"]["join"][room]
    assert told["account_data"]["events"] == [{"type": "m.tag", "content": {"tags": {"u.later": {"order": 0.5}}}}]


async def test_a_room_that_loses_its_name_gets_heroes(world: Town) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna, boris, name="Hall")
    first = await sync(boris)
    assert "m.heroes" not in first["rooms"]["join"][room]["summary"]
    (await anna.put(f"/rooms/{room}/state/m.room.name/", {})).ok()
    told = (await sync(boris, first["next_batch"]))["rooms"]["join"][room]
    assert told["summary"]["m.heroes"] == [anna.user]


async def test_a_room_left_and_forgotten_on_one_device_is_left_on_the_other(world: Town) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    tablet = await world.device(boris.user, "TABLET")
    room = await room_of(anna, boris)
    since = (await sync(tablet))["next_batch"]
    await say(anna, room, "before the end")
    (await boris.post(f"/rooms/{room}/leave")).ok()
    (await boris.post(f"/rooms/{room}/forget")).ok()
    told = (await sync(tablet, since))["rooms"]
    assert "join" not in told
    (ending,) = told["leave"][room]["timeline"]["events"]
    assert ending["content"]["membership"] == "leave"
    assert ending["state_key"] == boris.user


async def test_a_visit_between_two_syncs_is_told_from_the_beginning(world: Town) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna, boris)
    (await boris.post(f"/rooms/{room}/leave")).ok()
    missed = await say(anna, room, "while you were away")
    since = (await sync(boris))["next_batch"]
    (await boris.post(f"/join/{room}")).ok()
    (await boris.post(f"/rooms/{room}/leave")).ok()
    timeline = (await sync(boris, since))["rooms"]["leave"][room]["timeline"]
    events = timeline["events"]
    if timeline["limited"]:
        query = {"from": timeline["prev_batch"], "dir": "b", "limit": 100}
        events = (await boris.get(f"/rooms/{room}/messages", **query)).ok()["chunk"] + events
    assert missed in {event["event_id"] for event in events}


async def test_the_state_of_a_room_is_told_to_who_was_banned_after_leaving_it(world: Town) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna, boris)
    since = (await sync(boris))["next_batch"]
    (await anna.put(f"/rooms/{room}/state/m.room.name/", {"name": "Then"})).ok()
    for number in range(12):
        await say(anna, room, f"{number}")
    (await boris.post(f"/rooms/{room}/leave")).ok()
    (await anna.put(f"/rooms/{room}/state/m.room.name/", {"name": "Now"})).ok()
    (await anna.post(f"/rooms/{room}/ban", {"user_id": boris.user})).ok()
    told = (await sync(boris, since))["rooms"]["leave"][room]
    names = [event["content"]["name"] for event in told["state"]["events"] if event["type"] == "m.room.name"]
    assert names == ["Then"]
    assert told["timeline"]["events"][-1]["content"]["membership"] == "ban"


async def test_the_state_after_an_ending_holds_the_ending(world: Town) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna, boris)
    since = (await sync(boris))["next_batch"]
    for deed in ("kick", "ban"):
        (await anna.post(f"/rooms/{room}/{deed}", {"user_id": boris.user})).ok()
    told = (await boris.get("/sync", since=since, use_state_after="true", timeout=0)).ok()["rooms"]["leave"][room]
    own = [event for event in told["state_after"]["events"] if event.get("state_key") == boris.user]
    assert [event["content"]["membership"] for event in own] == ["ban"]


async def test_nobody_speaks_in_a_room_from_another_one(world: Town) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna, boris)
    mine = await say(boris, room, "my word")
    (await anna.post(f"/rooms/{room}/ban", {"user_id": boris.user})).ok()
    elsewhere = await room_of(boris)
    for number, kind in enumerate(("m.replace", "m.thread", "m.reference")):
        relates = {"m.relates_to": {"rel_type": kind, "event_id": mine}, "m.new_content": body("another word")}
        await boris.put(f"/rooms/{elsewhere}/send/m.room.message/{number}", {**body("aside"), **relates})
    told = (await anna.get(f"/rooms/{room}/event/{mine}")).ok()
    assert "m.relations" not in told["unsigned"]
    related = await anna.get(f"/_matrix/client/v1/rooms/{room}/relations/{mine}")
    assert related.ok()["chunk"] == []


async def test_counts_follow_though_a_device_never_looks_at_the_room(world: Town) -> None:
    """One device leaves a room out for a while, then asks for it again; the counts must not have stood still."""
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room, other = await room_of(anna, boris), await room_of(anna, boris)
    since = (await sync(boris))["next_batch"]
    blind = {"room": {"not_rooms": [room]}}
    for person, place, text in ((anna, room, "one"), (anna, room, "two"), (anna, other, "three")):
        await say(person, place, text)
    since = (await sync(boris, since, blind))["next_batch"]
    await say(anna, room, "four")
    told = (await sync(boris, since))["rooms"]["join"][room]
    assert told["unread_notifications"] == {"highlight_count": 0, "notification_count": 3}
    assert await full_count(boris, room) == 3
    assert "rooms" not in await sync(carla)


async def full_count(person: Person, room: str) -> int:
    """Return the unread count that a full sync tells."""
    first = {"room": {"timeline": {"limit": 1}}}
    answer = (await person.get("/sync", filter=json.dumps(first), timeout=0)).ok()
    count: int = answer["rooms"]["join"][room]["unread_notifications"]["notification_count"]
    return count
