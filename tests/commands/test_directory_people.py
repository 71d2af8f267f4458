"""Finding people: whom one may know of, who comes first, and what changes when people do."""

from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA, DMITRI, ELENA
from tests.stage.people import Person
from tests.stage.rooms import come, found, put_state
from tests.stage.world import World
from veche.commands import accounts
from veche.domain.sessions import OPERATOR
from veche.queries.directory import people as looking


async def search(person: Person, term: str, **more: Any) -> list[str]:
    """Search for people; return their localparts."""
    answer = (await person.post("/user_directory/search", {"search_term": term, **more})).ok()
    return [one["user_id"][1:].partition(":")[0] for one in answer["results"]]


async def name(person: Person, text: str) -> None:
    """Take another display name."""
    (await person.put(f"/profile/{person.user}/displayname", {"displayname": text})).ok()


async def test_people_are_found_where_one_could_meet_them(world: World) -> None:
    anna, boris, carla, dmitri, greta, hugo = await world.people(ANNA, BORIS, CARLA, DMITRI, "greta", "hugo")
    await found(anna, boris)
    await found(carla, preset="public_chat")
    opened = {"type": "m.room.history_visibility", "content": {"history_visibility": "world_readable"}}
    await found(dmitri, initial_state=[opened])
    knocked = {"type": "m.room.join_rules", "content": {"join_rule": "knock"}}
    closed = await found(greta, initial_state=[knocked], visibility="public", invite=[anna.user])
    assert await search(anna, "") == ["boris", "carla", "dmitri"]
    assert await search(hugo, "") == ["carla", "dmitri"]
    assert await search(anna, "greta") == await search(anna, "@greta:veche.test") == []
    (await anna.post(f"/rooms/{closed}/join")).ok()
    assert await search(anna, "greta") == ["greta"]
    (await anna.post(f"/rooms/{closed}/leave")).ok()
    assert await search(anna, "greta") == []


@pytest.mark.settings(people_directory="all")
async def test_everybody_is_found_where_the_directory_is_of_all(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    assert await search(anna, "") == ["boris", "carla"]
    assert await search(boris, "car") == ["carla"]
    answer = (await anna.post("/user_directory/search", {"search_term": "", "limit": 1})).ok()
    assert (answer["limited"], answer["results"]) == (True, [{"user_id": boris.user}])
    answer = (await anna.post("/user_directory/search", {"search_term": "carla", "limit": 1})).ok()
    assert (answer["limited"], answer["results"]) == (False, [{"user_id": carla.user}])


@pytest.mark.settings(people_directory="all")
async def test_of_all_are_meant_those_who_are_here(world: World) -> None:
    anna = await world.person(ANNA)
    user = await accounts.create_account(world.commands, OPERATOR, "Newcomer", "a fine long password", "user")
    assert await search(anna, "newcomer") == ["newcomer"]
    await accounts.deactivate_account(world.commands, OPERATOR, user, erases=False)
    assert await search(anna, "newcomer") == []
    await world.restart()
    assert await search(anna, "newcomer") == []


@pytest.mark.parametrize("search_term", ["Ivan", "Иван", "иван петров", "Петров Иван", "IVAN P"])
async def test_one_alphabet_finds_the_other(world: World, search_term: str) -> None:
    anna, boris, carla, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    await found(anna, boris, carla, dmitri)
    await name(boris, "Иван Петров")
    await name(carla, "Ivan Petrov")
    await name(dmitri, "Zoë Ёлкина")
    assert set(await search(anna, search_term)) == {"boris", "carla"}
    for term in ("zoe", "ZOË", "елк", "elkina", "Ёл"):
        assert await search(anna, term) == ["dmitri"]


async def test_the_closest_come_first(world: World) -> None:
    names = {"p1": "Ivan", "p2": "Petr Ivanov", "p3": "Iwanka", "ivanka": "Sasha", "p5": "Kirivan", "p6": "Nobody"}
    asker = await world.person(ANNA)
    room = await found(asker, preset="public_chat")
    for localpart, text in names.items():
        person = await world.person(localpart)
        await name(person, text)
        (await person.post(f"/rooms/{room}/join")).ok()
    assert await search(asker, "ivan") == ["p1", "p2", "p3", "ivanka", "p5"]
    answer = (await asker.post("/user_directory/search", {"search_term": "ivan", "limit": 2})).ok()
    assert answer["limited"] is True
    assert [one["display_name"] for one in answer["results"]] == ["Ivan", "Petr Ivanov"]


async def test_among_equals_those_come_first_with_whom_one_talks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "CLOSE_PEOPLE", 3)
    anna, boris, carla, dmitri, elena, greta = await world.people(ANNA, BORIS, CARLA, DMITRI, ELENA, "greta")
    for at, person in enumerate((boris, carla, dmitri, elena)):
        await name(person, f"Ivan {'DCBA'[at]}")
    await found(anna, boris, carla, dmitri, elena, greta)
    assert await search(anna, "ivan") == ["elena", "dmitri", "carla", "boris"]
    for _ in range(2):
        await found(anna, carla, greta)
    assert await search(anna, "ivan") == ["carla", "elena", "dmitri", "boris"]
    await found(anna, boris)
    assert await search(anna, "ivan") == ["boris", "carla", "elena", "dmitri"]
    assert await search(elena, "ivan") == ["dmitri", "carla", "boris"]
    (await anna.put(f"/profile/{greta.user}/displayname", {"displayname": "x"})).refused(403, "M_FORBIDDEN")
    assert (await search(anna, ""))[-1] == "dmitri"
    assert (await search(elena, ""))[-2:] == ["anna", "greta"], "whoever bears no name comes last"


async def test_a_new_name_is_found_at_once_and_after_a_restart(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await found(anna, boris)
    await name(boris, "Wanda")
    assert await search(anna, "wanda") == ["boris"]
    (await boris.put(f"/profile/{boris.user}/avatar_url", {"avatar_url": "mxc://veche.test/b"})).ok()
    await name(boris, "Viola")
    for _ in range(2):
        assert await search(anna, "wanda") == []
        shown = {"avatar_url": "mxc://veche.test/b", "display_name": "Viola", "user_id": boris.user}
        answer = (await anna.post("/user_directory/search", {"search_term": "viola"})).ok()
        assert answer == {"limited": False, "results": [shown]}
        await world.restart()
    (await boris.delete(f"/profile/{boris.user}/displayname")).ok()
    assert (await search(anna, "viola"), await search(anna, "boris")) == ([], ["boris"])
    await accounts.rename_person(world.commands, OPERATOR, boris.user, "Xaver")
    assert await search(anna, "xaver") == ["boris"]
    await accounts.rename_person(world.commands, OPERATOR, boris.user, "")
    assert await search(anna, "xaver") == []


async def test_whoever_closes_the_account_is_found_no_more_but_the_locked_are(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    user = await accounts.create_account(world.commands, OPERATOR, "Newcomer", "a fine long password", "user")
    newcomer = await world.device(user, "NEW")
    room = await found(anna, boris)
    await come(anna, newcomer, room)
    assert await search(anna, "newcomer") == ["newcomer"]
    elena = await world.person(ELENA, role="administrator")
    (await elena.put(f"/_matrix/client/v1/admin/lock/{user}", {"locked": True})).ok()
    assert await search(anna, "newcomer") == ["newcomer"]
    await accounts.deactivate_account(world.commands, OPERATOR, user, erases=False)
    assert await search(anna, "newcomer") == []
    await world.restart()
    assert await search(anna, "newcomer") == []
    assert await search(anna, "boris") == ["boris"]


async def test_the_ignored_are_found_as_one_may_want_to_end_that(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await found(anna, boris)
    ignored: dict[str, Any] = {"ignored_users": {boris.user: {}}}
    (await anna.put(f"/user/{anna.user}/account_data/m.ignored_user_list", ignored)).ok()
    assert await search(anna, "boris") == ["boris"]


async def test_no_more_are_examined_than_has_an_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "MOST_EXAMINED", 2)
    monkeypatch.setattr(looking, "EXAMINED_AT_ONCE", 1)
    anna, _, _, dmitri = await world.people(ANNA, BORIS, CARLA, DMITRI)
    await found(anna, dmitri)
    answer = (await anna.post("/user_directory/search", {"search_term": "@"})).ok()
    assert answer == {"limited": True, "results": [{"user_id": dmitri.user}]}, (
        "those one talks with are looked at first"
    )
    answer = (await dmitri.post("/user_directory/search", {"search_term": "carla"})).ok()
    assert answer == {"limited": False, "results": []}


async def test_what_was_open_and_is_closed_shows_nobody(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = await found(boris, preset="public_chat")
    assert await search(anna, "boris") == ["boris"]
    await put_state(boris, room, "m.room.join_rules", {"join_rule": "invite"})
    assert await search(anna, "boris") == []
