"""Presence at the door, in its simple form: for those who share a room."""

import json

import pytest

from tests.cast import ANNA, BORIS, DMITRI
from tests.commands.conversation import conversation
from tests.stage.world import World


async def test_those_who_share_a_room_see_a_status(world: World) -> None:
    anna, boris, dmitri = await world.people(ANNA, BORIS, DMITRI)
    await conversation(world, anna, boris)
    path = f"/presence/{boris.user}/status"
    assert (await anna.get(path)).ok()["presence"] == "offline"
    poll = boris.begin("GET", "/sync", since=(await boris.get("/sync")).ok()["next_batch"], timeout=30_000)
    for _ in range(200):
        if (await anna.get(path)).ok()["presence"] == "online":
            break
    assert (await anna.get(path)).ok()["presence"] == "online"
    (await boris.put(path, {"presence": "unavailable", "status_msg": "lunch"})).ok()
    world.clock.advance(seconds=60)
    found = (await anna.get(path)).ok()
    assert (found["presence"], found["status_msg"]) == ("unavailable", "lunch")
    assert found["last_active_ago"] >= 60_000
    assert (await boris.get(path)).ok()["presence"] == "unavailable"
    for user in (boris.user, "@nobody:veche.test"):
        (await dmitri.get(f"/presence/{user}/status")).refused(403, "M_FORBIDDEN")
    await poll.hang_up()


async def test_a_first_sync_tells_the_statuses_of_those_around(world: World) -> None:
    anna, boris, dmitri = await world.people(ANNA, BORIS, DMITRI)
    await conversation(world, anna, boris)
    assert "presence" not in (await anna.get("/sync")).ok()
    for person, body in (
        (boris, {"presence": "online", "status_msg": "here"}),
        (anna, {"presence": "offline"}),
        (dmitri, {"presence": "online"}),
    ):
        (await person.put(f"/presence/{person.user}/status", body)).ok()
    own, event = (await anna.get("/sync")).ok()["presence"]["events"]
    assert (own["sender"], own["content"]["presence"]) == (anna.user, "offline")
    assert "status_msg" not in own["content"]
    assert (event["type"], event["sender"]) == ("m.presence", boris.user)
    assert event["content"]["presence"] == "online"
    assert event["content"]["status_msg"] == "here"
    hidden = json.dumps({"presence": {"not_senders": [anna.user, boris.user, dmitri.user]}})
    assert "presence" not in (await anna.get("/sync", filter=hidden)).ok()
    assert "presence" not in (await dmitri.get("/sync")).ok(), "Dmitri shares no room, not even with himself"


@pytest.mark.parametrize("body", [{"presence": "asleep"}, {"presence": 1}, {"presence": "online", "status_msg": 1}])
async def test_a_malformed_status_is_refused(world: World, body: object) -> None:
    anna = await world.person(ANNA)
    (await anna.put(f"/presence/{anna.user}/status", body)).refused(400, "M_BAD_JSON")


async def test_nobody_sets_the_status_of_another(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    (await anna.put(f"/presence/{boris.user}/status", {"presence": "offline"})).refused(403, "M_FORBIDDEN")
    (await anna.put(f"/presence/{anna.user}/status", {})).refused(400, "M_MISSING_PARAM")
