"""Typing at the door: members see it, others neither see nor do it."""

import pytest

from tests.cast import ANNA, BORIS, CARLA
from tests.commands.conversation import conversation
from tests.stage.world import World


async def test_a_member_sees_typing_begin_and_end(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    talk = await conversation(world, anna, boris)
    since = {person.user: (await person.get("/sync")).ok()["next_batch"] for person in (anna, carla)}
    path = f"/rooms/{talk.room}/typing/{boris.user}"
    outsider = carla.begin("GET", "/sync", since=since[carla.user], timeout=200)
    for body, users in (({"typing": True, "timeout": 5_000}, [boris.user]), ({"typing": False}, [])):
        poll = anna.begin("GET", "/sync", since=since[anna.user], timeout=30_000)
        (await boris.put(path, body)).ok()
        found = (await poll.answer()).ok()
        events = found["rooms"]["join"][talk.room]["ephemeral"]["events"]
        assert events == [{"type": "m.typing", "content": {"user_ids": users}}]
        since[anna.user] = found["next_batch"]
    assert "rooms" not in (await outsider.answer()).ok()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "M_MISSING_PARAM"),
        ({"typing": "yes"}, "M_BAD_JSON"),
        ({"typing": True, "timeout": "long"}, "M_BAD_JSON"),
        ([], "M_BAD_JSON"),
    ],
)
async def test_malformed_typing_is_refused(world: World, body: object, code: str) -> None:
    anna = await world.person(ANNA)
    talk = await conversation(world, anna)
    (await anna.put(f"/rooms/{talk.room}/typing/{anna.user}", body)).refused(400, code)


async def test_typing_is_for_oneself_in_ones_rooms(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    talk = await conversation(world, anna)
    for person, user in ((boris, boris.user), (anna, boris.user)):
        path = f"/rooms/{talk.room}/typing/{user}"
        (await person.put(path, {"typing": True})).refused(403, "M_FORBIDDEN")
