"""Aliases, public rooms and people at the door."""

from typing import Any
from unittest.mock import Mock

import pytest

from tests.cast import ANNA, BORIS, CARLA, ELENA
from tests.stage.people import Person
from tests.stage.rooms import found, put_state
from tests.stage.world import World
from veche.domain.accounts.transliteration import transliterated
from veche.domain.directory import summaries
from veche.queries.directory import listing

WAY = "/directory/room/%23kitchen%3Aveche.test"


async def listed(person: Person, wish: dict[str, Any] | None = None, **query: Any) -> dict[str, Any]:
    """A page of the public rooms, by the one request or the other."""
    way = "/publicRooms"
    answer = await person.get(way, **query) if wish is None else await person.post(way, wish)
    page: dict[str, Any] = answer.ok()
    return page


async def test_an_alias_is_resolved_for_everybody(world: World) -> None:
    anna = await world.person(ANNA)
    room = await found(anna, room_alias_name="kitchen")
    whole = "/_matrix/client/v3" + WAY
    assert (await world.call("GET", whole)).ok() == {"room_id": room, "servers": ["veche.test"]}
    assert (await world.call("GET", whole, token="nonsense")).ok()["room_id"] == room
    for method, body in (("PUT", {"room_id": room}), ("DELETE", None)):
        (await world.call(method, whole, body)).refused(401, "M_MISSING_TOKEN")
    for alias in ("%23cellar%3Aveche.test", "%23kitchen%3Aelsewhere.test"):
        (await anna.get(f"/directory/room/{alias}")).refused(404, "M_NOT_FOUND")
    for alias in ("kitchen", "%23kitchen", "%23%3Aveche.test", "%40kitchen%3Aveche.test", "%23" + "k" * 300 + "%3Ax"):
        (await anna.get(f"/directory/room/{alias}")).refused(400, "M_INVALID_PARAM")


async def test_a_rooms_aliases_are_for_its_members_and_where_the_world_may_read(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, boris, room_alias_name="kitchen")
    (await boris.put("/directory/room/%23buffet%3Aveche.test", {"room_id": room})).ok()
    path = f"/rooms/{room}/aliases"
    for person in (anna, boris):
        assert (await person.get(path)).ok() == {"aliases": ["#buffet:veche.test", "#kitchen:veche.test"]}
    (await boris.post(f"/rooms/{room}/leave")).ok()
    for person in (boris, carla):
        (await person.get(path)).refused(403, "M_FORBIDDEN")
    (await anna.get("/rooms/!nowhere:veche.test/aliases")).refused(403, "M_FORBIDDEN")
    await put_state(anna, room, "m.room.history_visibility", {"history_visibility": "world_readable"})
    for person in (boris, carla):
        assert len((await person.get(path)).ok()["aliases"]) == 2
    assert (await anna.get(f"/rooms/{await found(anna)}/aliases")).ok() == {"aliases": []}


async def test_whether_a_room_is_listed_is_no_secret_where_the_room_is_none(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    elena = await world.person(ELENA, role="administrator")
    listed, closed = await found(anna, visibility="public"), await found(anna)
    read = [{"type": "m.room.history_visibility", "content": {"history_visibility": "world_readable"}}]
    entered, shown = await found(anna, preset="public_chat"), await found(anna, initial_state=read)
    way = "/_matrix/client/v3/directory/list/room/"
    assert (await world.call("GET", f"{way}{listed}")).ok() == {"visibility": "public"}
    for room in (entered, shown):
        assert (await world.call("GET", f"{way}{room}")).ok() == {"visibility": "private"}
    for person in (anna, elena):
        assert (await person.get(f"{way}{closed}")).ok() == {"visibility": "private"}
    for outsider in (None, boris.token):
        told, none = [await world.call("GET", f"{way}{room}", token=outsider) for room in (closed, "!no:veche.test")]
        assert told.refused(404, "M_NOT_FOUND") == none.refused(404, "M_NOT_FOUND")


async def test_what_is_shown_of_a_public_room(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await found(anna, name="private")
    plain = await found(anna, visibility="public")
    state = [
        {"type": "m.room.avatar", "content": {"url": "mxc://veche.test/a"}},
        {"type": "m.room.history_visibility", "content": {"history_visibility": "world_readable"}},
        {"type": "m.room.guest_access", "content": {"guest_access": "can_join"}},
        {"type": "m.room.join_rules", "content": {"join_rule": "knock"}},
    ]
    wish = {"name": "Hall", "topic": "All", "room_alias_name": "hall", "creation_content": {"type": "m.space"}}
    rich = await found(anna, boris, visibility="public", initial_state=state, **wish)
    odd = await found(anna, visibility="public", creation_content={"type": 7})
    await put_state(anna, odd, "m.room.name", {"name": ["x"]})
    page = await listed(boris)
    assert page["total_room_count_estimate"] == 3
    assert page.keys() == {"chunk", "total_room_count_estimate"}
    assert page["chunk"][0] == {
        "avatar_url": "mxc://veche.test/a",
        "canonical_alias": "#hall:veche.test",
        "guest_can_join": True,
        "join_rule": "knock",
        "name": "Hall",
        "num_joined_members": 2,
        "room_id": rich,
        "room_type": "m.space",
        "topic": "All",
        "world_readable": True,
    }
    bare = {"guest_can_join": False, "join_rule": "public", "num_joined_members": 1, "world_readable": False}
    assert sorted(page["chunk"][1:], key=str) == sorted([{**bare, "room_id": plain}, {**bare, "room_id": odd}], key=str)


async def test_public_rooms_are_for_people_of_this_server(world: World) -> None:
    await found(await world.person(ANNA), visibility="public", room_alias_name="hall")
    for path in ("v3/publicRooms", "v1/room_summary/%23hall%3Aveche.test"):
        (await world.call("GET", f"/_matrix/client/{path}")).refused(401, "M_MISSING_TOKEN")
        (await world.call("GET", f"/_matrix/client/{path}", token="x")).refused(401, "M_UNKNOWN_TOKEN")
    (await world.call("POST", "/_matrix/client/v3/publicRooms", {})).refused(401, "M_MISSING_TOKEN")


@pytest.mark.settings(public_rooms_without_token="on")
async def test_public_rooms_are_for_all_where_the_settings_say_so(world: World) -> None:
    anna = await world.person(ANNA)
    hall = await found(anna, visibility="public", room_alias_name="hall")
    cellar = await found(anna, visibility="private")
    office = await found(anna)
    for token in (None, "x"):
        page = (await world.call("GET", "/_matrix/client/v3/publicRooms", token=token)).ok()
        assert [one["room_id"] for one in page["chunk"]] == [hall]
        summary = (await world.call("GET", "/_matrix/client/v1/room_summary/%23hall%3Aveche.test", token=token)).ok()
        assert (summary["room_id"], "membership" in summary) == (hall, False)
        for room in (cellar, office, "!nowhere:veche.test"):
            way = f"/_matrix/client/v1/room_summary/{room}"
            (await world.call("GET", way, token=token)).refused(404, "M_NOT_FOUND")
    (await world.call("POST", "/_matrix/client/v3/publicRooms", {})).refused(401, "M_MISSING_TOKEN")


async def test_pages_of_public_rooms(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    sizes: tuple[list[Person], ...] = ([], [boris], [boris, carla])
    rooms = [await found(anna, *members, visibility="public") for members in sizes][::-1]
    first = await listed(anna, limit=1)
    assert ([one["room_id"] for one in first["chunk"]], "prev_batch" in first) == (rooms[:1], False)
    rest = await listed(anna, {"limit": 2, "since": first["next_batch"]})
    assert ([one["room_id"] for one in rest["chunk"]], "next_batch" in rest) == (rooms[1:], False)
    again = await listed(anna, limit=2, since=rest["prev_batch"])
    assert ([one["room_id"] for one in again["chunk"]], "prev_batch" in again) == (rooms[:1], False)
    assert len((await listed(anna, limit=0))["chunk"]) == 1
    assert len((await listed(anna, {"limit": -1}))["chunk"]) == 1
    for wrong in ("x", "-1", "n", "n1", "n1x", "m1!a:x", "n1.5!a:x", "n٣!a:x", "n" + "9" * 5000 + "!a:x"):
        (await anna.get("/publicRooms", since=wrong)).refused(400, "M_INVALID_PARAM")
        (await anna.post("/publicRooms", {"since": wrong})).refused(400, "M_INVALID_PARAM")
    (await anna.post("/publicRooms", {"limit": "x"})).refused(400, "M_BAD_JSON")


async def test_searching_public_rooms(world: World) -> None:
    anna = await world.person(ANNA)
    space = await found(anna, visibility="public", name="Überblick", creation_content={"type": "m.space"})
    hall = await found(anna, visibility="public", topic="Шпроты und Ёлка", room_alias_name="lobby")
    for wish, expected in (
        ({}, [space, hall]),
        ({"filter": {}}, [space, hall]),
        ({"filter": None}, [space, hall]),
        ({"filter": {"generic_search_term": ""}}, [space, hall]),
        ({"filter": {"generic_search_term": "ÜBER"}}, [space]),
        ({"filter": {"generic_search_term": "шпроты"}}, [hall]),
        ({"filter": {"generic_search_term": "shproty"}}, [hall]),
        ({"filter": {"generic_search_term": "elka"}}, [hall]),
        ({"filter": {"generic_search_term": "ЕЛКА"}}, [hall]),
        ({"filter": {"generic_search_term": "uberblick"}}, [space]),
        ({"filter": {"generic_search_term": "#LOBBY"}}, [hall]),
        ({"filter": {"generic_search_term": "nothing"}}, []),
        ({"filter": {"generic_search_term": "u" + "\u0308" * 300}}, []),
        ({"filter": {"generic_search_term": "ü" * 100_000}}, []),
        ({"filter": {"room_types": ["m.space"]}}, [space]),
        ({"filter": {"room_types": [None]}}, [hall]),
        ({"filter": {"room_types": [None, "m.space"]}}, [space, hall]),
        ({"filter": {"room_types": []}}, []),
        ({"filter": {"room_types": ["m.space"], "generic_search_term": "lobby"}}, []),
        ({"include_all_networks": True, "third_party_instance_id": "x"}, [space, hall]),
    ):
        chunk = (await listed(anna, wish))["chunk"]
        assert {one["room_id"] for one in chunk} == set(expected), wish
    assert len((await anna.get("/publicRooms", server="veche.test")).ok()["chunk"]) == 2
    (await anna.get("/publicRooms", server="elsewhere.test")).refused(404, "M_NOT_FOUND")
    (await anna.call("POST", "/publicRooms", {}, server="elsewhere.test")).refused(404, "M_NOT_FOUND")


async def test_no_more_of_a_text_is_compared_than_a_list_shows(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = await world.person(ANNA)
    await found(anna, visibility="public", name="ü" * 2_000, topic="ж" * 2_000 + " шпроты")
    compared = Mock(side_effect=transliterated)
    monkeypatch.setattr(summaries, "transliterated", compared)
    monkeypatch.setattr(listing, "transliterated", compared)
    for term in ("шпроты", "ü" * 100_000):
        assert (await listed(anna, {"filter": {"generic_search_term": term}}))["chunk"] == []
    assert compared.call_count == 3  # the term, the name, the topic; the long term is not looked for at all
    assert all(len(call.args[0]) <= summaries.LONGEST_COMPARED for call in compared.call_args_list)


async def test_searching_people(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    (await boris.put(f"/profile/{boris.user}/displayname", {"displayname": "Борис Ёлкин"})).ok()
    (await boris.put(f"/profile/{boris.user}/avatar_url", {"avatar_url": "mxc://veche.test/b"})).ok()
    await found(anna, boris, carla)
    answer = (await anna.post("/user_directory/search", {"search_term": "ёлк"})).ok()
    shown = {"avatar_url": "mxc://veche.test/b", "display_name": "Борис Ёлкин", "user_id": boris.user}
    assert answer == {"limited": False, "results": [shown]}
    answer = (await anna.post("/user_directory/search", {"search_term": "CARLA"})).ok()
    assert answer == {"limited": False, "results": [{"user_id": carla.user}]}
    for limit in (1, 0, -1):
        answer = (await anna.post("/user_directory/search", {"search_term": "@", "limit": limit})).ok()
        assert (answer["limited"], [one["user_id"] for one in answer["results"]]) == (True, [boris.user])
    answer = (await anna.post("/user_directory/search", {"search_term": "@", "limit": 2**40})).ok()
    assert (answer["limited"], len(answer["results"])) == (False, 2)
    for term in ("@boris:elsewhere.test", "b" * 300):
        answer = (await anna.post("/user_directory/search", {"search_term": term})).ok()
        assert answer == {"limited": False, "results": []}
    (await anna.post("/user_directory/search", {})).refused(400, "M_MISSING_PARAM")
    (await anna.post("/user_directory/search", {"search_term": 7})).refused(400, "M_BAD_JSON")
