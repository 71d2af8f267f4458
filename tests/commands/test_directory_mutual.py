"""Rooms that one shares with somebody."""

import pytest

from tests.cast import ANNA, BORIS, CARLA
from tests.stage.rooms import found
from tests.stage.world import World
from veche.queries.directory import people

WAY = "/_matrix/client/v1/mutual_rooms"


async def test_the_rooms_of_two_people(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "MUTUAL_AT_ONCE", 2)
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    rooms = sorted([await found(anna, boris) for _ in range(5)])
    invited = await found(anna, invite=[boris.user])
    left = await found(anna, boris)
    (await boris.post(f"/rooms/{left}/leave")).ok()
    await found(boris, carla)
    page = (await anna.get(WAY, user_id=boris.user)).ok()
    assert page == {"joined": rooms[:2], "count": 5, "next_batch": rooms[1]}
    (await anna.post(f"/rooms/{rooms[1]}/leave")).ok()
    page = (await anna.get(WAY, user_id=boris.user, **{"from": page["next_batch"]})).ok()
    assert page == {"joined": rooms[2:4], "count": 4, "next_batch": rooms[3]}
    page = (await anna.get(WAY, user_id=boris.user, **{"from": page["next_batch"]})).ok()
    assert page == {"joined": rooms[4:], "count": 4}
    (await boris.post(f"/rooms/{invited}/join")).ok()
    assert (await boris.get(WAY, user_id=anna.user)).ok()["count"] == 5
    assert (await anna.get(WAY, user_id=carla.user)).ok() == {"joined": [], "count": 0}
    assert (await anna.get(WAY, user_id="@nobody:elsewhere.test")).ok() == {"joined": [], "count": 0}


async def test_of_whom_one_cannot_ask(world: World) -> None:
    anna = await world.person(ANNA)
    for user in (anna.user, "boris", "@boris", ""):
        (await anna.get(WAY, user_id=user)).refused(400, "M_INVALID_PARAM")
    (await anna.get(WAY)).refused(400, "M_MISSING_PARAM")
    (await anna.get(WAY, user_id="@boris:veche.test", **{"from": "x"})).refused(400, "M_INVALID_PARAM")
    (await world.call("GET", WAY, query={"user_id": "@boris:veche.test"})).refused(401, "M_MISSING_TOKEN")
