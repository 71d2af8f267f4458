"""Profiles at the door: reading, setting, removing, and what rooms see of it."""

from typing import Any

import pytest

from tests.stage.world import CLIENT_API, Person, World


async def put(person: Person, key: str, value: Any) -> None:
    (await person.put(f"/profile/{person.user}/{key}", {key: value})).ok()


async def test_people_of_this_server_see_profiles(world: World) -> None:
    anna, boris = await world.people("anna", "boris")
    assert (await boris.get(f"/profile/{anna.user}")).ok() == {}
    await put(anna, "displayname", "Анна")
    await put(anna, "m.tz", "Europe/Riga")
    await put(anna, "org.example.desk", {"floor": 3})
    whole = {"displayname": "Анна", "m.tz": "Europe/Riga", "org.example.desk": {"floor": 3}}
    assert (await boris.get(f"/profile/{anna.user}")).ok() == whole
    assert (await boris.get(f"/profile/{anna.user}/displayname")).ok() == {"displayname": "Анна"}
    (await boris.get(f"/profile/{anna.user}/avatar_url")).refused(404, "M_NOT_FOUND")
    for nobody in ("@nobody:veche.test", "nobody", "@a%00:b"):  # NUL may be refused before anybody is looked for
        assert (await boris.get(f"/profile/{nobody}")).status in (400, 404)


async def test_strangers_learn_nothing(world: World) -> None:
    await world.person("anna")
    seen = [await world.call("GET", f"{CLIENT_API}/profile/@{name}:veche.test") for name in ("anna", "nobody")]
    assert seen[0].bytes == seen[1].bytes
    seen[0].refused(403, "M_FORBIDDEN")


async def test_nobody_changes_other_peoples_profiles(world: World) -> None:
    anna, boris = await world.people("anna", "boris")
    (await boris.put(f"/profile/{anna.user}/displayname", {"displayname": "x"})).refused(403, "M_FORBIDDEN")
    (await boris.delete(f"/profile/{anna.user}/displayname")).refused(403, "M_FORBIDDEN")


@pytest.mark.parametrize(
    ("key", "body", "errcode"),
    [
        ("displayname", {}, "M_MISSING_PARAM"),
        ("displayname", {"name": "x"}, "M_MISSING_PARAM"),
        ("displayname", {"displayname": 5}, "M_BAD_JSON"),
        ("displayname", [], "M_BAD_JSON"),
        ("avatar_url", {"avatar_url": "javascript:alert(1)"}, "M_BAD_JSON"),
        ("a.b", {"a.b": 1.5}, "M_BAD_JSON"),
        ("nodots", {"nodots": 1}, "M_INVALID_PARAM"),
        ("a." + "b" * 254, {"a." + "b" * 254: 1}, "M_KEY_TOO_LARGE"),
        ("a.b", {"a.b": "x" * 65_536}, "M_PROFILE_TOO_LARGE"),
    ],
)
async def test_what_a_profile_cannot_hold(world: World, key: str, body: Any, errcode: str) -> None:
    anna = await world.person("anna")
    (await anna.put(f"/profile/{anna.user}/{key}", body)).refused(400, errcode)
    assert (await anna.get(f"/profile/{anna.user}")).ok() == {}


async def test_all_fields_together_stay_below_the_limit(world: World) -> None:
    anna = await world.person("anna")
    await put(anna, "a.one", "x" * 40_000)
    full = await anna.put(f"/profile/{anna.user}/a.two", {"a.two": "x" * 30_000})
    full.refused(400, "M_PROFILE_TOO_LARGE")
    await put(anna, "a.one", "small")
    await put(anna, "a.two", "x" * 30_000)


async def test_fields_can_be_taken_away(world: World) -> None:
    anna = await world.person("anna")
    await put(anna, "displayname", "Anna")
    await put(anna, "org.example.x", None)
    assert (await anna.get(f"/profile/{anna.user}")).ok() == {"displayname": "Anna", "org.example.x": None}
    await put(anna, "displayname", "")
    for _ in range(2):
        assert (await anna.delete(f"/profile/{anna.user}/org.example.x")).ok() == {}
    (await anna.delete(f"/profile/{anna.user}/nodots")).refused(400, "M_INVALID_PARAM")
    assert (await anna.get(f"/profile/{anna.user}")).ok() == {}


async def test_a_new_name_is_shown_in_joined_rooms(world: World) -> None:
    anna, boris = await world.people("anna", "boris")
    room = (await anna.post("/createRoom", {"preset": "public_chat"})).ok()["room_id"]
    (await boris.post(f"/join/{room}")).ok()
    left = (await anna.post("/createRoom", {})).ok()["room_id"]
    (await anna.post(f"/rooms/{left}/leave")).ok()
    since = (await boris.get("/sync")).ok()["next_batch"]

    await put(anna, "displayname", "Анна")
    await put(anna, "displayname", "Анна")
    news = (await boris.get("/sync", since=since)).ok()["rooms"]["join"][room]["timeline"]["events"]
    assert [event["content"] for event in news] == [{"membership": "join", "displayname": "Анна"}]
    await put(anna, "m.tz", "Europe/Riga")
    assert (await anna.get(f"/rooms/{room}/state/m.room.member/{anna.user}")).ok()["displayname"] == "Анна"
    (await anna.delete(f"/profile/{anna.user}/displayname")).ok()
    assert (await anna.get(f"/rooms/{room}/state/m.room.member/{anna.user}")).ok() == {"membership": "join"}
