"""Summaries of rooms for those who are not in them."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA, DMITRI, ELENA
from tests.stage.people import Person
from tests.stage.rooms import come, found, put_state
from tests.stage.world import World

WAY = "/_matrix/client/v1/room_summary/"


async def summary(person: Person, room: str, **query: Any) -> dict[str, Any]:
    """The summary of a room as somebody is told it."""
    return dict((await person.get(WAY + room, **query)).ok())


async def test_what_is_told_of_a_room(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    office = await found(anna, carla)
    state = [
        {"type": "m.room.avatar", "content": {"url": "mxc://veche.test/a"}},
        {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}},
        {
            "type": "m.room.join_rules",
            "content": {"join_rule": "restricted", "allow": [{"type": "m.room_membership", "room_id": office}]},
        },
    ]
    room = await found(anna, boris, name="Hall", topic="All", room_alias_name="hall", initial_state=state)
    expected = {
        "allowed_room_ids": [office],
        "avatar_url": "mxc://veche.test/a",
        "canonical_alias": "#hall:veche.test",
        "encryption": "m.megolm.v1.aes-sha2",
        "guest_can_join": True,
        "join_rule": "restricted",
        "name": "Hall",
        "num_joined_members": 2,
        "room_id": room,
        "room_version": "11",
        "topic": "All",
        "world_readable": False,
    }
    for name in (room, "%23hall%3Aveche.test"):
        assert await summary(carla, name, via="elsewhere.test") == expected
        assert await summary(boris, name) == {**expected, "membership": "join"}
    unstable = "/_matrix/client/unstable/im.nheko.summary"
    for way in (f"{unstable}/summary/{room}", f"{unstable}/rooms/{room}/summary"):
        assert (await carla.get(way)).ok() == expected


@pytest.mark.parametrize("rule", ["public", "knock", "knock_restricted"])
async def test_rooms_that_are_no_secret(world: World, rule: str) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, name="Hall")
    await put_state(anna, room, "m.room.join_rules", {"join_rule": rule})
    assert (await summary(boris, room))["name"] == "Hall"
    (await anna.post(f"/rooms/{room}/ban", {"user_id": carla.user})).ok()
    assert (await summary(carla, room))["membership"] == "ban"
    await put_state(anna, room, "m.room.join_rules", {"join_rule": "invite"})
    for person in (boris, carla):
        (await person.get(WAY + room)).refused(404, "M_NOT_FOUND")
    await put_state(anna, room, "m.room.history_visibility", {"history_visibility": "world_readable"})
    for person in (boris, carla):
        assert (await summary(person, room))["world_readable"] is True


async def test_closed_rooms_cannot_be_told_from_those_that_are_not_there(world: World) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    elena = await world.person(ELENA, role="administrator")
    office = await found(anna)
    room = await found(anna, boris, invite=[carla.user], name="Hall", room_alias_name="hall")
    await put_state(
        anna,
        room,
        "m.room.join_rules",
        {"join_rule": "restricted", "allow": [{"type": "m.room_membership", "room_id": office}]},
    )
    assert (await summary(carla, room))["membership"] == "invite"
    (await boris.post(f"/rooms/{room}/leave")).ok()
    (await carla.post(f"/rooms/{room}/leave")).ok()
    for person in (boris, carla, dmitri, elena):
        nothing = (await person.get(WAY + "!nowhere:veche.test")).refused(404, "M_NOT_FOUND")
        for name in (room, "%23hall%3Aveche.test", "%23nowhere%3Aveche.test", "hall", "!", "%40anna%3Aveche.test"):
            assert (await person.get(WAY + name)).refused(404, "M_NOT_FOUND") == nothing
    await come(anna, dmitri, office)
    assert "membership" not in await summary(dmitri, room)
    await come(anna, boris, office)
    assert (await summary(boris, room))["membership"] == "leave"
    (await anna.post(f"/rooms/{room}/ban", {"user_id": boris.user})).ok()
    (await boris.get(WAY + room)).refused(404, "M_NOT_FOUND")
