"""The threads of a room, at the door: their order, pages, what is bundled, and who sees which."""

from importlib import import_module
from typing import Any
from unittest.mock import patch

import pytest

from tests.cast import ANNA, BORIS, CARLA
from tests.stage.people import Person
from tests.stage.rooms import bodies, come, found, ignore, put_state, redact, relate, say, send
from tests.stage.world import World
from veche.domain.ids import EventId, RoomId

searching = import_module("veche.queries.timeline.threads")  # the package gives its function of that name


async def listed(person: Person, room: RoomId, **query: Any) -> dict[str, Any]:
    """A page of threads."""
    page: dict[str, Any] = (await person.get(f"/_matrix/client/v1/rooms/{room}/threads", **query)).ok()
    return page


async def names(person: Person, room: RoomId, **query: Any) -> list[str]:
    """The texts of the roots on the first page."""
    return bodies((await listed(person, room, **query))["chunk"])


async def threads(person: Person, room: RoomId, *texts: str) -> list[EventId]:
    """Begin threads with one reply each, in this order."""
    roots = [await say(person, room, text) for text in texts]
    for root in roots:
        await relate(person, room, root, "m.thread", "reply")
    return roots


async def test_the_latest_thread_comes_first(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    first, second = await threads(anna, room, "first", "second")
    await say(anna, room, "no thread")
    assert await names(boris, room) == ["second", "first"]
    await relate(boris, room, first, "m.thread", "again")
    page = await listed(boris, room)
    assert bodies(page["chunk"]) == ["first", "second"]
    assert "next_batch" not in page
    bundled = page["chunk"][0]["unsigned"]["m.relations"]["m.thread"]
    assert (bundled["count"], bundled["current_user_participated"]) == (2, True)
    assert bundled["latest_event"]["content"]["body"] == "again"
    assert page["chunk"][1]["unsigned"]["m.relations"]["m.thread"]["current_user_participated"] is False
    reply = await relate(boris, room, second, "m.thread", "third")
    assert await names(boris, room) == ["second", "first"]
    await redact(boris, room, reply)
    assert await names(boris, room) == ["first", "second"]


async def test_a_reaction_in_a_thread_does_not_make_it_the_latest(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    root = await say(anna, room, "first")
    reply = await relate(anna, room, root, "m.thread", "reply")
    await threads(anna, room, "second", "third")
    relation = {"m.relates_to": {"rel_type": "m.annotation", "event_id": reply, "key": "+"}}
    await send(anna, room, "m.reaction", relation)
    assert await names(anna, room) == ["third", "second", "first"]
    assert await names(anna, room, limit=1) == ["third"]


async def test_own_threads(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, boris, carla)
    roots = await threads(anna, room, "a", "b", "c")
    await threads(boris, room, "d")
    await relate(boris, room, roots[1], "m.thread", "me too")
    assert await names(boris, room, include="participated") == ["b", "d"]
    assert await names(anna, room, include="participated") == ["b", "c", "a"]
    assert await names(carla, room, include="participated") == []
    assert await names(carla, room, include="all") == ["b", "d", "c", "a"]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
async def test_pages_are_not_disturbed_by_what_is_written_meanwhile(world: World, limit: int) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    roots = await threads(anna, room, "a", "b", "c", "d")
    page = await listed(anna, room, limit=limit)
    seen = bodies(page["chunk"])
    while "next_batch" in page:
        await relate(anna, room, roots[len(seen) % 4], "m.thread", "meanwhile")
        await threads(anna, room, "new")
        page = await listed(anna, room, limit=limit, **{"from": page["next_batch"]})
        assert len(page["chunk"]) <= limit
        seen += bodies(page["chunk"])
    assert seen == ["d", "c", "b", "a"]


async def test_ignored_people_do_not_make_a_thread_the_latest(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, boris, carla)
    old, _ = await threads(anna, room, "old", "new")
    for number in range(60):
        await relate(boris, room, old, "m.thread", f"noise {number}")
    by_boris = await say(boris, room, "by boris")
    await relate(carla, room, by_boris, "m.thread", "answer to boris")
    alone = await say(carla, room, "alone")
    await relate(boris, room, alone, "m.thread", "only boris")
    assert await names(anna, room) == ["alone", "by boris", "old", "new"]
    await ignore(anna, boris)
    chunk = (await listed(anna, room))["chunk"]
    assert [one["content"].get("body") for one in chunk] == [None, "new", "old"]
    assert chunk[0]["content"] == {}
    assert chunk[0]["event_id"] == by_boris
    assert chunk[2]["unsigned"]["m.relations"]["m.thread"]["count"] == 1
    await ignore(anna)
    assert await names(anna, room) == ["alone", "by boris", "old", "new"]


async def test_what_one_may_not_see_is_not_listed(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    state = [{"type": "m.room.history_visibility", "content": {"history_visibility": "joined"}}]
    room = await found(anna, initial_state=state)
    early, _ = await threads(anna, room, "early", "both early")
    await come(anna, boris, room)
    root = await say(anna, room, "late")
    await relate(anna, room, root, "m.thread", "late reply")
    await relate(anna, room, early, "m.thread", "late reply to the early one")
    assert await names(boris, room) == ["late"]
    assert await names(anna, room) == ["early", "late", "both early"]
    await relate(anna, room, root, "m.thread", "the last that boris sees")
    (await boris.post(f"/rooms/{room}/leave")).ok()
    for _ in range(3):
        await relate(anna, room, early, "m.thread", "after boris")
        await relate(anna, room, root, "m.thread", "after boris")
    (bundled,) = (await listed(boris, room))["chunk"]
    assert bundled["unsigned"]["m.relations"]["m.thread"]["latest_event"]["content"]["body"].endswith("boris sees")
    path = f"/_matrix/client/v1/rooms/{room}/threads"
    (await carla.get(path)).refused(403, "M_FORBIDDEN")
    (await carla.get("/_matrix/client/v1/rooms/!no:veche.test/threads")).refused(403, "M_FORBIDDEN")
    await put_state(anna, room, "m.room.history_visibility", {"history_visibility": "world_readable"})
    assert await names(carla, room) == []
    await relate(anna, room, await say(anna, room, "for all"), "m.thread", "reply")
    assert await names(carla, room) == ["for all"]


async def test_many_threads(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    texts = [str(number) for number in range(230)]
    await threads(anna, room, *texts)
    page = await listed(anna, room, limit=1000)
    assert len(page["chunk"]) == 100
    got = bodies(page["chunk"])
    while "next_batch" in page:
        page = await listed(anna, room, limit=90, **{"from": page["next_batch"]})
        got += bodies(page["chunk"])
    assert got == texts[::-1]


@pytest.mark.parametrize(
    "query", [{"from": "s1"}, {"from": "x"}, {"limit": 0}, {"limit": -1}, {"limit": "x"}, {"include": "some"}]
)
async def test_wrong_questions(world: World, query: dict[str, Any]) -> None:
    anna = await world.person(ANNA)
    room = await found(anna)
    (await anna.get(f"/_matrix/client/v1/rooms/{room}/threads", **query)).refused(400, "M_INVALID_PARAM")


async def test_where_little_is_wanted_a_page_ends_early_and_the_next_goes_on(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(anna, boris)
    await threads(boris, room, "his")
    await threads(anna, room, *"abcdefg")
    got: list[str] = []
    pages = 0
    query: dict[str, Any] = {}
    with patch.object(searching, "_READ_AT_ONCE", 2), patch.object(searching, "_MOST_READ", 2):
        for _ in range(10):
            page = await listed(boris, room, include="participated", **query)
            pages += 1
            got += bodies(page["chunk"])
            if "next_batch" not in page:
                break
            query = {"from": page["next_batch"]}
    assert got == ["his"]
    assert pages > 2


async def test_what_is_bundled_of_a_thread_that_is_seen_in_parts(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    state = [{"type": "m.room.history_visibility", "content": {"history_visibility": "joined"}}]
    room = await found(anna, boris, preset="public_chat", initial_state=state)
    root = await say(anna, room, "root")
    await relate(boris, room, root, "m.thread", "seen")
    (await boris.post(f"/rooms/{room}/leave")).ok()
    await relate(anna, room, root, "m.thread", "not seen")
    (await boris.post(f"/join/{room}")).ok()
    for text in ("seen again", "last"):
        await relate(anna, room, root, "m.thread", text)
    (shown,) = (await listed(boris, room))["chunk"]
    bundled = shown["unsigned"]["m.relations"]["m.thread"]
    assert (bundled["count"], bundled["current_user_participated"]) == (3, True)
    assert bundled["latest_event"]["content"]["body"] == "last"
    (whole,) = (await listed(anna, room))["chunk"]
    assert whole["unsigned"]["m.relations"]["m.thread"]["count"] == 4
    path = f"/_matrix/client/v1/rooms/{room}/relations/{root}/m.thread"
    for direction, expected in (("b", ["last", "seen again", "seen"]), ("f", ["seen", "seen again", "last"])):
        first = (await boris.get(path, dir=direction, limit=2)).ok()
        rest = (await boris.get(path, dir=direction, limit=2, **{"from": first["next_batch"]})).ok()
        assert bodies(first["chunk"]) + bodies(rest["chunk"]) == expected
        assert "next_batch" not in rest
