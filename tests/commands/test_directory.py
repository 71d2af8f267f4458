"""Making and removing aliases, and listing rooms publicly: who may."""

import pytest

from tests.cast import ANNA, BORIS, CARLA, ELENA
from tests.stage.rooms import found, rows_of
from tests.stage.world import World

WAY = "/directory/room/%23kitchen%3Aveche.test"
ALIAS = "#kitchen:veche.test"


async def test_a_member_makes_an_alias_and_it_is_given_once(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room, other = await found(anna, boris), await found(anna)
    (await carla.put(WAY, {"room_id": room})).refused(403, "M_FORBIDDEN")
    assert (await boris.put(WAY, {"room_id": room})).ok() == {}
    before = await rows_of(world)
    for where in (room, other):
        (await anna.put(WAY, {"room_id": where})).refused(409, "M_UNKNOWN")
    assert await rows_of(world) == before
    assert (await carla.get(WAY)).ok() == {"room_id": room, "servers": ["veche.test"]}


@pytest.mark.parametrize(
    "alias",
    ["kitchen", "%23kitchen", "%23%3Aveche.test", "%23kitchen%3Aelsewhere.test", "%23" + "k" * 250 + "%3Aveche.test"],
)
async def test_what_is_no_alias_of_this_server(world: World, alias: str) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    before = await rows_of(world)
    (await anna.put(f"/directory/room/{alias}", {"room_id": room})).refused(400, "M_INVALID_PARAM")
    assert await rows_of(world) == before


async def test_an_alias_leads_to_a_room(world: World) -> None:
    anna = await world.person(ANNA)
    before = await rows_of(world)
    for room in ("", "kitchen", "!a\x00:veche.test", "!" + "x" * 300):
        (await anna.put(WAY, {"room_id": room})).refused(400, "M_INVALID_PARAM")
    (await anna.put(WAY, {"room_id": "!nowhere:veche.test"})).refused(403, "M_FORBIDDEN")
    (await anna.put(WAY, {})).refused(400, "M_MISSING_PARAM")
    assert await rows_of(world) == before


async def test_who_may_delete_an_alias(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    elena = await world.person(ELENA, role="administrator")
    room = await found(anna, boris, carla)
    for deletes in (boris, anna, elena):
        (await boris.put(WAY, {"room_id": room})).ok()
        (await carla.delete(WAY)).refused(403, "M_FORBIDDEN")
        (await (await world.person(f"stranger-to-{deletes.asker.device.lower()}")).delete(WAY)).refused(
            403, "M_FORBIDDEN"
        )
        assert (await deletes.delete(WAY)).ok() == {}
        (await deletes.delete(WAY)).refused(404, "M_NOT_FOUND")
        (await carla.get(WAY)).refused(404, "M_NOT_FOUND")


async def test_who_may_list_a_room(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    elena = await world.person(ELENA, role="administrator")
    room = await found(anna, boris)
    way = f"/directory/list/room/{room}"
    (await boris.put(way, {"visibility": "public"})).refused(403, "M_FORBIDDEN")
    (await carla.put(way, {"visibility": "public"})).refused(404, "M_NOT_FOUND")
    for person in (anna, elena):
        assert (await boris.get(way)).ok() == {"visibility": "private"}
        assert (await person.put(way, {})).ok() == {}
        assert (await carla.get(way)).ok() == {"visibility": "public"}
        (await person.put(way, {"visibility": "private"})).ok()
    (await anna.put(way, {"visibility": "hidden"})).refused(400, "M_BAD_JSON")
    (await anna.put("/directory/list/room/!nowhere:veche.test", {})).refused(404, "M_NOT_FOUND")
