"""Walking through spaces: order, depth, pages, and what is left out for whom."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA, DMITRI, ELENA
from tests.stage.people import Person
from tests.stage.rooms import come, event, found, put_state, redact
from tests.stage.world import World
from veche.domain.ids import RoomId
from veche.queries.directory import spaces

HERE = {"via": ["veche.test"]}


async def space(founder: Person, *children: RoomId, **wish: Any) -> RoomId:
    """Found a public space with children."""
    made = await found(founder, **{"preset": "public_chat", "creation_content": {"type": "m.space"}, **wish})
    for child in children:
        await put_state(founder, made, "m.space.child", HERE, child)
        assert isinstance(founder.world, World)
        founder.world.clock.advance(ms=1)  # of the same millisecond they would stand in the order of their ids
    return made


async def walk(person: Person, root: str, **query: Any) -> dict[str, Any]:
    """A page of the rooms of a space."""
    return dict((await person.get(f"/_matrix/client/v1/rooms/{root}/hierarchy", **query)).ok())


async def rooms(person: Person, root: str, **query: Any) -> list[str]:
    """The ids of the rooms of a page."""
    return [room["room_id"] for room in (await walk(person, root, **query))["rooms"]]


async def test_what_is_told_of_a_space_and_its_rooms(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    hall = await found(anna, preset="public_chat", name="Hall", topic="All")
    root = await space(anna, name="House")
    child = await put_state(anna, root, "m.space.child", {**HERE, "order": "a", "note": "kept"}, hall)
    told = await event(anna, root, child)
    common = {"guest_can_join": False, "join_rule": "public", "room_version": "11", "world_readable": False}
    stripped = {name: told[name] for name in ("content", "origin_server_ts", "sender", "state_key", "type")}
    assert stripped["content"]["note"] == "kept"
    assert await walk(boris, root) == {
        "rooms": [
            {
                **common,
                "room_id": root,
                "name": "House",
                "room_type": "m.space",
                "num_joined_members": 1,
                "children_state": [stripped],
            },
            {
                **common,
                "room_id": hall,
                "name": "Hall",
                "topic": "All",
                "num_joined_members": 1,
                "children_state": [],
            },
        ]
    }
    assert (await walk(boris, hall))["rooms"][0]["children_state"] == []


async def test_children_of_a_room_that_is_no_space_count_for_nothing(world: World) -> None:
    anna = await world.person(ANNA)
    hall, other = await found(anna, preset="public_chat"), await found(anna, preset="public_chat")
    await put_state(anna, hall, "m.space.child", HERE, other)
    assert await walk(anna, hall) == await walk(anna, hall, max_depth=1)
    assert [(one["room_id"], one["children_state"]) for one in (await walk(anna, hall))["rooms"]] == [(hall, [])]


async def test_what_is_no_child_any_more(world: World) -> None:
    anna = await world.person(ANNA)
    kept, taken, redacted, never = [await found(anna, preset="public_chat") for _ in range(4)]
    root = await space(anna, kept, taken)
    await put_state(anna, root, "m.space.child", {}, taken)
    await redact(anna, root, await put_state(anna, root, "m.space.child", HERE, redacted))
    for via in ([], "veche.test", [7], None):
        await put_state(anna, root, "m.space.child", {"via": via}, never)
        assert await rooms(anna, root) == [root, kept]
    await put_state(anna, root, "m.space.child", HERE, "!nowhere:veche.test")
    await put_state(anna, root, "m.space.child", HERE, "nothing")
    assert await rooms(anna, root) == [root, kept]
    [first, _] = (await walk(anna, root))["rooms"]
    assert [one["state_key"] for one in first["children_state"]] == [kept, "!nowhere:veche.test"]


async def test_spaces_in_spaces_deep_first_and_circles_end(world: World) -> None:
    anna = await world.person(ANNA)
    one, two, three = [await found(anna, preset="public_chat") for _ in range(3)]
    inner = await space(anna, two, one)
    outer = await space(anna, inner, one, three)
    await put_state(anna, inner, "m.space.child", {**HERE, "order": "~"}, outer)
    await put_state(anna, outer, "m.space.child", {**HERE, "order": "~"}, outer)
    assert await rooms(anna, outer) == [outer, inner, two, one, three]
    assert await rooms(anna, inner) == [inner, outer, one, three, two]
    assert await rooms(anna, outer, max_depth=0) == [outer]
    assert await rooms(anna, outer, max_depth=1) == [outer, inner, one, three]
    [first, second, *_] = (await walk(anna, outer, max_depth=1))["rooms"]
    assert (len(first["children_state"]), len(second["children_state"])) == (4, 3)


async def test_the_nearest_way_to_a_room_counts(world: World) -> None:
    """Met first at the greatest depth, a space is still gone into, as it lies nearer on another way."""
    anna = await world.person(ANNA)
    leaf = await found(anna, preset="public_chat")
    twice = await space(anna, leaf)
    root = await space(anna, await space(anna, twice), twice)
    assert (await rooms(anna, root, max_depth=2))[2:] == [twice, leaf]
    assert leaf not in await rooms(anna, root, max_depth=1)


async def test_suggested_rooms_only(world: World) -> None:
    anna = await world.person(ANNA)
    wanted, other = [await found(anna, preset="public_chat") for _ in range(2)]
    root = await space(anna, other)
    await put_state(anna, root, "m.space.child", {**HERE, "suggested": True}, wanted)
    assert await rooms(anna, root, suggested_only="false") == [root, other, wanted]
    page = await walk(anna, root, suggested_only="true")
    assert [one["room_id"] for one in page["rooms"]] == [root, wanted]
    assert [one["state_key"] for one in page["rooms"][0]["children_state"]] == [wanted]


async def test_who_is_shown_which_rooms(world: World) -> None:
    anna, boris, carla, dmitri, elena = await world.people(ANNA, BORIS, CARLA, DMITRI, ELENA)
    closed = await found(anna, boris, invite=[carla.user])
    readable, knockable, restricted = [await found(anna) for _ in range(3)]
    root = await space(anna, closed, readable, knockable, restricted, preset="private_chat")
    await put_state(anna, readable, "m.room.history_visibility", {"history_visibility": "world_readable"})
    await put_state(anna, knockable, "m.room.join_rules", {"join_rule": "knock"})
    allow = [{"type": "m.room_membership", "room_id": root}]
    await put_state(anna, restricted, "m.room.join_rules", {"join_rule": "restricted", "allow": allow})
    for person in (boris, carla, dmitri, elena):
        await come(anna, person, root)
    (await anna.post(f"/rooms/{restricted}/ban", {"user_id": elena.user})).ok()
    for person in (anna, boris, carla):
        assert await rooms(person, root) == [root, closed, readable, knockable, restricted]
    assert await rooms(dmitri, root) == [root, readable, knockable, restricted]
    assert await rooms(elena, root) == [root, readable, knockable]
    assert (await walk(dmitri, restricted))["rooms"][0]["allowed_room_ids"] == [root]
    (await anna.post(f"/rooms/{closed}/kick", {"user_id": boris.user})).ok()
    assert await rooms(boris, root) == [root, readable, knockable, restricted]
    (await dmitri.post(f"/rooms/{root}/leave")).ok()
    closed_ways = [f"/_matrix/client/v1/rooms/{room}/hierarchy" for room in (root, restricted, "!no:veche.test", "no")]
    told = [(await dmitri.get(way)).refused(403, "M_FORBIDDEN") for way in closed_ways]
    assert told == told[:1] * 4


async def test_a_closed_space_hides_what_lies_below(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    below = await found(anna, preset="public_chat")
    closed = await space(anna, below, preset="private_chat")
    root = await space(anna, closed)
    assert await rooms(boris, root) == [root]
    assert await rooms(anna, root) == [root, closed, below]


async def test_pages(world: World) -> None:
    anna = await world.person(ANNA)
    children = [await found(anna, preset="public_chat") for _ in range(5)]
    root = await space(anna, *children)
    first = await walk(anna, root, limit=2, max_depth=3)
    assert [one["room_id"] for one in first["rooms"]] == [root, children[0]]
    token = {"from": first["next_batch"], "max_depth": 3}
    early = await found(anna, preset="public_chat")
    await put_state(anna, root, "m.space.child", {**HERE, "order": " "}, early)
    second = await walk(anna, root, limit=3, **token)
    assert [one["room_id"] for one in second["rooms"]] == children[1:4], "what has come before is passed by"
    await put_state(anna, root, "m.space.child", {}, children[0])
    assert (await walk(anna, root, limit=3, **token))["rooms"][0]["room_id"] == children[1]
    last = await walk(anna, root, **{**token, "from": second["next_batch"]})
    assert ([one["room_id"] for one in last["rooms"]], "next_batch" in last) == (children[4:], False)
    for wrong in ({"max_depth": 2}, {"suggested_only": "true"}, {"from": "x"}, {"max_depth": None}):
        answer = await anna.get(f"/_matrix/client/v1/rooms/{root}/hierarchy", **{**token, **wrong})
        answer.refused(400, "M_INVALID_PARAM")
    for wrong in ({"limit": 0}, {"limit": -1}, {"max_depth": -1}, {"limit": "x"}, {"suggested_only": "x"}):
        answer = await anna.get(f"/_matrix/client/v1/rooms/{root}/hierarchy", **wrong)
        assert answer.refused(400, "M_INVALID_PARAM")["org.veche.field"] in wrong
    assert await rooms(anna, root, limit=10**6, max_depth=10**6) == await rooms(anna, root)


async def test_no_more_rooms_are_looked_at_than_has_an_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spaces, "MOST_WALKED", 4)
    anna = await world.person(ANNA)
    children = [await found(anna, preset="public_chat") for _ in range(5)]
    inner = await space(anna, children[0])
    root = await space(anna, inner, *children[1:])
    assert await rooms(anna, root) == [root, inner, *children[1:3]]
