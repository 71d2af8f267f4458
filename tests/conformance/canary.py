"""Somebody whom nobody touches: after all that was sent, everything they read is as it was, and new things arrive."""

from typing import Any

import msgspec

from tests.authorisation.scene import Stage
from tests.cast import id_of
from tests.stage.people import Person
from tests.stage.rooms import bodies, found, log, put_state, say
from veche.domain.ids import RoomId

SAID = ("the first flight", "the second flight")
LATER = "the last flight"


class Canary(msgspec.Struct, frozen=True):
    """The person, another one in the room, the room, and what was read there before."""

    person: Person
    mate: Person
    room: RoomId
    since: str
    state: dict[str, dict[str, Any]]


async def hatch(stage: Stage) -> Canary:
    """Let the canary in, with a room, something said in it, a name, and a synced device."""
    person, mate = await stage.world.people("vera", "wanda")
    (await person.put(f"/profile/{person.user}/displayname", {"displayname": "Vera"})).ok()
    room = await found(person, mate, name="The cage")
    await put_state(person, room, "m.room.topic", {"topic": "Seeds"})
    for body in SAID:
        await say(person, room, body)
    since = (await mate.get("/sync")).ok()["next_batch"]
    return Canary(person, mate, room, since, await _state(person, room))


async def expect_well(canary: Canary) -> None:
    """Read everything as the canary and its mate do; fail where something is not as it must be."""
    person, mate, room = canary.person, canary.mate, canary.room
    assert await _state(person, room) == canary.state
    assert (await person.get(f"/profile/{person.user}")).ok()["displayname"] == "Vera"
    assert (await person.get("/joined_rooms")).ok() == {"joined_rooms": [room]}
    sent = await say(person, room, LATER)
    assert bodies(await log(mate, room)) == [*SAID, LATER]
    joined = (await mate.get("/sync", since=canary.since)).ok()["rooms"]["join"]
    assert list(joined) == [room]
    assert [event["event_id"] for event in joined[room]["timeline"]["events"]] == [sent]
    whole = (await person.get("/sync")).ok()["rooms"]["join"][room]
    assert bodies(whole["timeline"]["events"])[-1] == LATER
    wish = {"search_categories": {"room_events": {"search_term": "flight", "order_by": "recent"}}}
    results = (await mate.post("/search", wish)).ok()["search_categories"]["room_events"]["results"]
    assert bodies([one["result"] for one in results]) == [LATER, *reversed(SAID)]
    people = (await person.post("/user_directory/search", {"search_term": "wanda"})).ok()["results"]
    assert [one["user_id"] for one in people] == [id_of("wanda")]


async def _state(person: Person, room: RoomId) -> dict[str, dict[str, Any]]:
    """The content of each piece of a room's state by its event's id."""
    return {event["event_id"]: event["content"] for event in (await person.get(f"/rooms/{room}/state")).ok()}
