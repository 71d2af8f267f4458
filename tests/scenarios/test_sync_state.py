"""Whoever enters a room or returns to it learns its whole state, whatever filter they use and whatever they missed."""

import json
from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA, DMITRI
from tests.stage.people import Person, Town

LAZY = {"room": {"state": {"lazy_load_members": True}}}


async def sync(person: Person, since: str | None = None, filter: dict[str, Any] | None = None) -> dict[str, Any]:
    """Sync once, without waiting."""
    wanted = None if filter is None else json.dumps(filter)
    found: dict[str, Any] = (await person.get("/sync", since=since, filter=wanted, timeout=0)).ok()
    return found


async def room_of(founder: Person, *others: Person, **wish: Any) -> str:
    """Found a room, public unless wished otherwise, that the others join."""
    room: str = (await founder.post("/createRoom", {"preset": "public_chat", **wish})).ok()["room_id"]
    for person in others:
        (await person.post(f"/join/{room}")).ok()
    return room


async def say(person: Person, room: str, txn: str) -> str:
    """Say something; return the event's id."""
    path = f"/rooms/{room}/send/m.room.message/{txn}"
    event: str = (await person.put(path, {"msgtype": "m.text", "body": txn})).ok()["event_id"]
    return event


def state_of(room: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the state that a client has after one answer: what was told apart, then what the timeline tells."""
    events = [*room.get("state", {}).get("events", []), *room["timeline"]["events"]]
    return {(event["type"], event["state_key"]): event["content"] for event in events if "state_key" in event}


@pytest.mark.parametrize("timeline", [{"types": ["m.room.message"]}, {"not_rooms": ["!all"], "not_types": ["m.*"]}])
async def test_a_filter_of_the_timeline_hides_no_state(world: Town, timeline: dict[str, Any]) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna, boris, name="Hall")
    await say(anna, room, "one")
    told = (await sync(boris, filter={"room": {"timeline": timeline}}))["rooms"]["join"][room]
    state = state_of(told)
    assert state["m.room.name", ""] == {"name": "Hall"}
    assert {("m.room.create", ""), ("m.room.member", anna.user), ("m.room.member", boris.user)} <= state.keys()


async def test_who_may_not_see_what_was_before_still_learns_the_state(world: Town) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    hidden = [{"type": "m.room.history_visibility", "content": {"history_visibility": "joined"}}]
    room = await room_of(anna, boris, name="Den", initial_state=hidden)
    state = state_of((await sync(boris))["rooms"]["join"][room])
    assert state["m.room.name", ""] == {"name": "Den"}
    assert ("m.room.create", "") in state


async def test_state_set_while_somebody_was_away_is_told_on_return(world: Town) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    hidden = [{"type": "m.room.history_visibility", "content": {"history_visibility": "joined"}}]
    room = await room_of(anna, boris, initial_state=hidden)
    since = (await sync(boris))["next_batch"]
    (await boris.post(f"/rooms/{room}/leave")).ok()
    (await anna.put(f"/rooms/{room}/state/m.room.name/", {"name": "Elsewhere"})).ok()
    (await boris.post(f"/join/{room}")).ok()
    told = (await sync(boris, since))["rooms"]["join"][room]
    assert state_of(told)["m.room.name", ""] == {"name": "Elsewhere"}


async def test_a_name_taken_while_somebody_was_away_is_told_when_it_is_needed(world: Town) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    room = await room_of(anna, boris, dmitri, carla, name="Hall")
    (await anna.put(f"/rooms/{room}/state/m.room.topic/", {"topic": "Silence"})).ok()
    await say(dmitri, room, "before")
    first = await sync(boris, filter=LAZY)
    (await boris.post(f"/rooms/{room}/leave")).ok()
    since = (await sync(boris, first["next_batch"], LAZY))["next_batch"]
    (await dmitri.put(f"/profile/{dmitri.user}/displayname", {"displayname": "Mitya"})).ok()
    for number in range(12):
        await say(anna, room, f"meanwhile {number}")
    (await boris.post(f"/join/{room}")).ok()
    since = (await sync(boris, since, LAZY))["next_batch"]
    await say(dmitri, room, "after")
    told = (await sync(boris, since, LAZY))["rooms"]["join"][room]
    assert state_of(told)["m.room.member", dmitri.user]["displayname"] == "Mitya"


@pytest.mark.parametrize("full_state", [None, "true"])
async def test_a_lazy_client_is_told_its_own_membership(world: Town, full_state: str | None) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna, boris, name="Hall")
    for number in range(12):
        await say(anna, room, f"{number}")
    since = (await sync(boris))["next_batch"] if full_state else None
    query = {"since": since, "filter": json.dumps(LAZY), "full_state": full_state, "timeout": 0}
    told = (await boris.get("/sync", **query)).ok()["rooms"]["join"][room]
    assert {key for kind, key in state_of(told) if kind == "m.room.member"} == {boris.user} | (
        set() if full_state else {anna.user}
    )


async def test_the_full_state_brings_a_new_name_that_the_timeline_keeps_out(world: Town) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna, boris, name="Hall")
    chosen = {"room": {**LAZY["room"], "timeline": {"types": ["m.room.message"]}}}
    await say(anna, room, "one")
    since = (await sync(boris, filter=chosen))["next_batch"]
    (await anna.put(f"/profile/{anna.user}/displayname", {"displayname": "Anya"})).ok()
    query = {"since": since, "filter": json.dumps(chosen), "full_state": "true", "timeout": 0}
    told = (await boris.get("/sync", **query)).ok()["rooms"]["join"][room]
    assert state_of(told)["m.room.member", anna.user]["displayname"] == "Anya"


async def test_an_answer_that_was_lost_is_given_again_with_its_members(world: Town) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await room_of(anna, carla, boris, name="Hall")
    for number in range(12):
        await say(anna, room, f"{number}")
    since = (await sync(boris, filter=LAZY))["next_batch"]
    await say(carla, room, "hello")
    answers = [(await sync(boris, since, LAZY))["rooms"]["join"][room] for _ in range(3)]
    for told in answers:
        assert ("m.room.member", carla.user) in state_of(told)
    since = (await sync(boris, since, LAZY))["next_batch"]
    await say(carla, room, "again")
    assert "state" not in (await sync(boris, since, LAZY))["rooms"]["join"][room]


async def test_a_writer_of_a_lost_answer_is_told_though_the_next_one_leaves_them_out(world: Town) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    room = await room_of(anna, carla, dmitri, boris, name="Hall")
    lazy = {"room": {**LAZY["room"], "timeline": {"limit": 1}}}
    since = (await sync(boris, filter=lazy))["next_batch"]
    await say(carla, room, "one")
    lost = (await sync(boris, since, lazy))["rooms"]["join"][room]
    assert ("m.room.member", carla.user) in state_of(lost)
    await say(dmitri, room, "two")
    since = (await sync(boris, since, lazy))["next_batch"]
    await say(carla, room, "three")
    told = (await sync(boris, since, lazy))["rooms"]["join"][room]
    assert ("m.room.member", carla.user) in state_of(told)
