"""Presence on the real server: told by itself, over sockets, whichever way a sync takes."""

import pytest

from tests.cast import ANNA, BORIS
from tests.scenarios.test_sync_state import room_of
from tests.stage.people import Person, Town

pytestmark = pytest.mark.settings(presence="on")


async def hears(person: Person, other: Person, since: str, presence: str) -> str:
    """Poll until somebody is told that another is like this; return the next token."""
    for _ in range(20):
        answer = (await person.get("/sync", since=since, timeout=30_000, set_presence="unavailable")).ok()
        since = answer["next_batch"]
        for event in answer.get("presence", {"events": []})["events"]:
            if event["sender"] == other.user and event["content"]["presence"] == presence:
                return since
    raise AssertionError(f"{person.user} never heard that {other.user} is {presence}")


async def test_those_around_hear_of_it_by_themselves(world: Town) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await room_of(anna, boris)
    since = (await anna.get("/sync")).ok()["next_batch"]
    mine = (await boris.get("/sync")).ok()["next_batch"]
    since = await hears(anna, boris, since, "online")
    (await boris.get("/sync", since=mine, set_presence="unavailable", timeout=0)).ok()
    since = await hears(anna, boris, since, "unavailable")
    (await boris.put(f"/rooms/{room}/send/m.room.message/1", {"msgtype": "m.text", "body": "here"})).ok()
    since = await hears(anna, boris, since, "online")
    (await boris.put(f"/presence/{boris.user}/status", {"presence": "offline", "status_msg": "gone home"})).ok()
    since = await hears(anna, boris, since, "offline")
    await world.restart()
    (event,) = [
        event
        for event in (await anna.get("/sync", since=since, timeout=0)).ok()["presence"]["events"]
        if event["sender"] == boris.user
    ]
    assert event["content"]["status_msg"] == "gone home"
