"""Pages of public rooms while rooms change."""

import random
from typing import Any

from tests.cast import ANNA, BORIS, CARLA
from tests.stage.people import Person
from tests.stage.rooms import come, found
from tests.stage.world import World


async def page(person: Person, **query: Any) -> dict[str, Any]:
    """A page of the public rooms."""
    return dict((await person.get("/publicRooms", **query)).ok())


def ids(page: dict[str, Any]) -> list[str]:
    """The rooms of a page."""
    return [one["room_id"] for one in page["chunk"]]


async def test_a_room_that_stays_as_it_is_is_shown_once_whatever_others_do(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    chance = random.Random(4)
    steady = [await found(anna, *([boris] * (at % 2)), visibility="public") for at in range(8)]
    busy = [await found(anna, visibility="public") for _ in range(4)]
    shown: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        found_page = await page(carla, **query)
        shown += ids(found_page)
        if "next_batch" not in found_page:
            break
        query["since"] = found_page["next_batch"]
        room = chance.choice(busy)
        visibility = chance.choice(("public", "private"))
        (await anna.put(f"/directory/list/room/{room}", {"visibility": visibility})).ok()
        await found(boris, visibility="public")
        if chance.random() < 0.5:
            joined = (await carla.get("/joined_rooms")).ok()["joined_rooms"]
            (await carla.post(f"/rooms/{room}/{'leave' if room in joined else 'join'}")).ok()
    assert sorted(room for room in shown if room in steady) == sorted(steady)


async def test_there_and_back_again(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    rooms = [await found(anna, visibility="public") for _ in range(5)]
    first = await page(anna, limit=2)
    second = await page(anna, limit=2, since=first["next_batch"])
    third = await page(anna, limit=2, since=second["next_batch"])
    assert sorted(ids(first) + ids(second) + ids(third)) == sorted(rooms)
    assert "next_batch" not in third
    assert ids(await page(anna, limit=2, since=third["prev_batch"])) == ids(second)
    assert ids(await page(anna, limit=2, since=second["prev_batch"])) == ids(first)
    assert ids(await page(anna, limit=9, since=third["prev_batch"])) == ids(first) + ids(second)
    for room in ids(third):
        (await anna.put(f"/directory/list/room/{room}", {"visibility": "private"})).ok()
    nothing = await page(anna, limit=2, since=second["next_batch"])
    assert (ids(nothing), "next_batch" in nothing) == ([], False)
    assert ids(await page(anna, limit=2, since=nothing["prev_batch"])) == ids(second)
    await come(anna, boris, first["chunk"][0]["room_id"])
    assert (await page(anna, limit=1))["chunk"][0]["num_joined_members"] == 2
