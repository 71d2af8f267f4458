"""An organisation in a space: its people come into rooms through it, strangers do not; each sees what is theirs."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA, DMITRI
from tests.stage.people import Person
from tests.stage.rooms import come, found, membership, put_state, say
from tests.stage.world import World
from veche.domain.ids import RoomId


async def space_of(founder: Person, *members: Person, **wish: Any) -> RoomId:
    """Found a closed space."""
    return await found(founder, *members, creation_content={"type": "m.space"}, **wish)


async def open_to(founder: Person, space: RoomId, rule: str, **wish: Any) -> RoomId:
    """Found a room in a space, open to the members of that space."""
    allow = [{"type": "m.room_membership", "room_id": space}]
    rules = {"type": "m.room.join_rules", "content": {"join_rule": rule, "allow": allow}}
    room = await found(founder, initial_state=[rules], **wish)
    await put_state(founder, space, "m.space.child", {"via": ["veche.test"]}, room)
    await put_state(founder, room, "m.space.parent", {"via": ["veche.test"], "canonical": True}, space)
    return room


async def shown(person: Person, space: RoomId) -> list[str]:
    """The names of the rooms that somebody is shown of a space."""
    answer = (await person.get(f"/_matrix/client/v1/rooms/{space}/hierarchy")).ok()
    return [room["name"] for room in answer["rooms"]]


@pytest.mark.parametrize("version", ["10", "11", "12"])
async def test_people_come_into_a_room_through_its_space(world: World, version: str) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    company = await space_of(anna, boris, carla, name="Company", room_version=version)
    canteen = await open_to(anna, company, "restricted", name="Canteen", room_version=version)
    before = (await dmitri.get("/sync")).ok()["next_batch"]

    assert await shown(boris, company) == ["Company", "Canteen"]
    (await dmitri.get(f"/_matrix/client/v1/rooms/{company}/hierarchy")).refused(403, "M_FORBIDDEN")
    (await boris.post(f"/join/{canteen}")).ok()
    assert (await membership(anna, canteen, boris))["join_authorised_via_users_server"] == anna.user
    (await dmitri.post(f"/join/{canteen}")).refused(403, "M_FORBIDDEN")
    (await dmitri.post(f"/knock/{canteen}")).refused(403, "M_FORBIDDEN")

    (await boris.post(f"/rooms/{company}/leave")).ok()
    await say(boris, canteen, "Still here")
    (await boris.post(f"/rooms/{canteen}/leave")).ok()
    (await boris.post(f"/join/{canteen}")).refused(403, "M_FORBIDDEN")
    await come(anna, boris, company)
    (await boris.post(f"/join/{canteen}")).ok()

    (await anna.post(f"/rooms/{company}/ban", {"user_id": carla.user})).ok()
    (await carla.post(f"/join/{canteen}")).refused(403, "M_FORBIDDEN")
    (await anna.post(f"/rooms/{company}/unban", {"user_id": carla.user})).ok()
    (await carla.post(f"/join/{canteen}")).refused(403, "M_FORBIDDEN")
    await come(anna, carla, company)
    (await anna.post(f"/rooms/{canteen}/ban", {"user_id": carla.user})).ok()
    (await carla.post(f"/join/{canteen}")).refused(403, "M_FORBIDDEN")
    assert await shown(carla, company) == ["Company"]
    assert "rooms" not in (await dmitri.get("/sync", since=before)).ok()


@pytest.mark.parametrize("version", ["10", "11", "12"])
async def test_others_may_knock_where_the_room_says_so(world: World, version: str) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    company = await space_of(anna, boris, name="Company")
    workshop = await open_to(anna, company, "knock_restricted", name="Workshop", room_version=version)
    (await boris.post(f"/join/{workshop}")).ok()
    (await carla.post(f"/join/{workshop}")).refused(403, "M_FORBIDDEN")
    (await carla.post(f"/knock/{workshop}", {"reason": "New here"})).ok()
    (await anna.post(f"/rooms/{workshop}/invite", {"user_id": carla.user})).ok()
    (await carla.post(f"/join/{workshop}")).ok()
    assert "join_authorised_via_users_server" not in await membership(anna, workshop, carla)
    (await dmitri.post(f"/knock/{workshop}")).ok()
    await come(anna, dmitri, company)
    (await dmitri.post(f"/join/{workshop}")).ok()
    assert (await membership(anna, workshop, dmitri))["join_authorised_via_users_server"] == anna.user


@pytest.mark.parametrize("version", ["10", "11", "12"])
async def test_somebody_who_may_invite_is_named_for_whoever_comes(world: World, version: str) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    company = await space_of(anna, boris, carla, dmitri)
    levels = {"invite": 50, "users": {boris.user: 50} if version == "12" else {anna.user: 100, boris.user: 50}}
    room = await open_to(anna, company, "restricted", room_version=version, power_level_content_override=levels)
    await come(anna, boris, room)
    (await anna.post(f"/rooms/{room}/leave")).ok()
    (await carla.post(f"/join/{room}")).ok()
    assert (await membership(boris, room, carla))["join_authorised_via_users_server"] == boris.user
    (await boris.post(f"/rooms/{room}/leave")).ok()
    (await dmitri.post(f"/join/{room}")).refused(403, "M_FORBIDDEN")


async def test_a_colleague_is_found_and_one_sees_what_one_shares(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    (await boris.put(f"/profile/{boris.user}/displayname", {"displayname": "Борис Ёлкин"})).ok()
    team = await found(anna, boris)
    answer = (await anna.post("/user_directory/search", {"search_term": "boris elk"})).ok()
    found_person = {"user_id": boris.user, "display_name": "Борис Ёлкин"}
    assert answer == {"results": [found_person], "limited": False}
    assert (await carla.post("/user_directory/search", {"search_term": "boris elk"})).ok()["results"] == []
    way = "/_matrix/client/v1/mutual_rooms"
    assert (await anna.get(way, user_id=boris.user)).ok() == {"joined": [team], "count": 1}
    assert (await carla.get(way, user_id=boris.user)).ok() == {"joined": [], "count": 0}
    await world.restart()
    answer = (await anna.post("/user_directory/search", {"search_term": "ёлкин"})).ok()
    assert answer["results"] == [found_person]
